// Filters a list while typing. Without scripts the box stays hidden and the list is whole.
"use strict";
for (const box of document.querySelectorAll("[data-search]")) {
  const list = document.getElementById(box.dataset.search);
  const none = document.getElementById(`${box.dataset.search}-none`);
  const input = box.querySelector("input");
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const items = [...list.children].map((node) => [node, plain(node.dataset.text || node.textContent)]);
  box.hidden = false;
  input.addEventListener("input", () => {
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [node, text] of items) {
      node.hidden = !words.every((word) => text.includes(word));
      if (!node.hidden) shown += 1;
    }
    none.hidden = shown > 0;
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const first = items.find(([node]) => !node.hidden);
    if (first && input.value) first[0].querySelector("button, a").click();
  });
}

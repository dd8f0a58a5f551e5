// Adds a copy button to every element that asks for one with data-copy="label".
// Without scripts the values are plain text to select.
"use strict";
for (const source of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  const { label, done } = document.body.dataset.copyLabel
    ? { label: document.body.dataset.copyLabel, done: document.body.dataset.copyDone }
    : { label: "Copy", done: "Copied" };
  button.type = "button";
  button.className = "copy";
  button.textContent = label;
  button.setAttribute("aria-label", `${label}: ${source.dataset.copy}`);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
    } catch {
      // No clipboard on plain http: select the value, so that one key copies it.
      getSelection().selectAllChildren(source);
      return;
    }
    button.textContent = done;
    button.setAttribute("aria-live", "polite");
    setTimeout(() => { button.textContent = label; }, 2000);
  });
  source.after(button);
}

// Keeps the parts of the page marked data-refresh up to date, without closing what is open in
// them. Without scripts a link reloads the page.
"use strict";
const parts = document.querySelectorAll("[data-refresh]");
const every = Math.min(...[...parts].map((part) => Number(part.dataset.refresh))) * 1000;
async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of parts) {
        const fresh = page.getElementById(part.id);
        if (fresh && fresh.dataset.version !== part.dataset.version) {
          const open = new Set([...part.querySelectorAll("details[open]")].map((node) => node.id));
          part.replaceChildren(...fresh.childNodes);
          part.dataset.version = fresh.dataset.version;
          for (const node of part.querySelectorAll("details")) {
            if (open.has(node.id)) node.open = true;
          }
        }
      }
    } catch {
      // The server is restarting: try again at the next turn.
    }
  }
  setTimeout(refresh, every);
}
setTimeout(refresh, every);

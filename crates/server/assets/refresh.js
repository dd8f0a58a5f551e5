// Keeps the part of the page marked data-refresh up to date, without closing what is open in it.
// Without scripts a link reloads the page.
"use strict";
const live = document.querySelector("[data-refresh]");
const every = Number(live.dataset.refresh) * 1000;
async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-refresh]");
      if (fresh && fresh.dataset.version !== live.dataset.version) {
        const open = new Set([...live.querySelectorAll("details[open]")].map((node) => node.id));
        live.replaceChildren(...fresh.childNodes);
        live.dataset.version = fresh.dataset.version;
        for (const node of live.querySelectorAll("details")) {
          if (open.has(node.id)) node.open = true;
        }
      }
    } catch {
      // The server is restarting: try again at the next turn.
    }
  }
  setTimeout(refresh, every);
}
setTimeout(refresh, every);

// Sends the form of the posting page. Without scripts its button does.
// A page restored by the back button is left alone: the Response in it was already used.
"use strict";
window.addEventListener("pageshow", (event) => {
  const entry = performance.getEntriesByType("navigation")[0];
  if (event.persisted || (entry && entry.type === "back_forward")) return;
  const form = document.getElementById("post");
  if (form) form.submit();
});

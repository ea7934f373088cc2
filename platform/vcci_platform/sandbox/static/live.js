// Replaces what is in #live when it has changed, and keeps open what the reader has opened.
"use strict";
(() => {
  const live = document.getElementById("live");
  let last = null;
  async function refresh() {
    try {
      const answer = await fetch(live.dataset.live, { cache: "no-store" });
      if (!answer.ok) return;
      const text = await answer.text();
      if (text !== last) {
        const open = new Set([...live.querySelectorAll("details[open]")].map((each) => each.id));
        live.innerHTML = text;
        for (const each of live.querySelectorAll("details")) each.open = open.has(each.id);
        last = text;
      }
      document.body.classList.remove("stale");
    } catch {
      document.body.classList.add("stale"); // the sandbox has ended; what is shown is the last that was known
    }
  }
  setInterval(() => document.hidden || refresh(), 2000);
  refresh();
})();

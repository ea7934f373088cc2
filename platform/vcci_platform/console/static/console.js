// Keeps what a page shows fresh: parts marked data-live are replaced when they have changed, clocks go on between.
// Without it every page is complete; it is only older.
"use strict";
(() => {
  const every = Number(document.body.dataset.refresh) * 1000;
  const own = document.body.dataset.url || location.href;
  const unanswered = document.getElementById("no-answer");
  const signedOut = document.getElementById("signed-out");
  const steps = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

  function lasting(total) {
    let seconds = Math.round(Math.abs(total));
    const parts = [];
    for (const [unit, step] of steps) {
      const count = Math.floor(seconds / step);
      seconds -= count * step;
      if (count) parts.push(`${count} ${unit}`);
      else if (parts.length) break;
    }
    return parts.slice(0, 2).join(" ") || "0 s";
  }

  function tick() {
    for (const each of document.querySelectorAll("[data-at]")) {
      const passed = (Date.now() - Date.parse(each.dataset.at)) / 1000;
      each.textContent = Math.abs(passed) < 1 ? "just now" : passed > 0 ? `${lasting(passed)} ago` : `in ${lasting(passed)}`;
    }
  }

  // What a part says, apart from clocks that go on by themselves and what the reader has opened.
  function said(part) {
    const copy = part.cloneNode(true);
    for (const each of copy.querySelectorAll("[data-at]")) each.textContent = "";
    for (const each of copy.querySelectorAll("details")) each.open = false;
    return copy.outerHTML;
  }

  // Whether somebody has begun to write in a part: what they wrote is worth more than news.
  function written(part) {
    return [...part.querySelectorAll("input, textarea, select")].some((each) =>
      each.options
        ? [...each.options].some((one, place) => one.selected !== (one.defaultSelected || (place === 0 && !each.querySelector("[selected]"))))
        : each.value !== each.defaultValue);
  }

  function replace(old, fresh) {
    if (said(old) === said(fresh) || old.contains(document.activeElement) || written(old)) return;
    const open = new Set([...old.querySelectorAll("details[open]")].map((each) => each.id));
    for (const each of fresh.querySelectorAll("details")) each.open = open.has(each.id);
    const scrolled = [...old.querySelectorAll(".scroll")].map((each) => [each.scrollLeft, each.scrollTop]);
    old.replaceWith(fresh);
    fresh.querySelectorAll(".scroll").forEach((each, index) => {
      if (scrolled[index]) [each.scrollLeft, each.scrollTop] = scrolled[index];
    });
  }

  async function refresh() {
    try {
      const answer = await fetch(own, { cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      signedOut.hidden = page.querySelector(".entrance") === null; // who must sign in is shown where
      unanswered.hidden = true;
      if (!signedOut.hidden) return;
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      for (const old of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(old.id);
        if (fresh) replace(old, document.adoptNode(fresh));
      }
      document.title = page.title;
      if (page.body.dataset.refresh === undefined) delete document.body.dataset.refresh;
    } catch {
      unanswered.hidden = false;
    }
  }

  signedOut.querySelector("a").href = own;

  const menu = document.getElementById("elsewhere");
  document.addEventListener("click", (event) => menu.contains(event.target) || (menu.open = false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && (menu.open = false));
  setInterval(tick, 1000);
  document.addEventListener("vcci:refresh", refresh);

  // Where events tell of news, asking by the clock is only a safeguard.
  let asked = 0;
  const due = () => Date.now() - asked >= (document.body.dataset.live ? 10 * every : every) - 100;
  const ask = () => {
    if (document.hidden || document.body.dataset.refresh === undefined || !due()) return;
    asked = Date.now();
    refresh();
  };
  if (every) setInterval(ask, every);
})();

// Incidents as they happen, and by keyboard. Without it the pages are complete; they are only older, and need a mouse.
"use strict";
(() => {
  const { events } = document.body.dataset;
  const list = document.querySelector("table.list") !== null;
  const writes = (each) => each instanceof Element && each.closest("input, textarea, select, [contenteditable]") !== null;

  // --- as it happens: each event asks for the page anew, since the server alone knows how things are shown ----------
  if (events && window.EventSource) {
    const source = new EventSource(events);
    let waits = 0;
    const fresh = () => {
      clearTimeout(waits);
      waits = setTimeout(() => document.dispatchEvent(new Event("vcci:refresh")), 150);
    };
    source.addEventListener("open", () => (document.body.dataset.live = "yes"));
    source.addEventListener("error", () => delete document.body.dataset.live);
    source.addEventListener("line", fresh);
    source.addEventListener("changed", fresh);
    source.addEventListener("gone", () => {
      source.close();
      delete document.body.dataset.live;
      fresh();
    });
    addEventListener("pagehide", () => source.close());
  }

  // --- by keyboard ----------------------------------------------------------------------------------------------------
  function rows() {
    return [...document.querySelectorAll("[data-row] th a")];
  }

  function step(by) {
    const links = rows();
    const at = links.indexOf(document.activeElement);
    const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1)];
    if (next) next.focus();
  }

  // Keys lead to a button and never press it: nobody acknowledges by leaning on a keyboard.
  function reach(selector) {
    const found = document.querySelector(selector);
    if (!found) return;
    const folded = found.closest("details");
    if (folded) folded.open = true;
    const name = found.form && found.form.querySelector("input[name=by]");
    (name && !name.value ? name : found).focus();
    found.scrollIntoView({ block: "center" });
  }

  const keys = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => reach("#filter-text"),
    a: () => reach("button[value=acknowledge]"),
    i: () => reach("button[value=investigate]"),
    u: () => reach("#update-status"),
    n: () => reach("#note-text"),
    "?": () => document.getElementById("keys").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || writes(event.target) || document.querySelector("dialog[open]")) return;
    const act = keys[event.key];
    if (!act || ((event.key === "j" || event.key === "k") && !list)) return;
    event.preventDefault();
    act();
  });
})();

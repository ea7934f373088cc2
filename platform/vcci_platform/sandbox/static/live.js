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
  const said = document.getElementById("said");
  async function ask(method, path, body) {
    const headers = body ? { "Content-Type": "application/json" } : {};
    const answer = await fetch(path, { method, headers, body });
    const problem = answer.ok ? null : await answer.json().catch(() => null);
    const errors = (problem && problem.errors ? problem.errors : []).map((each) => each.message || each.detail || "");
    if (said) said.textContent = answer.ok ? "" : [problem && problem.detail, ...errors].filter(Boolean).join(" ") || `answered ${answer.status}`;
    await refresh();
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-put], [data-delete]");
    if (button) ask(button.dataset.put ? "PUT" : "DELETE", button.dataset.put || button.dataset.delete);
  });
  const form = document.getElementById("fault");
  if (form) {
    const only = () => {
      const target = form.elements.target.value;
      for (const option of form.elements.kind.options) option.hidden = Boolean(option.dataset.target) && option.dataset.target !== target;
      if (form.elements.kind.selectedOptions[0].hidden) form.elements.kind.value = "";
      for (const option of form.elements.effect.options) {
        const answers = target === "webhook" && option.value.startsWith("status:");
        option.hidden = answers || (Boolean(option.dataset.for) && option.dataset.for !== target);
      }
      if (form.elements.effect.selectedOptions[0].hidden) form.elements.effect.value = "drop:before";
    };
    form.elements.target.addEventListener("change", only);
    only();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const [effect, value] = form.elements.effect.value.split(":");
      const fault = { target: form.elements.target.value, count: Number(form.elements.count.value) };
      if (form.elements.kind.value) fault.kind = form.elements.kind.value;
      fault[effect] = /^\d+$/.test(value) ? Number(value) : value;
      ask("PUT", "/sandbox/faults", JSON.stringify(fault));
    });
  }
  setInterval(() => document.hidden || refresh(), 2000);
  refresh();
})();

"""The page of one component: what it is, what it needs, how it runs, what is watched on it."""

from __future__ import annotations

from vcci_runbooks_site import first_steps, people
from vcci_runbooks_site.content import Article
from vcci_runbooks_site.facts import namespace, priorities_of, slo_priorities, team_words, unfilled
from vcci_runbooks_site.markdown import badge, code, escape, link, page, sentence, shortened, table
from vcci_slo.plan import Component, EventsSignal, Plan, QuerySignal, Runs, Signal, Slo, ValueSignal
from vcci_slo.promql.durations import words
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import selector

__all__ = ["component_page"]

_KINDS = {
    "http": "It answers HTTP requests.",
    "celery": "It works off jobs from queues.",
    "postgresql": "It is a PostgreSQL database.",
    "redis": "It is a Redis cache.",
    "rabbitmq": "It is a RabbitMQ broker.",
    "kubernetes": "These are the pods of the cluster.",
    "node": "These are the machines.",
    "certificates": "These are the certificates that clients trust.",
}
GIBIBYTE = 1024**3


def component_page(plan: Plan, component: Component, article: Article | None) -> str:
    """Return the page of a component."""
    signals = [_signal(signal) for signal in component.signals]
    parts = [
        people.banner(plan),
        f"# {escape(component.title)}",
        article.body if article else _KINDS.get(component.kind, f"A component of the kind {escape(component.kind)}."),
        "## At a glance { #glance }",
        table(("", ""), _glance(plan, component)),
        "## Promises and alerts { #promises }",
        _watched(plan, component) or "No promise is made on it and no alert watches it.",
        *([] if article else ["## First steps { #first-steps }", _first(plan, component)]),
        "## Signals { #signals }" if signals else "",
        table(("Signal", "What it measures", "Where"), signals),
    ]
    sources = [plan.source, *([f"content/{article.path}"] if article else [])]
    return page(title=component.title, sources=sources, tags=(component.title, component.team), parts=parts)


def _first(plan: Plan, component: Component) -> str:
    steps = first_steps.is_it_real(plan, component, "up")
    if not plan.links.prometheus or not component.selector:
        return steps
    return first_steps.is_it_real(plan, component, selector("up", component.selector))


def _glance(plan: Plan, component: Component) -> list[tuple[str, str]]:
    needed_by = plan.needed_by(component.name)
    rows = [
        ("Name", f"{code(component.name)}, of the kind {escape(component.kind)}"),
        ("Owner", team_words(plan, component.team)),
        ("System", f"{code(component.system)}: {_together(plan, component)}"),
        ("Needs", _links(plan, component.needs)),
        ("Needed by", _links(plan, tuple(other.name for other in needed_by))),
        ("Runs", _runs(plan, component.runs) if component.runs else ""),
        ("Queues", ", ".join(code(queue) for queue in component.queues)),
        ("Probe", _probe(component)),
        ("Scraped at", _scraped(component)),
        ("Status page", ", ".join(escape(name) for name in plan.status_page.shown_by(component.name)))
        if plan.status_page
        else ("", ""),
    ]
    return [(f"**{name}**", text) for name, text in rows if text]


def _together(plan: Plan, component: Component) -> str:
    others = [other.title for other in plan.in_system(component.system) if other.name != component.name]
    if not others:
        return "its faults are an incident of their own"
    return f"its faults become one incident with those of {escape(', '.join(shortened(others)))}"


def _links(plan: Plan, names: tuple[str, ...]) -> str:
    return ", ".join(shortened([link(escape(plan.component(name).title), f"{name}.md") for name in names]))


def _runs(plan: Plan, runs: Runs) -> str:
    low, high = runs.replicas
    parts = [f"deployment {code(runs.deployment)}"]
    if namespace(plan):
        parts.append(f"namespace {code(namespace(plan))}")
    parts.append(f"{low} to {high} replicas" if low != high else f"{low} replica{'s' if low != 1 else ''}")
    if runs.cpu:
        parts.append(f"{number(runs.cpu[0])} to {number(runs.cpu[1])} CPU")
    if runs.memory_bytes:
        parts.append(
            f"{number(runs.memory_bytes[0] / GIBIBYTE)} to {number(runs.memory_bytes[1] / GIBIBYTE)} GiB of memory"
        )
    return ", ".join(parts)


def _probe(component: Component) -> str:
    probe = component.probe
    if probe is None:
        return ""
    places = f"from {probe.places} places" if probe.places > 1 else "from one place"
    fails = ", ".join(f"{badge(priority)} after {words(after)}" for priority, after in probe.fails_for)
    return f"{code(probe.url)}, {places}; fails in {words(probe.timeout)}" + (f"; {fails}" if fails else "")


def _scraped(component: Component) -> str:
    if component.scrape is None:
        return ""
    return ", ".join(
        code(f"{component.scrape.scheme}://{target}{component.scrape.path}") for target in component.scrape.targets
    )


def _watched(plan: Plan, component: Component) -> str:
    promises: dict[str, list[Slo]] = {}
    for slo in plan.slos_of(component.name):
        promises.setdefault(slo.declared, []).append(slo)
    rows = [
        [
            link(escape(name), f"../{parts[0].runbook}.md"),
            " ".join(badge(priority) for priority in slo_priorities(parts[0])),
            "<br>".join(shortened([escape(sentence(slo.words)) for slo in parts])),
        ]
        for name, parts in promises.items()
    ]
    rows += [
        [
            link(escape(alert.name), f"../{alert.runbook}.md"),
            " ".join(badge(priority) for priority in priorities_of(alert)),
            sentence(unfilled(alert.summary)),
        ]
        for alert in plan.alerts_of(component.name)
    ]
    return table(("Page", "Severity", "What it says"), rows)


def _signal(signal: Signal) -> list[str]:
    match signal:
        case EventsSignal():
            where = selector(signal.events, (*signal.selector, *signal.where))
            bad = f"; bad: {', '.join(code(str(matcher)) for matcher in signal.bad)}" if signal.bad else ""
            return [code(signal.ref), escape(signal.title) + bad, code(where)]
        case QuerySignal():
            of = f" of {code(signal.valid)}" if signal.valid else ""
            return [code(signal.ref), escape(signal.title), code(signal.bad) + of]
        case ValueSignal():
            return [code(signal.ref), escape(signal.title), code(signal.series)]

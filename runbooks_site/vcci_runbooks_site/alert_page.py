"""The page of one alert: what the rule says and what people wrote, in the order in which they are needed."""

from __future__ import annotations

from vcci_runbooks_site import first_steps, people
from vcci_runbooks_site.content import Guide
from vcci_runbooks_site.facts import keep_firing, limit_sentence, missing_sentence, priorities_of, routing, unfilled
from vcci_runbooks_site.markdown import badge, code, escape, fence, link, listed, page, sentence, shortened, table
from vcci_runbooks_site.names import component_page
from vcci_slo.plan import Alert, Component, Limit, Plan, ProbeDown, Value
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.promql.measures import condition, vanished

__all__ = ["alert_page", "relatives"]


def alert_page(plan: Plan, alert: Alert, guide: Guide | None, procedures: frozenset[str]) -> str:
    """Return the page of an alert; without a guide its steps are those that are true of every component."""
    component = plan.component(alert.component)
    priorities = priorities_of(alert)
    worst = max(alert.limits, key=lambda limit: -int(limit.priority[1]))
    names = [alert.name, *([f"{alert.name}NoData"] if alert.missing else [])]
    reviewed = guide.reviewed.isoformat() if guide else "never: nobody has written steps for it yet"
    parts = [
        people.banner(plan),
        f"# {escape(alert.name)} {' '.join(badge(priority) for priority in priorities)}",
        people.card(
            plan,
            people.Card(
                broke=guide.broke if guide else sentence(unfilled(alert.summary)),
                severity=_severities(plan, alert),
                team=alert.team,
                fastest=guide.fastest if guide else first_steps.fastest(component),
                priorities=priorities,
                component=component,
                reviewed=reviewed,
            ),
        ),
        people.buttons(
            plan,
            component,
            dashboard=alert.dashboard_url,
            expression=condition(alert, worst),
            alerts=names,
        ),
        "## What it means { #meaning }",
        guide.meaning if guide else _meaning(plan, alert),
        "## Is it real? { #is-it-real }",
        guide.real if guide else first_steps.is_it_real(plan, component, condition(alert, worst)),
        "## How bad is it? { #impact }",
        guide.impact if guide else _impact(plan, component),
        _threatened(plan, component),
        "## Stop it { #mitigation }",
        guide.mitigation if guide else first_steps.stop_it(plan, component),
        "## Tell people { #tell }",
        people.tell(plan, priorities, component, procedures),
        "## Find out why { #diagnosis }",
        guide.diagnosis if guide else first_steps.causes(plan, component),
        "## The rule { #rule }",
        _rule(plan, alert),
        _missing(plan, alert),
        "## Related { #related }",
        _related(plan, alert),
        "## Afterwards { #afterwards }",
        people.afterwards(plan, priorities, procedures),
    ]
    sources = [plan.source, *([f"content/{guide.path}"] if guide else [])]
    return page(title=alert.name, sources=sources, tags=(*priorities, component.title, alert.team), parts=parts)


def _severities(plan: Plan, alert: Alert) -> list[str]:
    found = [f"{badge(limit.priority)} when {limit_sentence(plan, alert, limit)}" for limit in _worst_first(alert)]
    if alert.because:
        found.append(f"because: {escape(alert.because)}")
    if alert.pages_because and any(plan.severity(limit.priority).page for limit in alert.limits):
        found.append(f"it rings because {escape(alert.pages_because)}")
    return found


def _worst_first(alert: Alert) -> list[Limit]:
    return sorted(alert.limits, key=lambda limit: limit.priority)


def _meaning(plan: Plan, alert: Alert) -> str:
    first = _worst_first(alert)[0]
    said = "" if alert.description == alert.summary else f"{sentence(unfilled(alert.description))} "
    return f"{said}{sentence(unfilled(alert.summary))} It fires when {limit_sentence(plan, alert, first)}."


def _impact(plan: Plan, component: Component) -> str:
    means = [
        f"{badge(severity.priority)} {escape(severity.means)}."
        for severity in plan.severities
        if severity.priority < "P3"
    ]
    return f"Judge it by what users of {escape(component.title)} see:\n\n{listed(means)}"


def _threatened(plan: Plan, component: Component) -> str:
    """Return the promises that the component carries, and what stands on it."""
    promises: dict[str, str] = {slo.declared: slo.runbook for slo in plan.slos_of(component.name)}
    needed_by = plan.needed_by(component.name)
    lines: list[str] = []
    if promises:
        shown = ", ".join(shortened([link(escape(name), f"{slug}.md") for name, slug in promises.items()]))
        lines.append(f"Promises that it spends: {shown}.")
    if needed_by:
        shown = ", ".join(shortened([link(escape(other.title), component_page(other.name)) for other in needed_by]))
        lines.append(f"What needs {escape(component.title)}: {shown}.")
    return listed(lines)


def _rule(plan: Plan, alert: Alert) -> str:
    blocks: list[str] = []
    for limit in _worst_first(alert):
        blocks += [
            f"### {badge(limit.priority)} {_threshold(limit)} {{ #rule-{limit.priority.lower()} }}",
            sentence(f"fires when {limit_sentence(plan, alert, limit)}"),
            fence("promql", condition(alert, limit)),
            _figures(plan, alert, limit),
        ]
    return "\n\n".join(blocks)


def _threshold(limit: Limit) -> str:
    lasts = f" for {words(limit.lasts)}" if limit.lasts else ""
    return (
        f"{limit.side} {escape(limit.words)}{lasts}" if limit.words[:1].isdigit() else f"{escape(limit.words)}{lasts}"
    )


def _figures(plan: Plan, alert: Alert, limit: Limit) -> str:
    labels = {
        "severity": plan.severity(limit.priority).alertmanager,
        "priority": limit.priority,
        "team": alert.team,
        "component": alert.component,
        "system": alert.system,
    }
    waits = f"{code(promql_duration(limit.lasts))}: {words(limit.lasts)}" if limit.lasts else "at once"
    return table(
        ("", ""),
        [
            ("for", f"{waits}, asked every {words(plan.evaluate_every)}"),
            ("keeps firing", keep_firing(limit)),
            ("labels", " ".join(code(f"{name}={value}") for name, value in labels.items())),
            ("tells", routing(plan, limit.priority)),
            ("held back by", _held_back(alert, limit)),
        ],
    )


def _held_back(alert: Alert, limit: Limit) -> str:
    """Return what makes this rule superfluous, so that it does not ring beside it."""
    if limit.priority == "P0":
        return "nothing: it rings at once"
    higher = [other.priority for other in _worst_first(alert) if "P0" < other.priority < limit.priority]
    same = f", and this alert at {' or '.join(higher)}" if higher else ""
    return f"a P0 of the system {code(alert.system)}{same}"


def _missing(plan: Plan, alert: Alert) -> str:
    if not alert.missing:
        return ""
    blocks = [
        "### No data { #no-data }",
        *(
            missing_sentence(f"{alert.name}NoData", silence)
            for silence in sorted(alert.missing, key=lambda s: s.priority)
        ),
        fence("promql", vanished(alert)),
        "Look for the exporter or its discovery first: `up` of that job, then its pod.",
    ]
    return "\n\n".join(blocks)


def relatives(plan: Plan, alert: Alert) -> tuple[Alert, ...]:
    """Return the alerts that tend to fire together: of this component, of what it needs, and of what needs it."""
    here = plan.component(alert.component)
    near = (here.name, *here.needs, *(other.name for other in plan.needed_by(here.name)))
    return tuple(other for other in plan.alerts_of(*near) if other.name != alert.name)


def _related(plan: Plan, alert: Alert) -> str:
    lines = shortened(
        [
            f"{link(escape(other.name), f'{other.runbook}.md')}: {unfilled(other.summary)}"
            for other in relatives(plan, alert)
        ]
    )
    same = [component.title for component in plan.in_system(alert.system)]
    if len(same) > 1:
        lines.append(
            f"One incident: alerts of {', '.join(shortened([escape(title) for title in same]))} belong to the system "
            f"{code(alert.system)} and become one."
        )
    lines.append(_measured(plan, alert))
    return listed(lines)


def _measured(plan: Plan, alert: Alert) -> str:
    component = plan.component(alert.component)
    shown = link(escape(component.title), component_page(component.name))
    match alert.measure:
        case ProbeDown():
            return f"Measured from outside the process of {shown}."
        case Value(signal, _, _) if signal.record:
            return f"Measured on {shown}; {code(signal.record)} is recorded by a rule, no exporter has it."
        case _:
            return f"Measured on {shown}."

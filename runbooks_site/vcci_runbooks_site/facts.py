"""What the plan says, in sentences: thresholds, windows, clocks, who is told, what the public is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from vcci_runbooks_site.markdown import TIMES, badge, code, escape, sentence
from vcci_slo import burn
from vcci_slo.hours import hours_of
from vcci_slo.plan import (
    Alert,
    BadRatio,
    BurnTier,
    Component,
    Limit,
    Measure,
    NoData,
    Plan,
    ProbeDown,
    Quantile,
    Severity,
    Slo,
    Value,
)
from vcci_slo.promql.durations import words
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import equalities
from vcci_slo.resolve.findings import Pace

__all__ = [
    "clock",
    "current_window",
    "evidence",
    "keep_firing",
    "limit_sentence",
    "measure_words",
    "missing_sentence",
    "namespace",
    "percent",
    "priorities_of",
    "roles",
    "routing",
    "slo_priorities",
    "status_page",
    "team_words",
    "tier_sentence",
    "unfilled",
]

LONGEST_ABBREVIATION = 3
"""A role of at most so many letters is written as the CTO is."""

_PUBLIC = {
    "at-once": "update it at once",
    "optional": "if it helps anybody",
}


def percent(ratio: float) -> str:
    """Return a ratio as people say it.

    >>> percent(0.0144)
    '1.44 %'
    """
    return f"{number(ratio * 100)} %"


def unfilled(summary: str) -> str:
    """Return a summary whose values only an alert can know, as italics in their places.

    >>> unfilled("{value} of API requests fail")
    '*value* of API requests fail'
    """
    return escape(summary).replace("\\{", "*").replace("\\}", "*")


def namespace(plan: Plan) -> str:
    """Return the namespace that every selector carries, or nothing."""
    return equalities(plan.selector).get("namespace", "")


def current_window(plan: Plan) -> timedelta:
    """Return the window of what is called "now"."""
    return Pace(plan.time_scale).of(burn.TIERS[0].short)


def team_words(plan: Plan, team: str) -> str:
    """Return a team with its channel."""
    channel = dict(plan.teams).get(team, "")
    return f"{escape(team)}, {escape(channel)}" if channel else escape(team)


def roles(who: Iterable[str]) -> str:
    """Return roles as words: the line of a rota is who is on call.

    >>> roles(["platform.secondary", "engineering-manager"])
    'the secondary on call of platform and the engineering manager'
    """
    found: list[str] = []
    for role in who:
        rota, _, line = role.partition(".")
        name = role.upper() if len(role) <= LONGEST_ABBREVIATION else role.replace("-", " ")
        found.append(f"the {line} on call of {rota}" if line else f"the {name}")
    return " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)


# --- conditions ------------------------------------------------------------------------------------------------------


def measure_words(measure: Measure, plan: Plan) -> str:
    """Return what an alert looks at."""
    match measure:
        case BadRatio(signal, over):
            return f"the share of {escape(signal.title)} that fail, over {words(over)}"
        case Quantile(signal, quantile, over):
            return f"the time that {percent(quantile)} of {escape(signal.title)} need at most, over {words(over)}"
        case Value(signal, None, _):
            return escape(signal.title) + _split(signal.by)
        case Value(signal, over, _):
            assert over is not None  # noqa: S101 - the case above takes None
            return f"the share of the last {words(over)} with {escape(signal.title)}{_split(signal.by)}"
        case ProbeDown(component, _):
            probe = plan.component(component).probe
            where = f" of {code(probe.url)}" if probe else ""
            return f"the best answer that any place gets from the probe{where}"


def _split(labels: tuple[str, ...]) -> str:
    return f", for each {escape(' and '.join(labels))}" if labels else ""


def limit_sentence(plan: Plan, alert: Alert, limit: Limit) -> str:
    """Return one threshold in words."""
    lasts = f" for {words(limit.lasts)}" if limit.lasts else ""
    if isinstance(alert.measure, ProbeDown):
        return f"every probe from outside fails{lasts}"
    if isinstance(alert.measure, Value) and alert.unit == "boolean" and alert.measure.share_over is None:
        signal = alert.measure.signal
        where = f" on any {escape(' and '.join(signal.by))}" if signal.by else ""
        return f'"{escape(signal.title)}" is {"false" if limit.side == "below" else "true"}{where}{lasts}'
    enough = evidence(alert)
    return f"{measure_words(alert.measure, plan)}, is {limit.side} {escape(limit.words)}{lasts}{enough}"


def evidence(alert: Alert) -> str:
    """Return the floor of evidence in words."""
    if not alert.min_events:
        return ""
    match alert.measure:
        case BadRatio(_, over):
            return f", with at least {alert.min_events} failures in {words(over)}"
        case Quantile(signal, _, over):
            return f", with at least {alert.min_events} {escape(signal.title)} in {words(over)}"
        case _:
            return ""


def keep_firing(limit: Limit) -> str:
    """Return how long an alert outlasts its condition, and why."""
    if not limit.keep_firing_for:
        return "It ends with its condition."
    lasting = f"It keeps firing for {words(limit.keep_firing_for)} after its last sign"
    if limit.priority == "P0":
        return f"{lasting}, so that a burn alert of the same fault does not ring again once the fault is over."
    return f"{lasting}, so that one which comes and goes rings once, and the desk hears of it before it ends."


def missing_sentence(alert: str, silence: NoData) -> str:
    """Return what it means that the data of an alert vanished."""
    return (
        f"{badge(silence.priority)} {code(alert)}: what it looks at has been gone for {words(silence.after)}. "
        "Nobody knows whether all is well; gone data resolves nothing."
    )


def tier_sentence(tier: BurnTier, window: timedelta) -> str:
    """Return what a tier's burn rate means for the budget.

    The factor is the tier's share of the budget, spent in its long window instead of evenly.
    """
    return (
        f"{number(tier.factor)}{TIMES} = {percent(tier.share)} of the {_adjective(window)} budget in "
        f"{words(tier.long)}; all of it in {words(tier.exhausts_in)}"
    )


def _adjective(window: timedelta) -> str:
    """Return a window before a noun: 30-day."""
    parts = words(window).split()
    return f"{parts[0]}-{parts[1].removesuffix('s')}" if len(parts) == 2 else words(window)


def priorities_of(alert: Alert) -> tuple[str, ...]:
    """Return the severities that an alert can have, the worst first."""
    return tuple(sorted({limit.priority for limit in alert.limits} | {gone.priority for gone in alert.missing}))


def slo_priorities(slo: Slo) -> tuple[str, ...]:
    """Return the severities that a promise's alerts can have, the worst first."""
    return tuple(sorted({tier.priority for tier in slo.tiers} | {slo.no_data.priority}))


# --- people ----------------------------------------------------------------------------------------------------------


def clock(plan: Plan, priority: str) -> str:
    """Return the deadlines and the escalation of a severity, in the order in which they come."""
    severity = plan.severity(priority)
    parts = [", ".join(_deadlines(severity))]
    unacknowledged = plan.escalation.steps(priority, "unacknowledged")
    unresolved = plan.escalation.steps(priority, "unresolved")
    for state, steps in (("Not acknowledged", unacknowledged), ("Not resolved", unresolved)):
        if steps:
            parts.append(f"{state}: {', '.join(f'level {level} after {words(after)}' for after, level in steps)}")
    if (hours := hours_of(plan, severity)) is not None:
        parts.append(f"outside {escape(str(hours))} these clocks stand still")
    return " ".join(sentence(part) for part in parts if part) or "Nothing is owed."


def _deadlines(severity: Severity) -> list[str]:
    parts: list[str] = []
    if severity.acknowledge is not None:
        parts.append(f"acknowledge in {words(severity.acknowledge)}")
    if severity.respond is None:
        parts.append("respond on the next business day")
    elif not severity.respond:
        parts.append("respond immediately")
    elif severity.respond != severity.acknowledge:
        parts.append(f"respond in {words(severity.respond)}")
    if severity.assess is not None:
        parts.append(f"assess in {words(severity.assess)}")
    if severity.update is not None:
        parts.append(f"say something every {words(severity.update)}")
    return parts


def status_page(plan: Plan, priority: str, component: Component) -> str:
    """Return what the public is told at a severity, and who decides it."""
    severity, public = plan.severity(priority), plan.status_page
    rule = _PUBLIC.get(severity.status_page, "")
    if severity.status_page == "users-above":
        rule = f"if more than {percent(severity.users_above or 0)} of users are affected"
    if severity.status_page == "never":
        return ""
    if public is None:
        return "there is no status page" if severity.status_page == "at-once" else ""
    shows = dict(public.shows).get(severity.priority, "")
    names = public.shown_by(component.name)
    if not shows:
        return rule
    where = f" on {' and '.join(escape(name) for name in names)}" if names else ", without a component"
    approves = dict(public.approve).get(severity.priority, "commander")
    how = "the desk does it by itself" if approves == "auto" else f"the {escape(approves)} approves it at the desk"
    return f"{rule}: {code(shows)}{where}; {how}"


def routing(plan: Plan, priority: str) -> str:
    """Return who is told by a severity, in what way, and when."""
    severity = plan.severity(priority)
    told: list[str] = []
    match severity.notify.pagerduty:
        case "high":
            told.append("PagerDuty rings whoever is on call, day and night")
        case "low":
            told.append("PagerDuty notes it without ringing")
        case None:
            told.append("nobody is rung")
    if severity.notify.slack:
        told.append(f"Slack {escape(severity.notify.slack)}")
    if severity.notify.during:
        named = plan.calendar.time(severity.notify.during)
        told.append(f"only in {escape(named.name)} time ({escape(named.text)}, {escape(plan.calendar.timezone)})")
    if severity.page and priority != "P0":
        told.append(f"after waiting {words(plan.page_wait)} for a P0 of the same system, so that one fault rings once")
    return "; ".join(told)

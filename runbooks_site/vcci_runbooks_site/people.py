"""The parts that every page shares: the card on top, the buttons, whom to tell, what comes afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vcci_runbooks_site import links
from vcci_runbooks_site.facts import clock, roles, routing, status_page, team_words
from vcci_runbooks_site.markdown import badge, button, code, escape, link, listed, table
from vcci_runbooks_site.names import RUN_AN_INCIDENT
from vcci_slo.places import logs_at
from vcci_slo.plan import Component, Plan
from vcci_slo.promql.durations import words

__all__ = ["Card", "afterwards", "banner", "buttons", "card", "tell"]

WHO = "[Who is that?](escalation.md#levels)"
PROCEDURE_STATUS_PAGE = "procedures/status-page.md"
PROCEDURE_REVIEW = "procedures/incident-review.md"
PROCEDURE_INCIDENT = f"{RUN_AN_INCIDENT}.md"


@dataclass(frozen=True)
class Card:
    """What fits on one screen; every text is Markdown."""

    broke: str
    severity: Sequence[str]
    team: str
    fastest: str
    priorities: tuple[str, ...]
    component: Component
    reviewed: str


def banner(plan: Plan) -> str:
    """Return the warning that clocks run fast, or nothing."""
    if plan.time_scale == 1:
        return ""
    return (
        f'!!! warning "Demonstration: clocks run {plan.time_scale:g} times faster"\n\n'
        "    Every window, deadline and timer on this page is shortened by that; thresholds are real."
    )


def card(plan: Plan, content: Card) -> str:
    """Return the card: what broke, how bad, whose, the fastest way to stop it, the clock, what the public is told."""
    paging = [priority for priority in content.priorities if plan.severity(priority).page]
    clocks = paging or list(content.priorities)[:1]
    who = f" {WHO}" if plan.escalation.levels else ""
    rows = [
        ("What broke", content.broke),
        ("Severity", "<br>".join(content.severity)),
        ("Fastest safe help", content.fastest),
        ("Clock", "<br>".join(f"{badge(priority)} {clock(plan, priority)}" for priority in clocks) + who),
        ("Status page", _public(plan, content)),
        ("Owner", f"{team_words(plan, content.team)}; {link('component', _component(content))}"),
        ("Last reviewed", content.reviewed),
    ]
    lines = table(("", ""), [(f"**{name}**", text) for name, text in rows if text])
    return f'<div class="vcci-card vcci-{content.priorities[0].lower()}" markdown>\n\n{lines}\n\n</div>'


def _component(content: Card) -> str:
    return f"components/{content.component.name}.md"


def _public(plan: Plan, content: Card) -> str:
    told: list[str] = []
    for priority in content.priorities:
        rule = status_page(plan, priority, content.component)
        if rule:
            told.append(f"{badge(priority)} {rule}")
    return "<br>".join(told)


def buttons(
    plan: Plan, component: Component, *, dashboard: str, expression: str, alerts: Sequence[str], url: str = ""
) -> str:
    """Return the buttons of a page; a place that this team does not have has none."""
    where = plan.links
    found: list[str] = []
    if dashboard:
        found.append(button("Dashboard", dashboard))
    if where.prometheus and expression:
        found.append(button("Graph of the expression", links.graph(where.prometheus, expression)))
    if where.logs:
        deployment = component.runs.deployment if component.runs else ""
        found.append(button("Logs", logs_at(where, deployment)))
    if where.alertmanager and alerts:
        found.append(button("Silence", links.silence(where.alertmanager, *alerts)))
    if where.desk:
        found.append(button("Incident desk", where.desk))
    if url:
        found.append(button("Knock", url))
    return " ".join(found)


def tell(plan: Plan, priorities: Sequence[str], component: Component, procedures: frozenset[str]) -> str:
    """Return whom to tell, in what order, and who is told without you."""
    paging = [priority for priority in priorities if plan.severity(priority).page]
    first = plan.severity((paging or list(priorities))[0])
    steps: list[str] = []
    if paging and PROCEDURE_INCIDENT in procedures:
        steps.append(f"{link('Run the incident', PROCEDURE_INCIDENT)}: every act up to the review, with its command.")
    if plan.links.pagerduty and paging:
        soon = f" within {words(first.acknowledge)}" if first.acknowledge else ""
        steps.append(
            f"Acknowledge in {link('PagerDuty', plan.links.pagerduty)}{soon}: it stops the ringing, nothing else."
        )
    elif paging:
        steps.append("Acknowledge the page: it stops the ringing, nothing else.")
    if first.notify.slack:
        update = f" Say the next thing within {words(first.update)}, also when nothing is new." if first.update else ""
        steps.append(f"Say in {escape(first.notify.slack)} that you have it, and what users see.{update}")
    if plan.status_page is not None and first.status_page != "never":
        how = link("how", PROCEDURE_STATUS_PAGE) if PROCEDURE_STATUS_PAGE in procedures else ""
        public = status_page(plan, first.priority, component)
        steps.append(f"Status page: {public}." + (f" Read {how} before you do it by hand." if how else ""))
    rungs = plan.escalation.steps(first.priority, "unresolved")
    if rungs:
        asks = ", then ".join(f"{roles(plan.escalation.who(level))} at {words(after)}" for after, level in rungs)
        steps.append(f"Ask for help early. The desk asks by itself if it is not resolved: {asks}.")
    steps.append(f"More than one hand needed, or data lost? {link('Escalate', 'escalation.md')} without waiting.")
    told = table(
        ("Severity", "Who is told without you"),
        [
            (badge(priority), f"{routing(plan, priority)}; label {code(_label(plan, priority))}")
            for priority in priorities
        ],
    )
    return f"{listed(steps, ordered=True)}\n\n{told}"


def _label(plan: Plan, priority: str) -> str:
    return f"severity={plan.severity(priority).alertmanager}"


def afterwards(plan: Plan, priorities: Sequence[str], procedures: frozenset[str]) -> str:
    """Return when it is over, and what is owed then."""
    items = [
        f"It is over after {words(plan.monitor_for)} of good data, not of silence: data that is gone resolves nothing.",
        "Write into the incident what you did, when, and what it changed, while you remember it.",
    ]
    reviews = [plan.severity(priority).review for priority in priorities]
    soonest = min((review for review in reviews if review is not None), default=None)
    if soonest is not None:
        how = f" ({link('how', PROCEDURE_REVIEW)})" if PROCEDURE_REVIEW in procedures else ""
        items.append(f"A review is due within {words(soonest)}{how}.")
    items.append(
        "Was this page wrong, or slow to read? Mend it: thresholds and people stand in "
        f"{code(plan.source.rsplit('/', 1)[-1])}, steps in the content of this site."
    )
    return listed(items)

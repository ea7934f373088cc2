"""The pages about people and about the monitoring itself: escalation, and the Watchdog that notices silence."""

from __future__ import annotations

from datetime import timedelta

from vcci_runbooks_site import people
from vcci_runbooks_site.content import Guide
from vcci_runbooks_site.facts import clock, roles, routing, team_words
from vcci_runbooks_site.markdown import badge, button, code, escape, fence, link, listed, page, sentence, table
from vcci_runbooks_site.names import WATCHDOG
from vcci_slo.plan import LINES, Contact, OnCall, Plan
from vcci_slo.promql.durations import words

__all__ = ["escalation_page", "watchdog_page"]

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WATCHDOG_EXPRESSION = "vector(1)"
"""Always true; vcci_alerts writes the rule, a test compares the two."""


def escalation_page(plan: Plan) -> str:
    """Return who is asked next, after how long, and how they are reached."""
    holidays = ", ".join(day.isoformat() for day in plan.calendar.holidays)
    parts = [
        people.banner(plan),
        "# Escalation",
        (
            "Ask early. The clock below runs by itself: PagerDuty asks the next when nobody acknowledges, even while "
            "the desk is down; the desk asks the next when nothing is resolved. Both count from detection, and "
            "PagerDuty is never the later one."
        ),
        "## The clock { #clock }",
        table(
            ("Severity", "What is owed, and who is asked next"),
            [[badge(severity.priority), clock(plan, severity.priority)] for severity in plan.severities],
        ),
        "## Levels { #levels }" if plan.escalation.levels else "",
        table(("Level", "Who"), [[str(level), sentence(roles(who))] for level, who in plan.escalation.levels]),
        listed(
            f"Declared {code(name)}: straight to level {level}, {roles(plan.escalation.who(level))}."
            for name, level in plan.escalation.declared
        ),
        "## How they are reached { #contacts }" if plan.contacts or plan.on_call else "",
        table(("Role", "Mail", "Phone", "Slack"), [_contact(contact) for contact in plan.contacts]),
        listed(_rota(plan, rota) for rota in plan.on_call),
        "## Who is told by what { #routing }",
        table(
            ("Severity", "Means", "Who is told"),
            [[badge(each.priority), escape(each.means), routing(plan, each.priority)] for each in plan.severities],
        ),
        "## Teams { #teams }",
        listed(team_words(plan, team) for team, _ in plan.teams),
        "## Times { #times }",
        f"All times are those of {escape(plan.calendar.timezone)}.\n\n"
        + listed(
            [
                *(f"{escape(time.name)}: {escape(time.text)}" for time in plan.calendar.times),
                *([f"no changes on: {escape(', '.join(plan.calendar.freezes))}"] if plan.calendar.freezes else []),
                *([f"nobody works on: {holidays}"] if holidays else []),
            ]
        ),
    ]
    return page(title="Escalation", sources=[plan.source], parts=parts)


def _contact(contact: Contact) -> list[str]:
    mail = link(escape(contact.mail), f"mailto:{contact.mail}") if contact.mail else ""
    phone = link(escape(contact.phone), f"tel:{contact.phone}") if contact.phone else ""
    return [escape(contact.name.replace("-", " ")), mail, phone, escape(contact.slack)]


def _rota(plan: Plan, rota: OnCall) -> str:
    hours, minutes = divmod(rota.handoff_minute, 60)
    where = link("PagerDuty", plan.links.pagerduty) if plan.links.pagerduty else "the pager"
    named = all(rota.members(line) for line in LINES)
    when = f"every day at {hours:02d}:{minutes:02d}"
    if not rota.shift % timedelta(weeks=1):
        when = f"on {DAYS[rota.handoff_day]} at {hours:02d}:{minutes:02d}"
    return (
        f"The rota {escape(rota.team)}: shifts of {words(rota.shift)}, handed over {when}. "
        f"`vcci oncall show`{'' if named else f', or {where}'}, tells who it is now."
    )


def watchdog_page(plan: Plan, guide: Guide | None) -> str:
    """Return the page of the alert that always fires: when it is not heard, no other would be either."""
    beat, silent = words(plan.watchdog.beat), words(plan.watchdog.silent)
    parts = [
        people.banner(plan),
        f"# {WATCHDOG}",
        '<div class="vcci-card" markdown>\n\n'
        + table(
            ("", ""),
            [
                (
                    "**What broke**",
                    guide.broke if guide else "The way from Prometheus to whoever is on call is broken.",
                ),
                ("**Severity**", "it rings through a third party, because nothing of ours may be able to"),
                (
                    "**Fastest safe help**",
                    guide.fastest if guide else "Watch the promises by hand until it beats again.",
                ),
                ("**Clock**", f"a beat every {beat}; {silent} without one ring"),
                ("**Owner**", team_words(plan, plan.team)),
                ("**Last reviewed**", guide.reviewed.isoformat() if guide else "never"),
            ],
        )
        + "\n\n</div>",
        " ".join(
            [
                *([button("Targets", f"{plan.links.prometheus}/targets")] if plan.links.prometheus else []),
                *([button("Alertmanager", f"{plan.links.alertmanager}/#/alerts")] if plan.links.alertmanager else []),
                *([button("Incident desk", plan.links.desk)] if plan.links.desk else []),
                *([button("Logs", plan.links.logs)] if plan.links.logs else []),
            ]
        ),
        "## What it means { #meaning }",
        guide.meaning
        if guide
        else "This alert always fires. It is heard by a third party, which rings when it is not.",
        "## Is it real? { #is-it-real }",
        guide.real
        if guide
        else f"{fence('bash', 'vcci now')}\n\n**Expect:** the time of the last beat and of the last cycle.",
        "## How bad is it? { #impact }",
        guide.impact if guide else "Nothing else can ring. Whatever is broken now, nobody is told.",
        "## Stop it { #mitigation }",
        guide.mitigation if guide else "Start what has stopped: Prometheus, Alertmanager, the desk, in this order.",
        "## Find out why { #diagnosis }",
        guide.diagnosis if guide else "Full disks and expired credentials are the usual reasons.",
        "## The rule { #rule }",
        f"Fires always, every {beat} heard at {code(plan.watchdog.to)}. No resolve is believed while it is missing.",
        fence("promql", WATCHDOG_EXPRESSION),
        "## Afterwards { #afterwards }",
        listed(
            [
                "What happened while nobody was told? Look at every promise over that time: unknown is not good.",
                f"Unknown time stays unknown in every budget: {link('promises', 'promises.md')}.",
            ]
        ),
    ]
    sources = [plan.source, *([f"content/{guide.path}"] if guide else [])]
    return page(title=WATCHDOG, sources=sources, tags=(plan.team,), parts=parts)

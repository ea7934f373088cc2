"""The pages that lead to pages: the first one, and the lists by alert, promise, severity and service."""

from __future__ import annotations

from collections.abc import Sequence

from vcci_runbooks_site import people
from vcci_runbooks_site.content import Article
from vcci_runbooks_site.crowds import MOST_ROWS, shown_or_counted
from vcci_runbooks_site.facts import limit_sentence, priorities_of, roles, routing, slo_priorities, unfilled
from vcci_runbooks_site.markdown import badge, code, escape, link, listed, page, sentence, shortened, table
from vcci_runbooks_site.names import RUN_AN_INCIDENT, WATCHDOG
from vcci_slo.plan import Plan, Slo
from vcci_slo.promql.durations import words

__all__ = [
    "alerts_page",
    "articles_page",
    "declared",
    "promises_page",
    "services_page",
    "severities_page",
    "start_page",
]


def declared(plan: Plan) -> dict[str, list[Slo]]:
    """Return the promises by the name under which they were declared."""
    found: dict[str, list[Slo]] = {}
    for slo in plan.slos:
        found.setdefault(slo.declared, []).append(slo)
    return found


def start_page(plan: Plan, procedures: Sequence[Article]) -> str:
    """Return the page for someone who has just been woken: ten lines."""
    known = {article.path for article in procedures}
    parts = [
        people.banner(plan),
        "# You have been woken { #woken }",
        listed(_ten_lines(plan, known), ordered=True),
        "## What rings { #what-rings }",
        _ringing(plan),
        "## Everything else { #everything }",
        listed(
            [
                link("All alerts", "alerts.md"),
                link("All promises", "promises.md") if plan.slos else "",
                f"{link('By severity', 'severities.md')}, {link('by service', 'services.md')}",
                link("Who is asked next", "escalation.md"),
                link("What to do", "procedures/index.md") if procedures else "",
            ]
        ).replace("-   \n", ""),
    ]
    return page(title="You have been woken", sources=[plan.source], parts=parts)


def _ten_lines(plan: Plan, procedures: set[str]) -> list[str]:
    first = plan.severities[0]
    soon = f" You have {words(first.acknowledge)} at {first.priority}." if first.acknowledge else ""
    pager = link("PagerDuty", plan.links.pagerduty) if plan.links.pagerduty else "the pager"
    room = f" in {escape(first.notify.slack)}" if first.notify.slack else ""
    after = plan.escalation.steps(first.priority, "unresolved")
    help_from = f" ({roles(plan.escalation.who(after[0][1]))})" if after else ""
    rollback = link("Roll back", "procedures/rollback.md") if "procedures/rollback.md" in procedures else "Roll back"
    public = link("Tell the public", "procedures/status-page.md") if "procedures/status-page.md" in procedures else ""
    acts = ""
    if f"{RUN_AN_INCIDENT}.md" in procedures:
        acts = f" {link('Run the incident', f'{RUN_AN_INCIDENT}.md')} has every act with its command."
    review = f", and a review within {words(first.review)}" if first.review else ""
    return [
        f"Acknowledge in {pager}.{soon}",
        (
            f"Open the page of the alert: the link in the page, {link('this list', 'alerts.md')}, or its name behind "
            "this site's address."
        ),
        "See everything at once: `vcci now` shows what fires, what burns, the last change, who is on call.",
        f"Say{room} that you have it.{acts}",
        "**Is it real?** The first steps of every page only look. Take them.",
        f"**How bad?** Users decide, not graphs: {link('what each severity means', 'severities.md')}.",
        f"**Stop it** before you understand it. {rollback} if a change is younger than the fault.",
        f"**Tell people.** {public + ' and' if public else 'Tell'} your channel, on the clock of the page."
        if public
        else "**Tell people** on the clock of the page, also when nothing is new.",
        f"Ask for help before you need it{help_from}: {link('escalation', 'escalation.md')}. Asking is never wrong.",
        f"It is over after {words(plan.monitor_for)} of good data. Write down what you did{review}. Go back to sleep.",
    ]


def _ringing(plan: Plan) -> str:
    """Return what can wake someone, the worst first."""
    paging = [severity.priority for severity in plan.severities if severity.page]
    rows: list[list[str]] = []
    for priority in paging:
        rows += [
            [badge(priority), link(escape(alert.name), f"{alert.runbook}.md"), sentence(unfilled(alert.summary))]
            for alert in plan.alerts
            if priority in {limit.priority for limit in alert.limits}
        ]
        rows += [
            [
                badge(priority),
                link(escape(name), f"{slos[0].runbook}.md"),
                f"The budget of {code(name)} is spent too fast.",
            ]
            for name, slos in declared(plan).items()
            if priority in {tier.priority for tier in slos[0].tiers}
        ]
    rows.append(["", link(WATCHDOG, "watchdog.md"), "The monitoring itself has fallen silent."])
    owners = [
        *((alert.component, set(priorities_of(alert)) & set(paging)) for alert in plan.alerts),
        *((slos[0].component, set(slo_priorities(slos[0])) & set(paging)) for slos in declared(plan).values()),
    ]
    ringing = [(component, priorities) for component, priorities in owners if priorities]
    return shown_or_counted(plan, ("Severity", "Page", "What it says"), rows, ringing)


def alerts_page(plan: Plan) -> str:
    """Return every alert by name, also those that promises and silences bring."""
    rows: list[tuple[str, str, str, str]] = [
        (WATCHDOG, "watchdog.md", "", "Always fires; its silence is the alarm."),
    ]
    for alert in plan.alerts:
        shown = " ".join(badge(limit.priority) for limit in sorted(alert.limits, key=lambda limit: limit.priority))
        rows.append((alert.name, f"{alert.runbook}.md", shown, sentence(unfilled(alert.summary))))
        rows += [
            (f"{alert.name}NoData", f"{alert.runbook}.md#no-data", badge(silence.priority), "What it looks at is gone.")
            for silence in alert.missing
        ]
    for slo in plan.slos:
        shown = " ".join(badge(priority) for priority in sorted({tier.priority for tier in slo.tiers}))
        rows.append((slo.burn_alert, f"{slo.runbook}.md", shown, f"Spent too fast: {escape(slo.words)}."))
        silence = badge(slo.no_data.priority)
        rows.append(
            (slo.no_data_alert, f"{slo.runbook}.md#no-data", silence, f"Nobody knows whether {escape(slo.words)}.")
        )
    listing = shown_or_counted(
        plan,
        ("Alert", "Severity", "What it says"),
        [
            [link(escape(name), target), shown, says]
            for name, target, shown, says in sorted(rows, key=lambda row: row[0].lower())
        ],
        [
            *((alert.component, priorities_of(alert)) for alert in plan.alerts),
            *((slo.component, slo_priorities(slo)) for slo in plan.slos for _ in (slo.burn_alert, slo.no_data_alert)),
        ],
    )
    few = len(rows) <= MOST_ROWS
    how = "By name; each" if few else f"By component, with the {link(WATCHDOG, 'watchdog.md')} beside them; each"
    parts = [people.banner(plan), "# Alerts", f"{how} name is also an address of this site.", listing]
    return page(title="Alerts", sources=[plan.source], parts=parts)


def promises_page(plan: Plan) -> str:
    """Return every promise with its objective."""
    rows = [
        [
            link(escape(slo.name), f"{slo.runbook}.md"),
            escape(slo.percent),
            escape(sentence(slo.words)),
            " ".join(badge(priority) for priority in slo_priorities(slo)),
        ]
        for slo in plan.slos
    ]
    owners = [(slo.component, slo_priorities(slo)) for slo in plan.slos]
    header = ("Promise", "Objective", "In words", "Severity")
    shown = shown_or_counted(plan, header, rows, owners) or "Nothing is promised yet."
    return page(title="Promises", sources=[plan.source], parts=[people.banner(plan), "# Promises", shown])


def severities_page(plan: Plan) -> str:
    """Return what each severity means, who is told, and what can have it."""
    parts = [people.banner(plan), "# By severity"]
    promised = [slos[0] for slos in declared(plan).values()]
    for severity in plan.severities:
        rows = [
            [link(escape(alert.name), f"{alert.runbook}.md"), f"When {limit_sentence(plan, alert, limit)}."]
            for alert in plan.alerts
            for limit in alert.limits
            if limit.priority == severity.priority
        ]
        rows += [
            [link(escape(f"{alert.name}NoData"), f"{alert.runbook}.md#no-data"), f"No data for {words(silence.after)}."]
            for alert in plan.alerts
            for silence in alert.missing
            if silence.priority == severity.priority
        ]
        for name, slos in declared(plan).items():
            tiers = [tier.name for tier in slos[0].tiers if tier.priority == severity.priority]
            if tiers:
                rows.append([link(escape(name), f"{slos[0].runbook}.md"), f"Burns: {', '.join(tiers)}."])
            if slos[0].no_data.priority == severity.priority:
                after = words(slos[0].no_data.after)
                rows.append([link(escape(name), f"{slos[0].runbook}.md#no-data"), f"No data for {after}."])
        owners = [
            *(
                (alert.component, (severity.priority,))
                for alert in plan.alerts
                if severity.priority in priorities_of(alert)
            ),
            *((one.component, (severity.priority,)) for one in promised if severity.priority in slo_priorities(one)),
        ]
        examples = f" Such as: {escape('; '.join(severity.examples))}." if severity.examples else ""
        parts += [
            f"## {badge(severity.priority)} {escape(severity.means)} {{ #{severity.priority.lower()} }}",
            f"{sentence(routing(plan, severity.priority))}{examples}",
            shown_or_counted(plan, ("Page", "When"), rows, owners) or "Nothing has this severity by itself.",
        ]
    return page(title="By severity", sources=[plan.source], parts=parts)


def services_page(plan: Plan) -> str:
    """Return what is watched on each component."""
    rows: list[list[str]] = []
    for component in plan.components:
        slos, alerts = plan.slos_of(component.name), plan.alerts_of(component.name)
        promises = {slo.declared: slo.runbook for slo in slos}
        worst = {priority for alert in alerts for priority in priorities_of(alert)}
        worst |= {priority for slo in slos for priority in slo_priorities(slo)}
        rows.append(
            [
                link(escape(component.title), f"components/{component.name}.md"),
                escape(component.team),
                " ".join(badge(priority) for priority in sorted(worst)),
                ", ".join(shortened([link(escape(name), f"{slug}.md") for name, slug in promises.items()])),
                ", ".join(shortened([link(escape(alert.name), f"{alert.runbook}.md") for alert in alerts])),
            ]
        )
    shown = table(("Service", "Owner", "Severities", "Promises", "Alerts"), rows) or "The spec names no component yet."
    return page(title="By service", sources=[plan.source], parts=[people.banner(plan), "# By service", shown])


def articles_page(plan: Plan, title: str, lead: str, articles: Sequence[Article]) -> str:
    """Return a list of hand-written pages of one folder."""
    rows = [[link(escape(article.title), article.path.rpartition("/")[2]), article.purpose] for article in articles]
    parts = [people.banner(plan), f"# {title}", lead, table(("Page", "What for"), rows)]
    return page(title=title, sources=[plan.source], parts=parts)

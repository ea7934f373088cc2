"""The page of one declared promise, with all of its parts: the budget in minutes and events, the tiers, the silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from vcci_runbooks_site import first_steps, people
from vcci_runbooks_site.content import Guide
from vcci_runbooks_site.detections import noticed
from vcci_runbooks_site.facts import current_window, percent, routing, slo_priorities, tier_sentence
from vcci_runbooks_site.markdown import (
    MOST_LISTED,
    TIMES,
    badge,
    code,
    details,
    escape,
    fence,
    link,
    listed,
    page,
    sentence,
    shortened,
    table,
)
from vcci_runbooks_site.names import component_page
from vcci_slo.budget import allowed_downtime
from vcci_slo.plan import (
    BurnTier,
    EventsIndicator,
    LatencyIndicator,
    LimitIndicator,
    Plan,
    ProbeIndicator,
    QueryIndicator,
    Slo,
)
from vcci_slo.promql.burns import burning, silent
from vcci_slo.promql.durations import words
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import bad_now, errors_in, total_in
from vcci_slo.windows import AVERAGE_MONTH

__all__ = ["downtime", "slo_page"]

EVENTS_SHOWN = 1_000_000
_PASSES = {"everything": "every change", "fixes": "only fixes", "nothing": "nothing"}


def slo_page(plan: Plan, parts: Sequence[Slo], guide: Guide | None, procedures: frozenset[str]) -> str:
    """Return the page of a declared promise; `parts` are the promises it was resolved into."""
    first = parts[0]
    component = plan.component(first.component)
    priorities = tuple(sorted({priority for slo in parts for priority in slo_priorities(slo)}))
    fast = first.tiers[0] if first.tiers else None
    expression = burning(first, fast) if fast else total_in(first, current_window(plan))
    alerts = [name for slo in parts for name in (slo.burn_alert, slo.no_data_alert)]
    silenced = alerts if len(parts) <= MOST_LISTED else []  # a browser refuses so long an address
    reviewed = guide.reviewed.isoformat() if guide else "never: nobody has written steps for it yet"
    content = [
        people.banner(plan),
        f"# {escape(first.declared)} {' '.join(badge(priority) for priority in priorities)}",
        people.card(
            plan,
            people.Card(
                broke=guide.broke if guide else f"Its budget is spent too fast. {_promised(parts)}",
                severity=[*_tiers_in_short(parts), _silence_in_short(parts)],
                team=first.team,
                fastest=guide.fastest if guide else first_steps.fastest(component),
                priorities=priorities,
                component=component,
                reviewed=reviewed,
            ),
        ),
        people.buttons(plan, component, dashboard=first.dashboard_url, expression=expression, alerts=silenced),
        "## What it means { #meaning }",
        guide.meaning if guide else _promised(parts),
        _parts_table(plan, parts),
        "## Is it real? { #is-it-real }",
        guide.real if guide else first_steps.is_it_real(plan, component, expression, first.name),
        "## How bad is it? { #impact }",
        guide.impact if guide else "",
        _burn_rate(first),
        *_tiers(plan, parts),
        *noticed(plan, [members for members, _ in _groups(parts)]),
        "## Stop it { #mitigation }",
        guide.mitigation if guide else first_steps.stop_it(plan, component),
        "## Tell people { #tell }",
        people.tell(plan, priorities, component, procedures),
        "## Find out why { #diagnosis }",
        guide.diagnosis if guide else first_steps.causes(plan, component),
        "## No data { #no-data }",
        _no_data(plan, parts),
        "## When the budget goes { #budget }",
        _budget_policy(plan, first),
        "## The rules { #rule }",
        *(_rules(plan, slo) for slo in parts[:MOST_LISTED]),
        _others(parts),
        "## Related { #related }",
        _related(plan, first),
        "## Afterwards { #afterwards }",
        people.afterwards(plan, priorities, procedures),
    ]
    sources = [plan.source, *([f"content/{guide.path}"] if guide else [])]
    return page(title=first.declared, sources=sources, tags=(*priorities, component.title, first.team), parts=content)


def _promised(parts: Sequence[Slo]) -> str:
    if len(parts) == 1:
        return f"Promised in every {words(parts[0].window)}: {escape(parts[0].words)}."
    return f"Promised in every {words(parts[0].window)}, each for itself:\n\n" + listed(
        shortened([escape(slo.words) for slo in parts])
    )


def _others(parts: Sequence[Slo]) -> str:
    """Return where the figures and rules of the parts are that a page has no room for."""
    rest = len(parts) - MOST_LISTED
    if rest <= 0:
        return ""
    return f"{rest:,} more differ in their labels only; `vcci slo explain {parts[MOST_LISTED].name}` tells of one."


def downtime(slo: Slo, window: timedelta) -> str:
    """Return how long everything may fail in a window, as people say it.

    Exactly to a tenth: 43.2 min in 30 days and 43.8 in an average month are different promises.
    """
    allowed = allowed_downtime(budget=slo.budget, window=window)
    for unit, size in (("h", timedelta(hours=1)), ("min", timedelta(minutes=1)), ("s", timedelta(seconds=1))):
        if allowed >= 2 * size:
            return f"{number(round(allowed / size, 1))} {unit}"
    return f"{number(round(allowed / timedelta(milliseconds=1), 1))} ms"


def _allowed(slo: Slo) -> str:
    events = f"{round(EVENTS_SHOWN * slo.budget):,}".replace(",", " ")
    match slo.indicator:
        case EventsIndicator(signal):
            return f"{events} of 1 000 000 {escape(signal.title)} may fail"
        case LatencyIndicator(signal, within):
            return f"{events} of 1 000 000 {escape(signal.title)} may need longer than {number(within)} s"
        case ProbeIndicator():
            return f"{events} of 1 000 000 probes may fail"
        case LimitIndicator(signal, at, side):
            limit = words(timedelta(seconds=at)) if signal.unit == "seconds" else number(at)
            allowed = f"{limit} or more" if side == "below" else f"under {limit}"
            return f"{percent(slo.budget)} of the time it may be {allowed}"
        case QueryIndicator(signal):
            if signal.valid is None:
                return (
                    f"the ratio of errors may be {percent(slo.budget)} in the mean over time, whatever the traffic is"
                )
            return f"{events} of 1 000 000 {escape(signal.title)} may fail"


def _parts_table(plan: Plan, parts: Sequence[Slo]) -> str:
    month = plan.time_scale == 1
    header = ["Promise", "Objective", "Budget", f"Total failure in {words(parts[0].window)}"]
    rows = [
        [
            f"{code(slo.name)}: {escape(slo.words)}",
            escape(slo.percent),
            _allowed(slo),
            downtime(slo, slo.window) + (f" ({downtime(slo, AVERAGE_MONTH)} in an average month)" if month else ""),
        ]
        for slo in parts[:MOST_LISTED]
    ]
    return "\n\n".join(part for part in (table(header, rows), _others(parts)) if part)


def _burn_rate(slo: Slo) -> str:
    return (
        f"A burn rate of 1 spends the budget evenly, so that it is gone exactly at the end of {words(slo.window)}. A "
        f"burn rate of 10 spends it ten times as fast, so that it is gone after {words(slo.window / 10)}. An alert "
        "asks two windows: the long one says that it matters, the short one that it still goes on."
    )


def _groups(parts: Sequence[Slo]) -> list[tuple[list[Slo], tuple[BurnTier, ...]]]:
    """Return the parts that share their tiers."""
    found: dict[tuple[BurnTier, ...], list[Slo]] = {}
    for slo in parts:
        found.setdefault(slo.tiers, []).append(slo)
    return [(members, tiers) for tiers, members in list(found.items())[:MOST_LISTED]]


def _tiers_in_short(parts: Sequence[Slo]) -> list[str]:
    slo = parts[0]
    return [
        f"{badge(tier.priority)} {tier.name}: {number(tier.factor)}{TIMES} the even pace in the last "
        f"{words(tier.long)}, and still in the last {words(tier.short)}"
        for tier in slo.tiers
    ]


def _silence_in_short(parts: Sequence[Slo]) -> str:
    silence = parts[0].no_data
    return f"{badge(silence.priority)} no data for {words(silence.after)}"


def _tiers(plan: Plan, parts: Sequence[Slo]) -> list[str]:
    blocks: list[str] = []
    groups = _groups(parts)
    for members, tiers in groups:
        if len(groups) > 1:
            blocks.append(f"For {', '.join(shortened([code(slo.name) for slo in members]))}:")
        window = members[0].window
        rows = [
            [
                f"{tier.name} {badge(tier.priority)}",
                f"{number(tier.factor)}{TIMES}",
                f"{words(tier.long)}<br>{words(tier.short)}",
                f"more than {percent(tier.threshold)} bad",
                f"at least {tier.min_bad} bad" if tier.min_bad else "none",
                tier_sentence(tier, window),
            ]
            for tier in tiers
        ]
        blocks.append(table(["Tier", "Burn rate", "Both windows", "Threshold", "Evidence", "What it means"], rows))
    told = sorted({tier.priority for slo in parts for tier in slo.tiers})
    blocks.append(listed(f"{badge(priority)} {routing(plan, priority)}." for priority in told))
    held = list(dict.fromkeys(f"{tier.name} {words(tier.keep_firing_for)}" for tier in parts[0].tiers))
    if held:
        blocks.append(
            "A faster tier holds back the slower ones of its promise, and a P0 of the system holds back all of them. "
            "Each keeps firing for a while after its condition ended, so that a fault that comes and goes rings once: "
            f"{', '.join(held)}."
        )
    return blocks


def _no_data(plan: Plan, parts: Sequence[Slo]) -> str:
    silence = parts[0].no_data
    names = ", ".join(shortened([code(slo.no_data_alert) for slo in parts]))
    component = plan.component(parts[0].component)
    measured = link(escape(component.title), component_page(component.name))
    return "\n\n".join(
        [
            (
                f"{badge(silence.priority)} {names}: nothing has been measured for {words(silence.after)}. Silence is "
                "not health: a burn alert ends when its data vanishes, so this one must ring. No traffic is not "
                "silence: an idle service counts zero and spends nothing."
            ),
            listed(
                [
                    f"Does it run? See {measured}.",
                    "Does whoever measures it work? `vcci slo status` says since when it is unknown, and who measures.",
                    "Was a metric or a label renamed by a deployment? Take that deployment back.",
                ],
                ordered=True,
            ),
            sentence(
                "the time without data stays unknown in the budget: neither good nor bad, and shown as such. "
                f"{routing(plan, silence.priority)}"
            ),
        ]
    )


def _budget_policy(plan: Plan, slo: Slo) -> str:
    policy = plan.budget_policy(slo.budget_policy)
    rows: list[list[str]] = []
    for better, state in zip((None, *policy.states), policy.states, strict=False):
        top = f"up to {percent(better.above)}" if better and better.above else "nothing" if better else ""
        left = f"more than {percent(state.above)}" if state.above is not None else top
        rows.append([escape(state.name), left, _PASSES[state.allows], escape(state.means)])
    return "\n\n".join(
        [
            sentence(f"The policy {code(policy.name)}, owned by {escape(policy.owner)}. {escape(policy.about)}"),
            table(["State", "Left of the budget", "May pass", "What follows"], rows),
            f"A pipeline asks `vcci slo gate {slo.name}`: it ends with 0 for yes, 1 for no, 2 where nobody can tell.",
        ]
    )


def _rules(plan: Plan, slo: Slo) -> str:
    window = current_window(plan)
    blocks: list[str] = []
    verdict = bad_now(slo)
    if verdict:
        blocks += ["Bad at this moment, recorded at every evaluation:", fence("promql", verdict)]
    blocks += [
        f"Bad events in {words(window)}:",
        fence("promql", errors_in(slo, window)),
        f"All valid events in {words(window)}:",
        fence("promql", total_in(slo, window)),
    ]
    for tier in slo.tiers:
        blocks += [
            f"{badge(tier.priority)} {code(slo.burn_alert)}, tier {tier.name}:",
            fence("promql", burning(slo, tier)),
        ]
    blocks += [
        f"{badge(slo.no_data.priority)} {code(slo.no_data_alert)}:",
        fence("promql", silent(slo, window)),
    ]
    return details(slo.name, "\n\n".join(blocks))


def _related(plan: Plan, slo: Slo) -> str:
    others = {other.declared: other for other in plan.slos_of(slo.component)}
    lines = shortened(
        [
            f"{link(escape(other.declared), f'{other.runbook}.md')}: {escape(other.words)}"
            for name, other in others.items()
            if name != slo.declared
        ]
    )
    lines += [
        f"{link(escape(alert.name), f'{alert.runbook}.md')}"
        for alert in plan.alerts_of(slo.component, *plan.component(slo.component).needs)
    ]
    lines.append(f"Measured on {link(escape(plan.component(slo.component).title), component_page(slo.component))}.")
    return listed(lines)

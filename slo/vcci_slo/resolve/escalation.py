"""Who is asked next, by PagerDuty while nobody acknowledges and by the desk while nothing is resolved.

Two clocks that disagree are worse than one: the checks here are the proof that PagerDuty alone, with the desk dead,
asks everybody whom the desk would have asked, and none of them later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Literal

from vcci_slo import plan
from vcci_slo.promql.durations import parse_duration, promql_duration
from vcci_slo.resolve.findings import Findings, Pace
from vcci_slo.spec.document import Spec
from vcci_slo.spec.organisation import EscalationSpec
from vcci_slo.spec.source import Path

__all__ = ["FIRST_LEVEL", "escalation"]

FIRST_LEVEL = 1
"""Who is rung when an incident opens."""

MINUTE = timedelta(minutes=1)
MOST_TARGETS = 10
"""PagerDuty's limit for one rule of an escalation policy."""

Kind = Literal["unacknowledged", "unresolved"]
Steps = tuple[tuple[timedelta, int], ...]
Levels = Mapping[int, tuple[str, ...]]
Rung = tuple[str, timedelta, int]
"""One step: the delay as it is written and as it is meant, unscaled, and the level."""


def escalation(spec: Spec, severities: Iterable[plan.Severity], pace: Pace, findings: Findings) -> plan.Escalation:
    """Return who is asked next; a level that nobody fills or reaches, and clocks that disagree, are refused."""
    written = spec.escalation
    if written is None:
        return plan.Escalation((), (), (), ())
    levels = {int(level): tuple(who) for level, who in written.levels.items()}
    _check_levels(spec, written, levels, findings)
    for name, level in written.declared.items():
        _level_exists(("escalation", "declared", name), level, levels, findings)
    acknowledge = dict(_rungs("unacknowledged", written.unacknowledged, levels, findings))
    resolve = dict(_rungs("unresolved", written.unresolved, levels, findings))
    if not findings.problems:
        known = tuple(severities)
        _check_pagerduty(spec, acknowledge, levels, known, findings)
        _check_agreement(acknowledge, resolve, known, findings)
        _check_reached(written, [*acknowledge.values(), *resolve.values()], levels, findings)
    return plan.Escalation(
        levels=tuple(sorted(levels.items())),
        unacknowledged=tuple((priority, _scaled(rungs, pace)) for priority, rungs in sorted(acknowledge.items())),
        unresolved=tuple((priority, _scaled(rungs, pace)) for priority, rungs in sorted(resolve.items())),
        declared=tuple(written.declared.items()),
    )


def _scaled(rungs: Iterable[Rung], pace: Pace) -> Steps:
    return tuple((pace.of(after), level) for _, after, level in rungs)


def _check_levels(spec: Spec, written: EscalationSpec, levels: Levels, findings: Findings) -> None:
    known = dict.fromkeys([*spec.contacts, *(f"{rota}.{line}" for rota in spec.on_call for line in plan.LINES)])
    for number, who in written.levels.items():
        path: Path = ("escalation", "levels", number)
        if not who:
            findings.add(path, "at least one role", "nobody")
        for role in who:
            findings.lookup(path, "a role or a line of a rota", role, known)
        below = {role for level, roles in levels.items() if level < int(number) for role in roles}
        if who and below.issuperset(who):
            findings.add(path, "somebody whom no lower level has asked", ", ".join(who))
    if FIRST_LEVEL not in levels:
        findings.add(("escalation", "levels"), f"a level {FIRST_LEVEL}, who is rung first", ", ".join(written.levels))


def _rungs(
    kind: Kind, table: Mapping[plan.Priority, Mapping[str, int]], levels: Levels, findings: Findings
) -> Iterator[tuple[plan.Priority, tuple[Rung, ...]]]:
    """Yield the steps of each severity in the order of time; later ones must lead higher."""
    for priority, steps in table.items():
        found: list[Rung] = []
        for after, level in steps.items():
            path: Path = ("escalation", kind, priority, after)
            _level_exists(path, level, levels, findings)
            if level == FIRST_LEVEL:
                findings.add(path, f"a level above {FIRST_LEVEL}, which is rung at once", str(level))
            try:
                found.append((after, parse_duration(after), level))
            except ValueError:
                findings.add(path, "a duration with its unit such as 30m", repr(after))
        found.sort(key=lambda rung: rung[1])
        for (earlier, at, lower), (after, then, higher) in pairwise(found):
            if then == at or higher <= lower:
                expected = f"a later step to lead above level {lower}, which is asked at {earlier}"
                findings.add(("escalation", kind, priority, after), expected, f"level {higher} at {after}")
        yield priority, tuple(found)


def _level_exists(path: Path, level: int, levels: Levels, findings: Findings) -> None:
    if level not in levels:
        findings.add(path, f"a level that exists ({', '.join(map(str, levels))})", str(level))


def _check_pagerduty(
    spec: Spec,
    table: Mapping[plan.Priority, tuple[Rung, ...]],
    levels: Levels,
    severities: Iterable[plan.Severity],
    findings: Findings,
) -> None:
    """Note steps that PagerDuty could not carry out."""
    known = {severity.priority: severity.notify for severity in severities}
    reached = {FIRST_LEVEL, *(level for rungs in table.values() for _, _, level in rungs)} if table else set[int]()
    for priority, rungs in table.items():
        notify = known.get(priority)
        if notify is None or notify.pagerduty is None:
            expected = "a severity that PagerDuty hears of"
            findings.add(
                ("escalation", "unacknowledged", priority), expected, f"{priority}, whose notify has no pagerduty"
            )
        elif notify.during:
            expected = "a severity that is told at any hour, since PagerDuty's steps know none"
            findings.add(("escalation", "unacknowledged", priority), expected, f"{priority}, only in {notify.during}")
        for after, delay, _ in rungs:
            if delay % MINUTE or not delay:
                path: Path = ("escalation", "unacknowledged", priority, after)
                findings.add(path, "whole minutes, PagerDuty's smallest step", after)
    for level in sorted(reached):
        path = ("escalation", "levels", str(level))
        if len(levels[level]) > MOST_TARGETS:
            findings.add(path, f"at most {MOST_TARGETS} roles, which PagerDuty rings at once", str(len(levels[level])))
        for role in levels[level]:
            contact = spec.contacts.get(role)
            if contact is not None and contact.mail is None and contact.pagerduty_schedule is None:
                expected = f"a way for PagerDuty to reach {role}: its mail, or pagerduty_schedule"
                findings.add(("contacts", role), expected, f"neither, though level {level} is asked by PagerDuty")


def _check_agreement(
    acknowledge: Mapping[plan.Priority, tuple[Rung, ...]],
    resolve: Mapping[plan.Priority, tuple[Rung, ...]],
    severities: Iterable[plan.Severity],
    findings: Findings,
) -> None:
    """Note levels that PagerDuty asks later than the desk, or never: nobody asks them while the desk is down."""
    pages = {severity.priority for severity in severities if severity.page}
    for priority, rungs in resolve.items():
        if priority not in pages:
            continue
        alone = {level: (after, delay) for after, delay, level in acknowledge.get(priority, ())}
        for after, delay, level in rungs:
            path: Path = ("escalation", "unresolved", priority, after)
            if level not in alone:
                expected = f"PagerDuty to ask level {level} too, by unacknowledged.{priority}, while the desk is down"
                findings.add(path, expected, f"level {level} at {after}, by the desk alone")
            elif alone[level][1] > delay:
                expected = f"PagerDuty to ask level {level} no later than the desk, at {promql_duration(delay)}"
                findings.add(path, expected, f"it does at {alone[level][0]} (unacknowledged.{priority})")


def _check_reached(
    written: EscalationSpec, tables: Iterable[Iterable[Rung]], levels: Levels, findings: Findings
) -> None:
    """Note levels to which no step leads: whoever stands there waits for a call that never comes."""
    reached = {FIRST_LEVEL, *written.declared.values(), *(level for rungs in tables for _, _, level in rungs)}
    for level in levels:
        if level not in reached:
            path: Path = ("escalation", "levels", str(level))
            findings.add(path, "a step or a declaration that leads here", f"level {level}, which nothing reaches")

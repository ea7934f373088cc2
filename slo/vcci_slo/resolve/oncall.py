"""The people's part of the plan: contacts, teams and rotas, each of which somebody can really be reached by."""

from __future__ import annotations

from datetime import date, timedelta
from math import lcm

from vcci_slo import plan
from vcci_slo.oncall import WEEK
from vcci_slo.promql.durations import promql_duration
from vcci_slo.resolve.findings import Findings
from vcci_slo.spec.document import Spec
from vcci_slo.spec.organisation import OnCallSpec, ScheduleSpec
from vcci_slo.spec.source import Path

__all__ = ["DAYS", "contacts", "minute", "on_call", "teams"]

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY = timedelta(days=1)
SHORTEST_SHIFT = timedelta(hours=1)
"""Clocks jump by an hour; a shorter turn could fall into the hour that is left out."""

MOST_MEMBERS = 100


def minute(text: str) -> int:
    """Return the minutes after midnight of a text such as `09:00`."""
    hour, after = text.split(":")
    return int(hour) * 60 + int(after)


def contacts(spec: Spec, findings: Findings) -> tuple[plan.Contact, ...]:
    """Return the roles that can be reached; one that cannot is refused."""
    found = tuple(
        plan.Contact(
            name, contact.mail or "", contact.phone or "", contact.slack or "", contact.pagerduty_schedule or ""
        )
        for name, contact in spec.contacts.items()
    )
    for contact in found:
        if not (contact.mail or contact.phone or contact.slack or contact.pagerduty_schedule):
            findings.add(("contacts", contact.name), "mail, phone, slack or pagerduty_schedule", "no way to be reached")
    return found


def teams(spec: Spec, findings: Findings) -> tuple[tuple[str, str], ...]:
    """Return each team with its channel; a spec without teams has its owner as the only one."""
    for name, team in spec.teams.items():
        if team.on_call is not None:
            findings.lookup(("teams", name, "on_call"), "a rota", team.on_call, spec.on_call)
    found = {name: team.slack for name, team in spec.teams.items()} or {spec.metadata.owner: ""}
    if spec.metadata.owner not in found:
        findings.lookup(("metadata", "owner"), "a team", spec.metadata.owner, found)
    return tuple(found.items())


def on_call(spec: Spec, findings: Findings) -> tuple[plan.OnCall, ...]:
    """Return the rotas; one with a gap, or whose two lines are ever the same person, is refused."""
    for name, rota in spec.on_call.items():
        _check_rota(("on_call", name), rota, findings)
        for line in plan.LINES:
            _check_members(("on_call", name, line), getattr(rota, line), spec, findings)
    return tuple(
        plan.OnCall(
            team=name,
            handoff_day=DAYS.index(rota.handoff[:3]),
            handoff_minute=minute(rota.handoff[4:]),
            shift=rota.shift,
            primary=rota.primary.pagerduty_schedule or "",
            secondary=rota.secondary.pagerduty_schedule or "",
            primary_members=tuple(rota.primary.members or ()),
            secondary_members=tuple(rota.secondary.members or ()),
            starts=date.fromisoformat(rota.starts) if rota.starts else None,
        )
        for name, rota in spec.on_call.items()
    )


def _check_rota(path: Path, rota: OnCallSpec, findings: Findings) -> None:
    """Note a rota whose handoffs are not told by what stands there."""
    shift, has_members = rota.shift, bool(rota.primary.members or rota.secondary.members)
    if shift % DAY and (DAY % shift or shift < SHORTEST_SHIFT):
        findings.add((*path, "shift"), "whole days, or hours that divide a day", promql_duration(shift))
        return
    if shift % DAY and has_members:  # PagerDuty counts turns of hours in real hours, and so drifts with the clocks
        findings.add((*path, "shift"), "whole days where members are named", promql_duration(shift))
    if rota.starts is not None:
        day = DAYS[date.fromisoformat(rota.starts).weekday()]
        if day != rota.handoff[:3]:
            findings.add((*path, "starts"), f"a day of the handoff, {rota.handoff[:3]}", f"{rota.starts}, a {day}")
    elif WEEK % shift:
        expected = "starts, since a week does not tell when such a shift is over"
        findings.add((*path, "shift"), expected, promql_duration(shift))
    elif has_members:
        findings.add(path, "starts, the day on which the first member takes over", "members without it")
    if rota.primary.members and rota.secondary.members:
        _check_apart(path, rota.primary.members, rota.secondary.members, findings)


def _check_apart(path: Path, primary: list[str], secondary: list[str], findings: Findings) -> None:
    """Note the first turn in which one person has both lines: nobody would be left to ask."""
    if max(len(primary), len(secondary)) > MOST_MEMBERS:
        return
    for turn in range(lcm(len(primary), len(secondary))):
        who = primary[turn % len(primary)]
        if who == secondary[turn % len(secondary)]:
            expected = "another person than the primary in every turn"
            findings.add((*path, "secondary"), expected, f"{who} in both lines in turn {turn + 1}")
            return


def _check_members(path: Path, line: ScheduleSpec, spec: Spec, findings: Findings) -> None:
    members = line.members or []
    if len(members) > MOST_MEMBERS:
        findings.add((*path, "members"), f"at most {MOST_MEMBERS} members", str(len(members)))
    for index, member in enumerate(members):
        place = (*path, "members", index)
        if "@" in member:
            continue
        if findings.lookup(place, "a contact, or a mail address", member, spec.contacts) is None:
            continue
        if spec.contacts[member].mail is None:
            findings.add(place, "a contact with a mail, by which PagerDuty knows people", f"{member}, which has none")

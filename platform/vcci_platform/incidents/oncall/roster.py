"""Who is on call: computed where the spec has the members, asked of PagerDuty where it has the roster.

The turns and their handoffs are always the spec's; a name that nobody knows is empty and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.vendors.pagerduty_connection import Answered
from vcci_platform.incidents.vendors.pagerduty_rest import OnCallNow, PagerDutyRest
from vcci_slo.oncall import Shift, shift_at, shifts, whose_turn
from vcci_slo.plan import LINES, Line, OnCall, Plan
from vcci_slo.windows import Span

__all__ = [
    "PAGERDUTY",
    "Asked",
    "Duty",
    "Level",
    "Person",
    "Remembered",
    "Roster",
    "Told",
    "Turn",
    "levels",
    "pagerduty_roster",
    "rosters",
]

PAGERDUTY = "PagerDuty"

Told = Answered[tuple[OnCallNow, ...]] | Failed
Asked = Callable[[str, datetime, datetime], Told]
"""Who is on call in the schedule of a variable between two moments."""


@dataclass(frozen=True)
class Remembered(Answered[tuple[OnCallNow, ...]]):
    """What PagerDuty said at a moment; `trouble` says why it has not been asked since, nothing while that is fresh."""

    at: datetime
    trouble: str = ""


@dataclass(frozen=True)
class Duty:
    """Who has one line in one turn. Without `who`, `unknown` says why; `source` is the spec or PagerDuty.

    `known_at` is when PagerDuty said so, and `trouble` why that is no longer fresh.
    """

    line: Line
    who: tuple[str, ...]
    source: str
    unknown: str = ""
    known_at: datetime | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Turn:
    """One turn of a rota, in UTC and as clocks show it in the rota's zone."""

    start: datetime
    end: datetime
    local_start: datetime
    local_end: datetime
    duties: tuple[Duty, ...]


@dataclass(frozen=True)
class Roster:
    """A rota at one moment: the turn that runs, and those that have a part in a span of time."""

    team: str
    zone: str
    now: Turn
    turns: tuple[Turn, ...]

    @property
    def next(self) -> tuple[Turn, ...]:
        """The turns of the span that come after the one that runs."""
        return tuple(turn for turn in self.turns if turn.start >= self.now.end)


@dataclass(frozen=True)
class Person:
    """A role of the escalation: who that is at the moment, or how they are reached; else `unknown` says why."""

    role: str
    who: str
    unknown: str = ""


@dataclass(frozen=True)
class Level:
    """One level of the escalation: whom it rings."""

    number: int
    people: tuple[Person, ...]


def rosters(
    plan: Plan,
    at: datetime,
    span: Span,
    ask: Asked | None = None,
    *,
    told_until: datetime | None = None,
    source: str = PAGERDUTY,
) -> tuple[Roster, ...]:
    """Return every rota at a moment, with the turns that have a part in a span.

    `told_until` is where PagerDuty's knowledge ends: later, silence does not mean that nobody is on call. `source` is
    what PagerDuty is called, or what stands in for it.
    """
    asking = _Asking(plan, at, ask, told_until, source)
    return tuple(asking.roster(rota, span) for rota in plan.on_call)


def levels(plan: Plan, found: Iterable[Roster]) -> tuple[Level, ...]:
    """Return who is asked at each level, whoever has the lines in the turn that runs."""
    known = {
        contact.name: Person(
            contact.name, ", ".join(way for way in (contact.mail, contact.phone, contact.slack) if way)
        )
        for contact in plan.contacts
    }
    for roster in found:
        for duty in roster.now.duties:
            role = f"{roster.team}.{duty.line}"
            known[role] = Person(role, ", ".join(duty.who), duty.unknown)
    return tuple(
        Level(number, tuple(known.get(role, Person(role, "")) for role in roles))
        for number, roles in plan.escalation.levels
    )


def pagerduty_roster(rest: PagerDutyRest, given: Mapping[str, str]) -> Asked:
    """Return what asks PagerDuty. `given` are ids of schedules by the name of their variable."""

    def ask(variable: str, since: datetime, until: datetime) -> Told:
        if variable not in given:
            return Failed(f"{variable} is not set", retryable=False)
        return rest.oncalls(schedule_ids=[given[variable]], since=since, until=until)

    return ask


@dataclass(frozen=True)
class _Asking:
    """What is asked: for which moment, whom, and how far that one knows."""

    plan: Plan
    at: datetime
    ask: Asked | None
    told_until: datetime | None
    source: str

    def roster(self, rota: OnCall, span: Span) -> Roster:
        zone = self.plan.calendar.timezone
        now = shift_at(rota, zone, self.at)
        since, until = min(now.start, span.start), max(now.end, span.end)
        found = [shift for shift in shifts(rota, zone, since, until) if shift.end > span.start]
        lines: list[Line] = [line for line in LINES if rota.schedule(line)]
        told: dict[Line, Told] = {
            line: self._told(rota.schedule(line), since, max(until, found[-1].end)) for line in lines
        }
        turns = tuple(self._turn(rota, shift, told) for shift in found if shift.start < span.end)
        return Roster(rota.team, zone, self._turn(rota, now, told), turns)

    def _told(self, variable: str, since: datetime, until: datetime) -> Told:
        if self.ask is None:
            missing = f"PagerDuty has the roster in {variable}, and PAGERDUTY_API_TOKEN is not set"
            return Failed(missing, retryable=False)
        return self.ask(variable, since, until)

    def _turn(self, rota: OnCall, shift: Shift, told: Mapping[Line, Told]) -> Turn:
        clocks = ZoneInfo(self.plan.calendar.timezone)
        duties = tuple(
            self._asked(line, told[line], shift) if line in told else _computed(rota, line, shift) for line in LINES
        )
        return Turn(shift.start, shift.end, shift.start.astimezone(clocks), shift.end.astimezone(clocks), duties)

    def _asked(self, line: Line, told: Told, shift: Shift) -> Duty:
        """Return who PagerDuty has in a turn: in the one that runs, who has it at that moment, overrides and all."""
        if isinstance(told, Failed):
            return Duty(line, (), self.source, told.error)
        runs = shift.start <= self.at < shift.end
        since, until = (self.at, self.at) if runs else (shift.start, shift.end)
        there = [one for one in told.value if _covers(one, since, until)]
        who = tuple(dict.fromkeys(one.user for one in sorted(there, key=lambda one: one.start or since)))
        if not who and self.told_until is not None and shift.end > self.told_until:
            unknown = f"PagerDuty tells shifts until {self.told_until:%Y-%m-%d}"
        else:
            unknown = "" if who else "nobody is on call"
        known_at, trouble = (told.at, told.trouble) if isinstance(told, Remembered) else (None, "")
        return Duty(line, who, self.source, unknown, known_at, trouble)


def _computed(rota: OnCall, line: Line, shift: Shift) -> Duty:
    who = whose_turn(rota, line, shift)
    return Duty(line, (who,) if who else (), "the spec", "" if who else f"the rota starts on {rota.starts}")


def _covers(one: OnCallNow, since: datetime, until: datetime) -> bool:
    """Return whether somebody is on call at a moment, or in some part of a span."""
    starts_before = one.start is None or one.start < until or (since == until and one.start <= until)
    return starts_before and (one.end is None or one.end > since)

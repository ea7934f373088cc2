"""Who is on call, whole: what the desk answers, its page shows, and the command prints with a desk or without one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import BaseModel

from vcci_platform.incidents.oncall.coming import coming
from vcci_platform.incidents.oncall.memory import FRESH
from vcci_platform.incidents.oncall.place import Pagers
from vcci_platform.incidents.oncall.roster import PAGERDUTY, Duty, Roster, Turn, levels, rosters
from vcci_platform.incidents.vendors.pagerduty_rest import TOLD_AHEAD
from vcci_slo.oncall import handoff_words
from vcci_slo.plan import Correction, Line, OnCall, Plan
from vcci_slo.windows import Span

__all__ = ["DAYS_AHEAD", "ComingView", "DutyView", "OnCallView", "RotaView", "SourceView", "TurnView", "on_call_view"]

DAYS_AHEAD = timedelta(days=14)
"""How far is looked ahead unless a span is asked for."""


class DutyView(BaseModel):
    """Who has one line of a turn. Without `who`, `unknown` says why; `source` is who says so."""

    line: Line
    who: tuple[str, ...]
    source: str
    unknown: str


class TurnView(BaseModel):
    """One turn, in UTC and as clocks show it in the rota's zone."""

    start: datetime
    end: datetime
    local_start: datetime
    local_end: datetime
    duties: tuple[DutyView, ...]

    @classmethod
    def of(cls, turn: Turn) -> TurnView:
        """Return the view of a turn."""
        duties = (DutyView(line=one.line, who=one.who, source=one.source, unknown=one.unknown) for one in turn.duties)
        return cls(
            start=turn.start,
            end=turn.end,
            local_start=turn.local_start,
            local_end=turn.local_end,
            duties=tuple(duties),
        )


class RotaView(BaseModel):
    """A rota: the turn that runs at the moment, and those that have a part in the span."""

    team: str
    zone: str
    hands_over: str
    now: TurnView
    turns: tuple[TurnView, ...]


class PersonView(BaseModel):
    """A role of the escalation, and who that is at the moment or how they are reached."""

    role: str
    who: str
    unknown: str


class LevelView(BaseModel):
    """One level of the escalation: whom it rings."""

    level: int
    people: tuple[PersonView, ...]


class ComingView(BaseModel):
    """Something that is planned."""

    text: str
    start: datetime
    end: datetime


class SourceView(BaseModel):
    """What keeps the roster where the spec does not, and how old its word is.

    `known_at` is when it said what is shown, None when it has said nothing; `trouble` why it was not asked since. An
    answer counts as of now for `fresh_seconds`.
    """

    name: str
    known_at: datetime | None
    age_seconds: float | None
    fresh_seconds: float
    trouble: str


class OnCallView(BaseModel):
    """Who is on call at a moment and in a span, whom each level asks at that moment, and what is planned."""

    at: datetime
    start: datetime
    end: datetime
    zone: str
    rotas: tuple[RotaView, ...]
    levels: tuple[LevelView, ...]
    coming: tuple[ComingView, ...]
    source: SourceView | None


def on_call_view(
    plan: Plan,
    now: datetime,
    *,
    at: datetime | None = None,
    span: Span | None = None,
    pagers: Pagers | None = None,
    corrections: Iterable[Correction] | None = None,
) -> OnCallView:
    """Return who is on call at a moment, now unless said otherwise, and in a span, two weeks from then on.

    `pagers` are asked for what they alone know; `corrections` are those that stand, unset those of the spec.
    """
    at = at or now
    span = span or Span(at, at + DAYS_AHEAD)
    source = pagers.name if pagers else PAGERDUTY
    ask = pagers.ask if pagers else None
    found = rosters(plan, at, span, ask, told_until=now + TOLD_AHEAD, source=source)
    return OnCallView(
        at=at,
        start=span.start,
        end=span.end,
        zone=plan.calendar.timezone,
        rotas=tuple(_rota(rota, roster) for rota, roster in zip(plan.on_call, found, strict=True)),
        levels=tuple(
            LevelView(
                level=level.number,
                people=tuple(PersonView(role=one.role, who=one.who, unknown=one.unknown) for one in level.people),
            )
            for level in levels(plan, found)
        ),
        coming=tuple(
            ComingView(text=one.text, start=one.start, end=one.end)
            for one in coming(plan, span.start, span.end, corrections)
        ),
        source=_source([duty for roster in found for duty in roster.now.duties], now, source),
    )


def _rota(rota: OnCall, roster: Roster) -> RotaView:
    return RotaView(
        team=roster.team,
        zone=roster.zone,
        hands_over=handoff_words(rota),
        now=TurnView.of(roster.now),
        turns=tuple(TurnView.of(turn) for turn in roster.turns),
    )


def _source(duties: Iterable[Duty], now: datetime, name: str) -> SourceView | None:
    """Return what is known of the source, None where the spec knows everything by itself."""
    asked = [duty for duty in duties if duty.source == name]
    if not asked:
        return None
    known_at = min((duty.known_at for duty in asked if duty.known_at is not None), default=None)
    trouble = next(
        (text for duty in asked if (text := duty.trouble or (duty.unknown if not duty.known_at else ""))), ""
    )
    return SourceView(
        name=name,
        known_at=known_at,
        age_seconds=(now - known_at).total_seconds() if known_at else None,
        fresh_seconds=FRESH.total_seconds(),
        trouble=trouble,
    )

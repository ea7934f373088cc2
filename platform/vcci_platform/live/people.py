"""Who hears of an alert, how, and by when they must have answered; as the plan says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from vcci_slo.plan import LINES, Plan, Priority
from vcci_slo.promql.durations import words

__all__ = ["Heard", "heard"]

_URGENCY: Final = {"high": "rings whoever is on call", "low": "makes a quiet incident for whoever is on call"}


@dataclass(frozen=True)
class Heard:
    """How a severity is heard: in a sentence, whether it wakes someone, the deadlines, and who is asked next."""

    sentence: str
    wakes: bool
    deadlines: tuple[str, ...]
    escalates: tuple[str, ...]


def heard(plan: Plan, priority: str, team: str) -> Heard:
    """Return how an alert of a severity and a team is heard."""
    severity = next((one for one in plan.severities if one.priority == priority), None)
    if severity is None:
        return Heard("nobody hears of it by itself", wakes=False, deadlines=(), escalates=())
    told = severity.notify
    if told.pagerduty is None:
        sentence = f"nobody is paged{f'; it stands in {told.slack}' if told.slack else ''}"
    else:
        during = f" during {told.during}" if told.during else ""
        chat = f", and tells {told.slack}" if told.slack else ""
        sentence = f"PagerDuty {_URGENCY[told.pagerduty]}{_rota(plan, team)}{during}{chat}"
    spans: tuple[tuple[str, timedelta | None], ...] = (
        ("acknowledge", severity.acknowledge),
        ("assess", severity.assess),
        ("update", severity.update),
    )
    deadlines = tuple(f"{name} within {words(span)}" for name, span in spans if span)
    return Heard(sentence, severity.page, deadlines, tuple(_escalates(plan, severity.priority)))


def _rota(plan: Plan, team: str) -> str:
    rota = next((one for one in plan.on_call if one.team == dict(plan.teams).get(team, team) or one.team == team), None)
    if rota is None:
        return ""
    lines = (rota.schedule(line) or " and ".join(rota.members(line)) for line in LINES)
    return f" for {team} ({'schedule ' if rota.primary else ''}{', then '.join(lines)})"


def _escalates(plan: Plan, priority: Priority) -> Iterator[str]:
    kinds: tuple[Literal["unacknowledged", "unresolved"], ...] = ("unacknowledged", "unresolved")
    for kind in kinds:
        for after, level in plan.escalation.steps(priority, kind):
            who = ", ".join(plan.escalation.who(level)) or "nobody"
            yield f"{kind} after {words(after)}: level {level}, {who}"

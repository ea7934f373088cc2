"""The state of everything in one sentence. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vcci_platform.console import words
from vcci_platform.console.promises import Promise
from vcci_platform.incidents.views import IncidentSummary
from vcci_platform.reliability.service import ActiveAlert

__all__ = ["Glance", "glance"]


@dataclass(frozen=True)
class Glance:
    """One sentence, what to add to it, and how it should feel: bad needs somebody now, doubt needs a look."""

    mood: Literal["bad", "doubt", "good"]
    sentence: str
    more: str = ""


def glance(
    incidents: Sequence[IncidentSummary],
    firing: Sequence[ActiveAlert],
    promises: Sequence[Promise] | None,
    now: datetime,
) -> Glance:
    """Return what a person who was just woken should read first. Promises are None while their source is away."""
    if incidents:
        return _of_incidents(incidents, now)
    if firing:
        first = firing[0]
        others = f", and {len(firing) - 1} more" if len(firing) > 1 else ""
        return Glance("bad", f"{first.alert} fires as {first.priority}{others}.", "There is no incident for it yet.")
    if promises is None:
        return Glance("doubt", "How the promises are doing is unknown.", "The source of the figures does not answer.")
    spent = [promise.slo.name for promise in promises if promise.state == "exhausted"]
    burning = [promise.slo.name for promise in promises if promise.state == "burning"]
    if spent or burning:
        which = " and ".join(
            part
            for part in (
                _listed(burning, "burns its budget", "burn their budgets"),
                _listed(spent, "has spent its budget", "have spent their budgets"),
            )
            if part
        )
        return Glance("doubt", f"Nothing fires, but {which}.")
    unknown = sum(1 for promise in promises if promise.state == "unknown")
    if unknown:
        every = len(promises)
        text = "every promise is" if unknown == every else f"{unknown} of {every} promises are"
        return Glance("doubt", f"Nothing fires, but {text} unobserved.", "Silence is not health.")
    known = min((promise.status.window.known for promise in promises), default=1.0)
    seen = "" if known == 1 else f" Of the least known, {words.share(known)} of the window was observed."
    return Glance("good", "All is well.", f"Nothing fires, and all {len(promises)} promises are kept.{seen}")


def _of_incidents(incidents: Sequence[IncidentSummary], now: datetime) -> Glance:
    worst = min(incidents, key=lambda incident: (incident.priority, incident.detected_at))
    others = len(incidents) - 1
    more = [f"Detected {words.ago(worst.detected_at, now)}"]
    if worst.state != "detected":
        more.append(f"now {worst.state}")
    more.append(f"acknowledged by {worst.acknowledged_by}" if worst.acknowledged_at else "nobody has acknowledged it")
    if others:
        more.append(f"{others} more incident{'s are' if others > 1 else ' is'} open")
    return Glance("bad", f"{worst.priority} \N{MIDDLE DOT} {worst.title}", ", ".join(more) + ".")


def _listed(names: Sequence[str], one: str, many: str) -> str:
    if not names:
        return ""
    if len(names) == 1:
        return f"{names[0]} {one}"
    return f"{len(names)} promises {many}"

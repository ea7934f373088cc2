"""What every message repeats: who commands, what the last update said, and when the next one is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from vcci_platform.incidents import duties, store
from vcci_platform.incidents.decisions import Arm, Cancel, Decision, Record, TimerKind
from vcci_platform.incidents.model import Role

__all__ = ["known", "next_update"]


def known(connection: Connection, incident_id: str, decisions: Sequence[Decision]) -> list[tuple[str, str]]:
    """Return who commands, and the impact and the ETA as the last update has them, which may be being told now."""
    people = {row["role"]: row["person"] for row in duties.roles_of(connection, incident_id)}
    commander = people.get(Role.COMMANDER.value)
    now = [one for one in decisions if isinstance(one, Record) and one.kind == "update"]
    said = now[-1].facts if now else store.facts_of_update(connection, incident_id)
    return [*([("Commander", commander)] if commander else []), *said]


def next_update(connection: Connection, incident_id: str, decisions: Sequence[Decision]) -> datetime | None:
    """Return when the next update will be due once everything that was decided is carried out; None where none is."""
    armed = store.timers_of(connection, incident_id)
    due: datetime | None = next((row["due_at"] for row in armed if row["kind"] == TimerKind.UPDATE), None)
    for decision in decisions:
        match decision:
            case Cancel(kinds) if TimerKind.UPDATE in kinds:
                due = None
            case Arm(TimerKind.UPDATE, due_at):
                due = due_at
            case _:
                pass
    return due

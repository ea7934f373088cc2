"""A Watchdog that falls silent is an incident of its own: whoever it speaks for may be blind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import RowMapping

from vcci_platform.incidents.inbox import is_blind
from vcci_platform.incidents.model import Alert, Priority

__all__ = ["SOURCE", "silences"]

SOURCE = "watchdog"
SYSTEM = "monitoring"

SILENT_AT_LEAST = timedelta(seconds=30)
"""Under a time scale machines do not speak faster: a shorter pause is only a busy machine."""

ALERT = "WatchdogSilent"


def silences(
    known: Mapping[str, RowMapping], silent: timedelta, runbooks: str, now: datetime
) -> tuple[tuple[str, datetime | None, Alert], ...]:
    """Return the source, the moment since when its silence is an alarm, and the alert, of each that has changed.

    The alert fires when a source has been silent for too long, or said itself that it is gone; it ends when the
    source is heard again.
    """
    silent = max(silent, SILENT_AT_LEAST)
    found: list[tuple[str, datetime | None, Alert]] = []
    for source, beat in sorted(known.items()):
        alarmed_at: datetime | None = beat["alarmed_at"]
        blind = is_blind(beat, now, silent)
        if blind and alarmed_at is None:
            since = now if beat["lost"] else max(beat["seen_at"] + silent, beat["seen_at"])
            found.append((source, since, _alert(source, since, beat["seen_at"], runbooks)))
        elif not blind and alarmed_at is not None:
            found.append((source, None, _alert(source, alarmed_at, beat["seen_at"], runbooks, ended=now)))
    return tuple(found)


def _alert(source: str, since: datetime, seen_at: datetime, runbooks: str, *, ended: datetime | None = None) -> Alert:
    return Alert(
        fingerprint=f"watchdog:{source}",
        name=ALERT,
        resolved=ended is not None,
        priority=Priority.P1,
        system=SYSTEM,
        starts_at=since,
        ends_at=ended,
        component=SYSTEM,
        summary=f"the Watchdog of {source} was last heard at {seen_at:%Y-%m-%d %H:%M:%S} UTC: nobody may be watching",
        description="Prometheus, Alertmanager or the way between them and the desk is broken: alerts may not arrive.",
        runbook_url=f"{runbooks}/watchdog" if runbooks else "",
        source=SOURCE,
    )

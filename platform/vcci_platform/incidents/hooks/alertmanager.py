"""Alertmanager's webhook, version 4: what a notification says, and what of it makes no sense.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Unknown fields are ignored; a broken alert
does not hide the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vcci_platform.incidents.model import Alert, Priority
from vcci_platform.incidents.texts import kept
from vcci_platform.incidents.understanding import Beat, Understood

__all__ = ["SOURCE", "WATCHDOG", "pager_key", "understand"]

SOURCE = "alertmanager"
WATCHDOG = "Watchdog"
VERSION = "4"
COMPRESSED = b"\x1f\x8b"

LONGEST_NAME = 200
LONGEST_TEXT = 4096
"""Enough for every alert that a person wrote. A longer one rings with its beginning, instead of not at all."""

NOT_ENDED_YEAR = 1
"""While an alert fires, Go's zero time stands in `endsAt`: 0001-01-01T00:00:00Z."""

PRIORITY_OF_SEVERITY: Mapping[str, Priority] = {
    "critical": Priority.P0,
    "warning": Priority.P1,
    "info": Priority.P2,
    "none": Priority.P3,
}


def pager_key(group_key: str) -> str:
    """Return the dedup_key under which Alertmanager itself pages PagerDuty for a group.

    Source: alertmanager, notify/util.go, `Key.Hash`: the SHA-256 of the group key, in hexadecimal.

    >>> pager_key("{}:{}")[:12]
    'cc9772a1ec90'
    """
    return hashlib.sha256(group_key.encode(errors="replace")).hexdigest()


def understand(body: bytes) -> Understood:
    """Return the alerts and heartbeats of a notification, and what could not be understood."""
    if body.startswith(COMPRESSED):
        return Understood(problems=("expected JSON, found bytes compressed by gzip; send them as they are",))
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        return Understood(problems=(f"expected JSON: {error}",))
    if not isinstance(document, dict):
        return Understood(problems=(f"expected an object, found {type(document).__name__}",))
    if document.get("version") != VERSION:
        return Understood(problems=(f'version: expected "4", found {document.get("version")!r}',))
    messages = document.get("alerts")
    if not isinstance(messages, list):
        return Understood(problems=("alerts: expected a list",))
    group_key = document.get("groupKey")
    key = pager_key(group_key) if isinstance(group_key, str) and group_key else None
    alerts: list[Alert] = []
    beats: list[Beat] = []
    problems: list[str] = []
    for index, message in enumerate(messages):
        try:
            name, resolved = _name_and_state(message)
            if name == WATCHDOG:
                beats.append(Beat(SOURCE, lost=resolved))
            else:
                alerts.append(_alert(message, name, key, resolved=resolved))
        except ValueError as error:
            problems.append(f"alerts[{index}].{error}")
    if truncated := document.get("truncatedAlerts"):
        problems.append(f"truncatedAlerts: {truncated} alerts were left out by Alertmanager; set max_alerts to 0")
    return Understood(tuple(alerts), tuple(beats), problems=tuple(problems))


def _name_and_state(message: Any) -> tuple[str, bool]:
    if not isinstance(message, dict):
        raise ValueError(f"expected an object, found {type(message).__name__}")  # noqa: TRY004 - input, not a bug
    name = _texts(message, "labels").get("alertname", "")
    if not name:
        raise ValueError("labels.alertname: expected the name of the alert, found nothing")
    status = message.get("status")
    if not isinstance(status, str) or status not in {"firing", "resolved"}:
        raise ValueError(f"status: expected firing or resolved, found {status!r}")
    return name, status == "resolved"


def _alert(message: Mapping[str, Any], name: str, key: str | None, *, resolved: bool) -> Alert:
    labels = _texts(message, "labels")
    notes = _texts(message, "annotations")
    starts_at = _moment(message, "startsAt")
    if starts_at is None:
        raise ValueError("startsAt: expected the moment at which the alert began, found nothing")
    return Alert(
        fingerprint=_fingerprint(message, labels),
        name=kept(name, LONGEST_NAME),
        resolved=resolved,
        priority=_priority(labels),
        system=_system(labels),
        starts_at=starts_at,
        ends_at=_moment(message, "endsAt") if resolved else None,
        component=labels.get("component", ""),
        summary=notes.get("summary", ""),
        description=notes.get("description", ""),
        runbook_url=notes.get("runbook_url") or notes.get("runbook", ""),
        dashboard_url=notes.get("dashboard_url", ""),
        source=SOURCE,
        pager_key=key,
        labels=labels,
    )


def _priority(labels: Mapping[str, str]) -> Priority:
    """Return the alert's own priority, else that of its severity; one that says neither is taken for serious."""
    named = labels.get("priority", "")
    if named in set(Priority):
        return Priority(named)
    return PRIORITY_OF_SEVERITY.get(labels.get("severity", ""), Priority.P1)


def _system(labels: Mapping[str, str]) -> str:
    """Return what fails together. Without a word about it, alerts of different names are different incidents."""
    system = labels.get("system") or labels.get("component") or f"alert:{labels['alertname']}"
    return kept(system, LONGEST_NAME)


def _fingerprint(message: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    given = message.get("fingerprint")
    if isinstance(given, str) and given and kept(given, LONGEST_NAME) == given:
        return given
    return hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:32]


def _texts(message: Mapping[str, Any], field: str) -> dict[str, str]:
    found = message.get(field) or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError(f"{field}: expected an object of texts")
    return {kept(str(name), LONGEST_NAME): kept(value, LONGEST_TEXT) for name, value in found.items()}


def _moment(message: Mapping[str, Any], field: str) -> datetime | None:
    found = message.get(field)
    if not found:
        return None
    try:
        moment = datetime.fromisoformat(found)
    except (TypeError, ValueError):
        raise ValueError(f"{field}: expected an RFC 3339 moment, found {found!r}") from None
    if moment.tzinfo is None:
        raise ValueError(f"{field}: expected a moment with its time zone, found {found!r}")
    try:
        return None if moment.year == NOT_ENDED_YEAR else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{field}: expected a moment within the calendar, found {found!r}") from None

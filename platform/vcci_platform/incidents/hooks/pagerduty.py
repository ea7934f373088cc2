"""PagerDuty's webhooks, version 3: who may speak, and what an event means for an incident of ours.

https://developer.pagerduty.com/docs/webhooks-overview. The list of events grows; one that is unknown is understood to
mean nothing, because an answer of 4xx would make PagerDuty drop it and, after three, stop speaking at all.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

__all__ = ["BODY_LIMIT_BYTES", "SOURCE", "Heard", "PagerEvent", "delivery_key", "is_signed", "understand"]

SOURCE = "pagerduty"
BODY_LIMIT_BYTES = 256 * 1024
"""PagerDuty itself sends nothing larger."""

VERSION = "v1="
LONGEST_TEXT = 4096
LONGEST_ID = 190


class Heard(StrEnum):
    """What PagerDuty says has happened there; OTHER is worth a line, nothing more."""

    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    REASSIGNED = "reassigned"
    NOTE = "note"
    OTHER = "other"


_HEARD: Mapping[str, Heard] = {
    "incident.acknowledged": Heard.ACKNOWLEDGED,
    "incident.unacknowledged": Heard.UNACKNOWLEDGED,
    "incident.resolved": Heard.RESOLVED,
    "incident.reopened": Heard.REOPENED,
    "incident.escalated": Heard.ESCALATED,
    "incident.reassigned": Heard.REASSIGNED,
    "incident.delegated": Heard.REASSIGNED,
    "incident.annotated": Heard.NOTE,
}
_SILENT = frozenset({"pagey.ping", "incident.triggered"})
"""A test of the way, and the echo of our own page."""


@dataclass(frozen=True)
class PagerEvent:
    """What happened to a page of ours in PagerDuty.

    `key` is the key under which we paged, where the event tells it; `remote_id` PagerDuty's own id of its incident.
    `by` is the person who did it, empty for PagerDuty's own automation, such as a time that ran out.
    """

    heard: Heard
    event_type: str
    occurred_at: datetime
    key: str = ""
    remote_id: str = ""
    by: str = ""
    text: str = ""


def is_signed(body: bytes, header: str, secrets: Iterable[str]) -> bool:
    """Return whether any of the signatures is that of any of the secrets over exactly these bytes.

    Source: https://developer.pagerduty.com/docs/verifying-webhook-signatures: `v1=` and the HMAC-SHA256 in
    hexadecimal, several with commas between while a secret is renewed; other versions are ignored.
    """
    given = [part.strip()[len(VERSION) :] for part in header.split(",") if part.strip().startswith(VERSION)]
    expected = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets]
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected]
    return any(matches)


def delivery_key(body: bytes, webhook_id: str) -> str:
    """Return what makes two deliveries one: the event that the signed bytes name, else PagerDuty's number of them.

    The number of a delivery stays over redeliveries, but nobody signs it: whoever has seen a delivery could send it
    again under another number. The number of the event is signed.

    >>> delivery_key(b'{"event": {"id": "01EVENT"}}', "w-1"), delivery_key(b"", "w-1")
    ('event:01EVENT', 'id:w-1')
    """
    if event := _event_id(body):
        return f"event:{event}"
    return f"id:{webhook_id}"[:200] if webhook_id else f"sha256:{hashlib.sha256(body).hexdigest()}"


def _event_id(body: bytes) -> str:
    try:
        found = _text(_object(_object(json.loads(body)).get("event")).get("id"))
    except (ValueError, RecursionError):
        return ""
    return found if len(found) <= LONGEST_ID else ""


def understand(body: bytes) -> tuple[tuple[PagerEvent, ...], tuple[str, ...]]:
    """Return the event of a delivery, none for one that says nothing, and what could not be understood."""
    try:
        event = _event(json.loads(body))
    except RecursionError as error:
        return (), (f"expected JSON: {error}",)
    except ValueError as error:
        return (), (str(error) if isinstance(error, _Malformed) else f"expected JSON: {error}",)
    return (event,) if event is not None else (), ()


class _Malformed(ValueError):
    pass


def _event(document: object) -> PagerEvent | None:
    event = _object(document).get("event")
    if not isinstance(event, dict):
        raise _Malformed("event: expected an object")
    kind = event.get("event_type")
    if not isinstance(kind, str) or not kind:
        raise _Malformed("event.event_type: expected a name")
    if kind in _SILENT or not kind.startswith("incident."):
        return None
    data = event.get("data")
    if not isinstance(data, dict):
        raise _Malformed("event.data: expected an object")
    occurred_at = _moment(event.get("occurred_at"))
    if occurred_at is None:
        raise _Malformed(f"event.occurred_at: expected an RFC 3339 moment, found {event.get('occurred_at')!r}")
    incident = data if data.get("type") == "incident" else _object(data.get("incident"))
    return PagerEvent(
        heard=_HEARD.get(kind, Heard.OTHER),
        event_type=kind,
        occurred_at=occurred_at,
        key=_text(incident.get("incident_key")),
        remote_id=_text(incident.get("id")),
        by=_person(event),
        text=_words(kind, data),
    )


def _person(event: Mapping[str, Any]) -> str:
    """Return the person who did it; a service or an integration, such as ourselves, is nobody."""
    agent = _object(event.get("agent"))
    return _text(agent.get("summary")) if _text(agent.get("type")).startswith("user") else ""


def _words(kind: str, data: Mapping[str, Any]) -> str:
    """Return what the event says beside its name: a note's words, a message, who was asked or given a task."""
    if kind == "incident.annotated":
        return _text(data.get("content"))
    if kind == "incident.status_update_published":
        return _text(data.get("message"))
    if kind in {"incident.reassigned", "incident.escalated", "incident.delegated"}:
        names = [_text(_object(one).get("summary")) for one in data.get("assignees") or () if isinstance(one, dict)]
        return ", ".join(name for name in names if name)
    if kind.startswith("incident.responder."):
        return _text(_object(data.get("user")).get("summary"))
    if kind == "incident.priority_updated":
        return _text(_object(data.get("priority")).get("summary"))
    return ""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    clean = value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return clean[:LONGEST_TEXT]


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None

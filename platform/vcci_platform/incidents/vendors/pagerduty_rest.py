"""What the desk asks of PagerDuty's REST API v2 about incidents: find, read, move, annotate, and who is on call.

Writes return an `Outcome`, reads `Answered` or `Failed`. PagerDuty has no idempotency key for notes and status updates:
what is written carries a marker, and is looked for before it is written a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from vcci_platform.incidents.ports import Delivered, Failed, Outcome, PageAtVendor, PageChange
from vcci_platform.incidents.rules import VENDOR_BEHIND
from vcci_platform.incidents.vendors.pagerduty_connection import Answered, Connection, Refused, listed
from vcci_platform.incidents.vendors.pagerduty_facts import LogEntry, OnCallNow, RemoteIncident

__all__ = ["TOLD_AHEAD", "LogEntry", "OnCallNow", "PagerDutyRest", "RemoteIncident", "RemoteStatus"]

RemoteStatus = Literal["triggered", "acknowledged", "resolved"]
OPEN: Final[tuple[RemoteStatus, ...]] = ("triggered", "acknowledged")

# https://developer.pagerduty.com/docs/rest-api-error-codes
ALREADY_RESOLVED, ALREADY_ACKNOWLEDGED, CHANGED_MEANWHILE = 1001, 1002, 1005
_LOGGED: Final[Mapping[str, tuple[str, ...]]] = {
    "acknowledged": ("acknowledge",),
    "resolved": ("resolve",),
    "triggered": ("unacknowledge", "trigger"),  # who opens one again has triggered it
}
"""How the lines of the log that lead to a status begin."""

HANDED_ON = "escalate_log_entry"

NOTE_LIMIT_CHARACTERS = 25_000
NOT_THERE_YET = timedelta(minutes=1)
"""After this long a page is looked for again that PagerDuty has taken and not opened."""
TOLD_AHEAD = timedelta(days=90)
"""How far into the future `/oncalls` knows shifts, as the description of its parameters says."""


class PagerDutyRest:
    """PagerDuty's incidents by their id, and its rosters."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def close(self) -> None:
        """Close the connections; the next call opens them again."""
        self.connection.close()

    # --- reading ---

    def incident(self, incident_id: str) -> Answered[RemoteIncident] | Failed:
        """Return an incident by PagerDuty's id."""
        answer = self.connection.get(f"/incidents/{incident_id}")
        return answer if isinstance(answer, Failed) else _one(answer.value)

    def incident_by_key(self, key: str) -> Answered[RemoteIncident | None] | Failed:
        """Return the incident of a dedup_key: the open one, else the newest, None if there never was one."""
        answer = self.connection.every("/incidents", "incidents", incident_key=key, date_range="all")
        if isinstance(answer, Failed):
            return answer
        found = [_incident(item) for item in answer.value]
        found = [incident for incident in found if incident.key == key]
        return Answered(max(found, key=lambda one: (one.open, one.number), default=None))

    def incidents(
        self, statuses: Sequence[RemoteStatus] = OPEN, since: datetime | None = None, service_id: str = ""
    ) -> Answered[tuple[RemoteIncident, ...]] | Failed:
        """Return incidents in these states, created since then; open ones by default, however old."""
        span: dict[str, Any] = {"since": _text(since)} if since else {"date_range": "all"}
        services = [service_id] if service_id else None
        answer = self.connection.every("/incidents", "incidents", statuses=list(statuses), service_ids=services, **span)
        return answer if isinstance(answer, Failed) else Answered(tuple(_incident(item) for item in answer.value))

    def log_entries(self, incident_id: str, since: datetime | None = None) -> Answered[tuple[LogEntry, ...]] | Failed:
        """Return what happened to an incident, the oldest first.

        PagerDuty lists the newest first, and its moments are whole seconds: within one, its order says what came first.
        """
        given = {"since": _text(since)} if since else {}
        answer = self.connection.every(f"/incidents/{incident_id}/log_entries", "log_entries", **given)
        if isinstance(answer, Failed):
            return answer
        never = datetime.max.replace(tzinfo=UTC)
        entries = [_log_entry(item) for item in reversed(answer.value)]
        return Answered(tuple(sorted(entries, key=lambda one: one.at or never)))

    def oncalls(
        self,
        *,
        schedule_ids: Sequence[str] = (),
        policy_ids: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Answered[tuple[OnCallNow, ...]] | Failed:
        """Return who is on call between two moments, now without them, in the order of levels and time.

        PagerDuty tells shifts for `TOLD_AHEAD` from now; beyond it, nobody is known to be on call.
        """
        answer = self.connection.every(
            "/oncalls",
            "oncalls",
            schedule_ids=list(schedule_ids) or None,
            escalation_policy_ids=list(policy_ids) or None,
            since=_text(since) if since else None,
            until=_text(until) if until else None,
        )
        if isinstance(answer, Failed):
            return answer
        first = datetime.min.replace(tzinfo=UTC)
        found = (_on_call(item) for item in answer.value)
        return Answered(
            tuple(sorted(found, key=lambda one: (one.level, one.schedule_id, one.start or first, one.user)))
        )

    def page_under(self, key: str) -> PageAtVendor | Failed | None:
        """Return the page under a key with who changed it last; None if there never was one."""
        found = self.incident_by_key(key)
        if isinstance(found, Failed):
            return found
        incident = found.value
        if incident is None or incident.status not in _LOGGED:
            return None
        log = self.log_entries(incident.id, incident.created_at)
        entries = () if isinstance(log, Failed) else log.value
        led = [entry for entry in entries if entry.kind.startswith(_LOGGED[incident.status])]
        by = led[-1].by if led and led[-1].by_user else ""
        return PageAtVendor(incident.id, incident.status, incident.changed_at, by, tuple(_changes(entries)))

    # --- writing ---

    def escalate_under(self, key: str, level: int, *, asked_at: datetime | None = None, handed_on: int = 0) -> Outcome:
        """Ring those of a level for the page under a key; one that is resolved rings nobody.

        PagerDuty rings a level as often as it is asked to. Where an earlier attempt since `asked_at` may have arrived,
        its log is read first: a hand-on there that was not PagerDuty's own is ours, beyond those that others asked for.
        """
        found = self.incident_by_key(key)
        if isinstance(found, Failed):
            return found
        if found.value is None:
            return Failed("PagerDuty has no incident under this key yet", retryable=True)
        if asked_at is not None:
            log = self.log_entries(found.value.id, asked_at - VENDOR_BEHIND)
            if isinstance(log, Failed):
                return log
            if sum(entry.kind == HANDED_ON and entry.by_user for entry in log.value) > handed_on:
                return Delivered({"id": found.value.id, "already": True})
        return self.escalate(found.value.id, level)

    def join_under(self, key: str, policy: str, message: str) -> Outcome:
        """Ask those of a policy, by its name, to join whoever has the page under a key; once for each message."""
        found = self.incident_by_key(key)
        if isinstance(found, Failed):
            return found
        if found.value is None:
            return Failed("PagerDuty has no incident under this key yet", retryable=True)
        path = f"/incidents/{found.value.id}"
        known = self.connection.get(path)
        if isinstance(known, Failed):
            return known
        if any(
            asked.get("message") == message for asked in listed(_map(known.value, "incident"), "responder_requests")
        ):
            return Delivered({"id": found.value.id, "already": True})
        target = self._id_of("escalation_policies", "name", policy)
        requester = self._id_of("users", "email", self.connection.sender)
        for one in (target, requester):
            if isinstance(one, Failed):
                return one
        reference = {"id": target, "type": "escalation_policy_reference"}
        targets = [{"responder_request_target": reference}]
        body = {"requester_id": requester, "message": message, "responder_request_targets": targets}
        answer = self.connection.send("POST", f"{path}/responder_requests", body)
        return answer if isinstance(answer, Failed) else Delivered({"id": found.value.id})

    def rename_under(self, key: str, title: str) -> Outcome:
        """Give the page under a key another title; what its alerts say, PagerDuty lets nobody change."""
        found = self.incident_by_key(key)
        if isinstance(found, Failed):
            return found
        if found.value is None:
            return Failed("PagerDuty has no incident under this key yet", retryable=True, after=NOT_THERE_YET)
        if found.value.title == title:
            return Delivered({"id": found.value.id, "already": True})
        return self._update(found.value.id, {"title": title})

    def _id_of(self, kind: str, field: str, value: str) -> str | Failed:
        """Return PagerDuty's id of the one thing of a kind that has this value."""
        found = self.connection.every(f"/{kind}", kind, query=value)
        if isinstance(found, Failed):
            return found
        ids = [str(item["id"]) for item in found.value if value and item.get(field) == value]
        return ids[0] if ids else Failed(f"PagerDuty has none of {kind} with {field} {value!r}", retryable=False)

    def acknowledge(self, incident_id: str) -> Outcome:
        """Stop the ringing. One that is resolved stays so: PagerDuty would open it again."""
        now = self.incident(incident_id)
        if isinstance(now, Failed):
            return now
        if now.value.status != "triggered":
            return Delivered({"id": incident_id, "already": now.value.status})
        return self._update(incident_id, {"status": "acknowledged"}, fine=(ALREADY_ACKNOWLEDGED,))

    def resolve(self, incident_id: str, resolution: str = "") -> Outcome:
        """Say that it is over; a second time is as good as the first."""
        said = {"resolution": resolution} if resolution else {}
        return self._update(incident_id, {"status": "resolved", **said}, fine=(ALREADY_RESOLVED,))

    def escalate(self, incident_id: str, level: int) -> Outcome:
        """Ring those of a level of its escalation policy; nobody is rung for one that is resolved."""
        return self._update(incident_id, {"escalation_level": level}, fine=(ALREADY_RESOLVED,))

    def set_priority(self, incident_id: str, name: str) -> Outcome:
        """Give it the priority of this name, such as P0."""
        return self._update(incident_id, {"priority": name})

    def add_note(self, incident_id: str, text: str, marker: str, *, doubtful: bool = True) -> Outcome:
        """Write a note that ends with `marker`, once.

        `doubtful`: an earlier attempt may have arrived, so the notes are read first, and one with the marker is enough.
        """
        path = f"/incidents/{incident_id}/notes"
        if doubtful:
            known = self.connection.get(path)
            if isinstance(known, Failed):
                return known
            for note in listed(known.value, "notes"):
                if marker in str(note.get("content", "")):
                    return Delivered({"id": str(note.get("id", "")), "already": True})
        content = f"{text[: NOTE_LIMIT_CHARACTERS - len(marker) - 1]} {marker}"
        answer = self.connection.send("POST", path, {"note": {"content": content}})
        if isinstance(answer, Failed):
            return answer
        return Delivered({"id": str(_map(answer.value, "note").get("id", ""))})

    def post_status_update(self, incident_id: str, message: str, marker: str, *, doubtful: bool = True) -> Outcome:
        """Tell PagerDuty's subscribers, once: a second one would be mailed to everybody.

        PagerDuty has no list of status updates; one in doubt is looked for in the log of the incident.
        """
        if doubtful:
            log = self.connection.every(f"/incidents/{incident_id}/log_entries", "log_entries")
            if isinstance(log, Failed):
                return log
            for entry in log.value:
                if marker in str(entry):
                    return Delivered({"id": str(entry.get("id", "")), "already": True})
        said = {"message": f"{message} {marker}"}
        answer = self.connection.send("POST", f"/incidents/{incident_id}/status_updates", said)
        if isinstance(answer, Failed):
            return answer
        return Delivered({"id": str(_map(answer.value, "status_update").get("id", ""))})

    def _update(self, incident_id: str, change: Mapping[str, Any], fine: tuple[int, ...] = ()) -> Outcome:
        body = {"incident": {"type": "incident_reference", **change}}
        answer = self.connection.send("PUT", f"/incidents/{incident_id}", body)
        if isinstance(answer, Refused) and answer.code in fine:
            return Delivered({"id": incident_id, "already": True})
        if isinstance(answer, Refused) and answer.code == CHANGED_MEANWHILE:
            return Failed(answer.error, retryable=True)
        if isinstance(answer, Failed):
            return answer
        return Delivered({"id": incident_id, "status": str(_map(answer.value, "incident").get("status", ""))})


# --- PagerDuty's words in ours; a field that is absent or of another kind is empty, never an error ---


def _one(answer: Mapping[str, Any]) -> Answered[RemoteIncident] | Failed:
    found = _map(answer, "incident")
    return (
        Answered(_incident(found)) if found.get("id") else Failed("expected an incident, found none", retryable=False)
    )


def _incident(item: Mapping[str, Any]) -> RemoteIncident:
    number = item.get("incident_number")
    return RemoteIncident(
        id=_word(item, "id"),
        number=number if isinstance(number, int) else 0,
        key=_word(item, "incident_key"),
        title=_word(item, "title"),
        status=_word(item, "status"),
        urgency=_word(item, "urgency"),
        service_id=_word(_map(item, "service"), "id"),
        policy_id=_word(_map(item, "escalation_policy"), "id"),
        priority=_word(_map(item, "priority"), "name") or _word(_map(item, "priority"), "summary"),
        assignees=tuple(_word(_map(each, "assignee"), "summary") for each in listed(item, "assignments")),
        url=_word(item, "html_url"),
        created_at=_moment(item, "created_at"),
        changed_at=_moment(item, "last_status_change_at"),
    )


def _log_entry(item: Mapping[str, Any]) -> LogEntry:
    agent = _map(item, "agent")
    return LogEntry(
        id=_word(item, "id"),
        kind=_word(item, "type").removesuffix("_reference"),
        at=_moment(item, "created_at"),
        by=_word(agent, "summary"),
        by_user=_word(agent, "type").startswith("user"),
        summary=_word(item, "summary"),
        channel=_word(_map(item, "channel"), "type"),
    )


def _changes(entries: Iterable[LogEntry]) -> Iterator[PageChange]:
    """Yield each line of a log that made the page something else than it was: a second trigger makes it nothing."""
    before = ""
    for entry in entries:
        status = next((name for name, kinds in _LOGGED.items() if entry.kind.startswith(kinds)), before)
        if status != before and entry.at is not None:
            yield PageChange(status, entry.at, entry.by if entry.by_user else "")
            before = status


def _on_call(item: Mapping[str, Any]) -> OnCallNow:
    level = item.get("escalation_level")
    return OnCallNow(
        user_id=_word(_map(item, "user"), "id"),
        user=_word(_map(item, "user"), "summary"),
        schedule_id=_word(_map(item, "schedule"), "id"),
        policy_id=_word(_map(item, "escalation_policy"), "id"),
        level=level if isinstance(level, int) else 0,
        start=_moment(item, "start"),
        end=_moment(item, "end"),
    )


def _map(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = item.get(name)
    return found if isinstance(found, Mapping) else {}


def _word(item: Mapping[str, Any], name: str) -> str:
    found = item.get(name)
    return found if isinstance(found, str) else ""


def _moment(item: Mapping[str, Any], name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_word(item, name))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

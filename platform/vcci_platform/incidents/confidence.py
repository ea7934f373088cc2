"""What becomes of words when an incident turns out to be one that only few may read of: those on their way, and those
that have arrived.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping

from vcci_platform.incidents import messages, outbox, pages, promptness
from vcci_platform.incidents.model import Incident, Priority
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.rules import IncidentPolicy

__all__ = ["Hidden", "hide", "take_back"]

SAID = frozenset({Kind.SAY, Kind.PROMPT, Kind.MAIL, Kind.FALLBACK, Kind.SHOW})
"""What tells of an incident in words, to people or to the public."""

SPOKEN = (Kind.SAY, Kind.PROMPT, Kind.FALLBACK)
"""What stands in the chat."""


def take_back(
    connection: Connection, incident: Incident, policy: IncidentPolicy, now: datetime
) -> tuple[RowMapping, ...]:
    """Cancel every message that has not arrived, given up or not, and return them as they were.

    Pages and calls keep their place and say what those of a security incident say. What somebody is sending at this
    moment may arrive as it was; a second attempt is not made.
    """
    for row in outbox.unarrived(connection, incident.id, (Kind.TRIGGER,)):
        key, priority = row["body"]["key"], Priority(row["body"]["details"]["priority"])
        page = messages.page_document(incident, (), policy, key=key, priority=priority, why="")
        outbox.reword(connection, row["id"], promptness.noted(page, promptness.heard_at(row["body"])))
    for row in outbox.unarrived(connection, incident.id, (Kind.ESCALATE,)):
        outbox.reword(connection, row["id"], {**row["body"], "why": messages.RESTRICTED_WHY})
    lost = outbox.unarrived(connection, incident.id, SAID)
    outbox.call_off(connection, incident.id, SAID, now)
    outbox.lose(connection, [row["id"] for row in lost if row["state"] == "dead"], now)
    return lost


@dataclass(frozen=True)
class Hidden:
    """What is done about what was told before; `lines` say it in the timeline, which few can read."""

    lines: tuple[str, ...]
    enqueued: int


def hide(
    connection: Connection, incident: Incident, policy: IncidentPolicy, now: datetime, *, only: int | None = None
) -> Hidden:
    """Hide what has arrived in its first words, as far as each vendor lets anybody; `only` is one effect's number.

    PagerDuty gives an incident another title, and keeps what its alerts say. A Slack bot changes its own messages;
    an incoming webhook cannot, and a mail is never called back: that is said, so that somebody can act.
    """
    rows = [row for row in outbox.of_incident(connection, incident.id) if only is None or row["id"] == only]
    pages = _hide_pages(connection, incident, policy, now, rows, adopted=only is None)
    chat = _hide_messages(connection, incident, policy, now, rows)
    mailed = sorted({to for row in rows if _arrived(row, Kind.MAIL) for to in row["body"]["to"]})
    mails = (f"mails of it went to {', '.join(mailed)}: they cannot be called back",) if mailed else ()
    return Hidden((*pages.lines, *chat.lines, *mails), pages.enqueued + chat.enqueued)


def _hide_pages(
    connection: Connection,
    incident: Incident,
    policy: IncidentPolicy,
    now: datetime,
    rows: Iterable[RowMapping],
    *,
    adopted: bool,
) -> Hidden:
    there = [row for row in rows if row["kind"] == Kind.TRIGGER and (row["state"] == "delivered" or _in_doubt(row))]
    keys = [row["body"]["key"] for row in there if row["target"] == Target.PAGERDUTY]
    lines: list[str] = []
    for key, foreign in pages.held(connection, incident.id) if adopted else ():
        if foreign and pages.is_shared(connection, incident.id, key):
            lines.append(f"the page under {key[:12]}… keeps its title: another incident rings under it too")
        elif foreign:
            keys.append(key)
    keys = list(dict.fromkeys(keys))
    if keys and Target.RESPONDERS not in policy.channels:
        lines.append(
            f"PagerDuty keeps the title of {_counted(len(keys), 'page')}: its REST API is not configured; "
            "change it there by hand"
        )
        keys = []
    elif keys:
        lines.append(
            f"PagerDuty is asked to hide the title of {_counted(len(keys), 'page')}; what its alerts say stays there"
        )
    for key in keys:
        title = messages.page_document(incident, (), policy, key=key, priority=incident.priority, why="")["summary"]
        body = {"key": key, "title": title}
        outbox.enqueue(connection, incident.id, Target.RESPONDERS, Kind.REWORD, body, now, first=True)
    if any(row["target"] == Target.SECOND_PAGER for row in there):
        lines.append("the second PagerDuty service keeps the title of its page: change it there by hand")
    return Hidden(tuple(lines), len(keys))


def _hide_messages(
    connection: Connection, incident: Incident, policy: IncidentPolicy, now: datetime, rows: Iterable[RowMapping]
) -> Hidden:
    said = [row for row in rows if _arrived(row, *SPOKEN) and messages.told_too_much(row["body"])]
    named = [row["receipt"] for row in said if (row["receipt"] or {}).get("ts")]
    for receipt in named:
        place = {"channel": receipt.get("channel_id") or receipt["channel"], "ts": receipt["ts"]}
        body = {**place, "message": messages.withdrawn_document(incident, policy)}
        outbox.enqueue(connection, incident.id, Target.SLACK, Kind.REWORD, body, now)
    lines: list[str] = []
    if named:
        lines.append(f"{_counted(len(named), 'message')} in the chat are replaced")
    if left := len(said) - len(named):
        lines.append(
            f"{_counted(left, 'message')} in the chat cannot be changed, since they came by an incoming webhook: "
            "delete them there by hand"
        )
    return Hidden(tuple(lines), len(named))


def _arrived(row: RowMapping, *kinds: Kind) -> bool:
    return row["state"] == "delivered" and row["kind"] in kinds


def _in_doubt(row: RowMapping) -> bool:
    """Return whether an attempt was made that may have arrived."""
    return row["state"] == "waiting" and bool(row["doubtful"]) and row["attempts"] > 0


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

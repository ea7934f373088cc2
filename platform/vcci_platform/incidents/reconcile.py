"""The reconciler: asks PagerDuty and the status page every few minutes what they have, and holds it against our record.

Webhooks can be lost, and people work in the vendors' own pages. What has changed there since the last look is heard as
if it had been told; what cannot be explained becomes a line of the timeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, or_, select, update

from vcci_platform.incidents import outbox, pages, public, store, tables
from vcci_platform.incidents.carry import Carried
from vcci_platform.incidents.decisions import SYSTEM, Record, Tell
from vcci_platform.incidents.echoes import Seen, on_page_seen
from vcci_platform.incidents.ledger import Ledger
from vcci_platform.incidents.outbox import Target
from vcci_platform.incidents.ports import Failed, PageAtVendor, PageChange, PagerTruth, PostAtVendor, PublicTruth
from vcci_platform.incidents.rules import VENDOR_BEHIND
from vcci_platform.incidents.tasks import Desk
from vcci_platform.telemetry import logs

__all__ = ["Reconciler", "in_turn"]

T = TypeVar("T")

LOOKS_BACK = timedelta(hours=24)
"""How long after its end an incident is still compared: people reopen things."""

SETTLES = timedelta(minutes=2)
"""What we sent less than this ago may not be visible there yet."""

SAME_MOMENT = timedelta(seconds=5)
"""A webhook tells a change to the millisecond and the list of incidents to the second: so far apart they may be."""

MOST = 200
"""Incidents in one round; PagerDuty takes hundreds of calls a minute, a status page one a second. The rest have their
turn in the rounds that follow."""

THERE = "somebody changed it there"
QUOTED_CHARACTERS = 300

log = logs.get(__name__)


@dataclass(frozen=True)
class _Key:
    incident_id: str
    key: str
    open: bool
    since: datetime
    remote_status: str | None
    remote_changed_at: datetime | None

    def moved(self, there: PageAtVendor | None) -> bool:
        """Return whether something happened to the page since the last look, even if it is again what it was."""
        if there is None or there.changed_at is None or self.remote_changed_at is None:
            return False
        return there.changed_at > self.remote_changed_at + SAME_MOMENT

    def missed(self, there: PageAtVendor | None) -> tuple[PageChange, ...]:
        """Return what the page became since the last look, without what it is now."""
        since = self.remote_changed_at or (self.since - VENDOR_BEHIND if self.remote_status is None else None)
        if there is None or since is None:
            return ()
        changes = [change for change in there.changes if change.at > since + SAME_MOMENT]
        if self.remote_status is None and changes and changes[0].status == "triggered":
            del changes[0]  # our own page
        return tuple(changes[:-1])


class Reconciler:
    """Compares and tells; `pager` is None where PagerDuty's REST API is not configured."""

    def __init__(self, desk: Desk, pager: PagerTruth | None, public: PublicTruth) -> None:
        self._desk = desk
        self._pager = pager
        self._public = public
        self._rounds = 0

    def round(self) -> int:
        """Compare everything that may still change, and return how many differences were found."""
        found = 0
        if self._pager is not None:
            for key in self._keys():
                found += self._compare_page(self._pager, key)
        for incident_id, remote_id, seen in self._posts():
            found += self._compare_post(incident_id, remote_id, seen)
        self._rounds += 1
        return found

    # --- pages ---

    def _keys(self) -> tuple[_Key, ...]:
        key, incident = tables.pager_key, tables.incident
        now = self._desk.clock.now()
        recent = or_(incident.c.open, incident.c.resolved_at > now - LOOKS_BACK)
        query = (
            select(key.c.incident_id, key.c.key, key.c.open, key.c.since, key.c.remote_status, key.c.remote_changed_at)
            .join(incident, incident.c.id == key.c.incident_id)
            .where(recent, key.c.since < now - SETTLES)
            .order_by(key.c.since.desc())
        )
        with self._desk.database.read() as connection:
            keys = tuple(_Key(*row) for row in connection.execute(query))
        return in_turn(keys, self._rounds)

    def _compare_page(self, pager: PagerTruth, key: _Key) -> int:
        there = pager.page_under(key.key)
        if isinstance(there, Failed):
            log.info("pager_not_compared", incident_id=key.incident_id, error=there.error)
            return 0
        status = there.status if there else "missing"
        unknown_since = there is not None and there.changed_at is not None and key.remote_changed_at is None
        if status == key.remote_status and not key.moved(there) and not unknown_since:
            return 0
        carried = Carried()
        with self._desk.database.write() as connection:
            table = tables.pager_key
            same = and_(table.c.incident_id == key.incident_id, table.c.key == key.key)
            incident = store.find(connection, key.incident_id, lock=True)
            known = connection.execute(
                select(table.c.open, table.c.remote_status, table.c.remote_changed_at).where(same)
            ).first()
            told = known is None or (known[1], known[2]) != (key.remote_status, key.remote_changed_at)
            if incident is None or known is None or told or self._is_moving(connection, key.incident_id):
                return 0
            values: dict[str, object] = {"remote_status": status}
            if there is not None:
                values |= {"remote_id": there.remote_id[:100], "remote_changed_at": there.changed_at}
            connection.execute(update(table).where(same).values(values))
            if status == key.remote_status and not key.moved(there):
                return 0
            rules = self._desk.rules
            holds = rules.holds(incident, Ledger(store.alerts_of(connection, incident.id)))
            shared = pages.is_shared(connection, incident.id, key.key)
            before = key.remote_status or ""
            seen = Seen(key.key, bool(known[0]), before, there, shared, key.missed(there), key.moved(there))
            decisions = on_page_seen(incident, seen, rules, self._desk.clock.now(), holds=holds)
            self._desk.decided(connection, incident, decisions, carried)
        self._desk.tell(carried)
        return 1 if decisions else 0

    # --- the status page ---

    def _posts(self) -> tuple[tuple[str, str, str | None], ...]:
        post, incident = tables.status_post, tables.incident
        recent = or_(incident.c.open, incident.c.resolved_at > self._desk.clock.now() - LOOKS_BACK)
        query = (
            select(post.c.incident_id, post.c.remote_id, post.c.remote_status)
            .join(incident, incident.c.id == post.c.incident_id)
            .where(recent, post.c.remote_id.is_not(None))
            .order_by(post.c.incident_id.desc())
        )
        with self._desk.database.read() as connection:
            posts = tuple((row[0], row[1], row[2]) for row in connection.execute(query))
        return in_turn(posts, self._rounds)

    def _compare_post(self, incident_id: str, remote_id: str, seen: str | None) -> int:
        there = self._public.post(remote_id)
        if isinstance(there, Failed):
            log.info("status_page_not_compared", incident_id=incident_id, error=there.error)
            return 0
        status = there.status if there else "taken away"
        carried = Carried()
        with self._desk.database.write() as connection:
            incident = store.find(connection, incident_id, lock=True)
            if incident is None or self._is_moving(connection, incident_id):
                return 0
            shown = outbox.last_shown(connection, incident_id)
            post = tables.status_post
            same = post.c.incident_id == incident_id
            connection.execute(update(post).where(same).values(remote_status=status))
            if shown is None:
                return 0
            if there is not None and status == shown["status"]:
                settled = not outbox.waiting(connection)[Target.STATUSPAGE][0]
                wanted = public.components_of(connection, incident, shown["components"], self._desk.rules)
                texts = _edited(there, shown, wanted if settled else {})
            elif status == seen:
                return 0
            else:
                texts = [f"the status page shows {status}, and the desk has shown {shown['status']}: {THERE}"]
            line = tables.timeline
            said = and_(line.c.incident_id == incident_id, line.c.kind == "drift", line.c.text.in_(texts))
            known = set(connection.execute(select(line.c.text).where(said)).scalars())
            news = [text for text in texts if text not in known or status != shown["status"]]
            decisions = [one for text in news for one in (Record("drift", text, by=SYSTEM), Tell(text))]
            self._desk.decided(connection, incident, decisions, carried)
        self._desk.tell(carried)
        return 1 if news else 0

    @staticmethod
    def _is_moving(connection: Connection, incident_id: str) -> bool:
        """Return whether something of ours is on its way: then the difference may be our own."""
        rows = outbox.of_incident(connection, incident_id)
        watched = {Target.PAGERDUTY.value, Target.STATUSPAGE.value}
        return any(row["state"] == "waiting" and row["target"] in watched for row in rows)


def in_turn(things: tuple[T, ...], rounds: int, most: int = MOST) -> tuple[T, ...]:
    """Return what is looked at after so many rounds: everything, or as much of it as fits, each in its turn.

    >>> [in_turn(("a", "b", "c"), rounds, most=2) for rounds in range(3)]
    [('a', 'b'), ('c', 'a'), ('b', 'c')]
    """
    if len(things) <= most:
        return things
    start = rounds * most % len(things)
    return (things[start:] + things)[:most]


def _edited(there: PostAtVendor, shown: Mapping[str, Any], components: Mapping[str, str]) -> list[str]:
    """Return what people changed on the status page beside the state: its name, its words, how bad a component is."""
    texts = []
    if there.name and _plain(there.name) != _plain(shown["name"]):
        texts.append(f"the status page calls the incident “{there.name}”: {THERE}")
    if there.words and _plain(there.words) != _plain(shown["body"]):
        texts.append(f"the status page says “{_plain(there.words)[:QUOTED_CHARACTERS]}”: somebody wrote it there")
    for name, wanted in sorted(components.items()):
        state = there.components.get(name, wanted)
        if state != wanted:
            texts.append(f"the status page shows {name} as {state}, and by the desk it is {wanted}: {THERE}")
    return texts


def _plain(text: str) -> str:
    return " ".join(text.split())

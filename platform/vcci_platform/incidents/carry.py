"""Carry decisions out: state, timeline, timers and outbox rows, all in the transaction that the caller holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, and_, insert, select, update

from vcci_platform.incidents import chronicle, messages, outbox, store, tables
from vcci_platform.incidents.decisions import (
    AcknowledgePages,
    Adopt,
    Arm,
    Cancel,
    Decision,
    Escalate,
    FallBack,
    Open,
    Publish,
    ResolvePages,
    Ring,
    Tell,
    Track,
    evolve,
)
from vcci_platform.incidents.model import Entry, Incident, Priority, Tracked
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.storage.ids import new_id

__all__ = ["Carried", "carry_out"]


@dataclass
class Carried:
    """What a transaction did, for the metrics and the log once it is committed."""

    opened: list[Incident] = field(default_factory=list[Incident])
    enqueued: int = 0
    superseded: list[Target] = field(default_factory=list[Target])


def carry_out(
    connection: Connection,
    incident: Incident | None,
    decisions: Sequence[Decision],
    policy: IncidentPolicy,
    now: datetime,
    carried: Carried,
) -> Incident | None:
    """Write everything that these decisions mean, and return the incident after them."""
    if not decisions:
        return incident
    opens = any(isinstance(decision, Open) for decision in decisions)
    after = evolve(incident, decisions, now, new_id=new_id("inc") if opens else "")
    if after is None:
        for decision in decisions:
            if isinstance(decision, Track):
                store.track(connection, decision.tracked, None, now)
        return None
    if opens:
        carried.opened.append(after)
    if after != incident:
        store.save(connection, after, new=opens)
    for decision in decisions:
        if isinstance(decision, Track):
            store.track(connection, decision.tracked, after.id, now)
    _Carrier(connection, after, policy, now, carried).carry(incident, decisions)
    return after


@dataclass
class _Carrier:
    connection: Connection
    incident: Incident
    policy: IncidentPolicy
    now: datetime
    carried: Carried
    _alerts: tuple[Tracked, ...] | None = None

    @property
    def alerts(self) -> tuple[Tracked, ...]:
        if self._alerts is None:
            self._alerts = store.alerts_of(self.connection, self.incident.id)
        return self._alerts

    def carry(self, before: Incident | None, decisions: Iterable[Decision]) -> None:
        entries: list[Entry] = []
        for decision in decisions:
            told = self._effect(decision)
            line = chronicle.entry(decision, before, self.now)
            if line is not None and told:
                entries.append(line)
        store.append(self.connection, self.incident.id, entries)

    def _effect(self, decision: Decision) -> bool:  # noqa: C901 - one case for each decision
        """Do what a decision says; false when it was done before, so that the timeline has it already."""
        news = True
        match decision:
            case Arm():
                store.arm(self.connection, self.incident, decision, self.now)
            case Cancel(kinds):
                store.cancel(self.connection, self.incident.id, kinds, self.now)
            case Ring(priority, again, why):
                self._ring(priority, why, again=again)
            case Escalate(level):
                self._trigger(f"{self._key()}:level-{level}", self.incident.priority, f"escalated to level {level}")
            case Adopt(key):
                news = self._adopt(key)
            case AcknowledgePages():
                for key, _ in self._open_keys():
                    self._enqueue(Target.PAGERDUTY, Kind.ACKNOWLEDGE, {"key": key})
            case ResolvePages():
                self._resolve_pages()
            case Publish():
                self._publish()
            case Tell(_, prompt, _):
                body = messages.tell_document(self.incident, self.alerts, decision, self.policy, self.now)
                self._enqueue(Target.SLACK, Kind.PROMPT if prompt else Kind.SAY, body)
            case FallBack(why):
                body = messages.fallback_document(self.incident, self.alerts, why, self.policy)
                self._enqueue(Target.SLACK, Kind.FALLBACK, body)
            case _:
                pass
        return news

    # --- pages -------------------------------------------------------------------------------------------------------

    def _key(self) -> str:
        """Return the key of the desk's own page: one for each time that the incident was opened."""
        again = f":reopened-{self.incident.episode}" if self.incident.episode > 1 else ""
        return f"vcci:{self.incident.id}{again}"

    def _ring(self, priority: Priority, why: str, *, again: bool) -> None:
        """Page. A page for something worse has a key of its own, so that it rings; it then replaces the earlier one."""
        replaced = [key for key, adopted in self._open_keys() if not adopted] if again else []
        self._trigger(f"{self._key()}:{priority}" if again else self._key(), priority, why)
        for key in replaced:
            self._enqueue(Target.PAGERDUTY, Kind.RESOLVE, {"key": key})
            self._close_key(key)

    def _trigger(self, key: str, priority: Priority, why: str) -> None:
        body = messages.page_document(self.incident, self.alerts, self.policy, key=key, priority=priority, why=why)
        self._hold_key(key, adopted=False)
        self._enqueue(Target.PAGERDUTY, Kind.TRIGGER, body)

    def _adopt(self, key: str) -> bool:
        """Take over a key, and cancel the late resolve of an earlier incident that would now silence this one."""
        outbox.lose(self.connection, outbox.waiting_resolves(self.connection, key, self.now), self.now)
        return self._hold_key(key, adopted=True)

    def _hold_key(self, key: str, *, adopted: bool) -> bool:
        table = tables.pager_key
        same = and_(table.c.incident_id == self.incident.id, table.c.key == key)
        was_open = self.connection.execute(select(table.c.open).where(same)).scalar()
        if was_open is None:
            row = {"incident_id": self.incident.id, "key": key, "adopted": adopted, "open": True, "since": self.now}
            self.connection.execute(insert(table).values(row))
        elif not was_open:
            self.connection.execute(update(table).where(same).values(open=True, since=self.now))
        return not was_open

    def _open_keys(self) -> list[tuple[str, bool]]:
        table = tables.pager_key
        held = and_(table.c.incident_id == self.incident.id, table.c.open)
        query = select(table.c.key, table.c.adopted).where(held).order_by(table.c.since, table.c.key)
        return [(row[0], row[1]) for row in self.connection.execute(query)]

    def _close_key(self, key: str) -> None:
        table = tables.pager_key
        same = and_(table.c.incident_id == self.incident.id, table.c.key == key)
        self.connection.execute(update(table).where(same).values(open=False))

    def _resolve_pages(self) -> None:
        """Resolve what was sent, or may have been; what certainly was not is cancelled and needs no resolve."""
        cancelled = outbox.supersede(
            self.connection, self.incident.id, (Kind.TRIGGER, Kind.ACKNOWLEDGE, Kind.FALLBACK), self.now
        )
        self.carried.superseded += [Target(row["target"]) for row in cancelled]
        never_sent = {row["body"]["key"] for row in cancelled if row["kind"] == Kind.TRIGGER and not row["attempts"]}
        for key, adopted in self._open_keys():
            if adopted or key not in never_sent:
                self._enqueue(Target.PAGERDUTY, Kind.RESOLVE, {"key": key})
            self._close_key(key)

    # --- the status page ---------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        """Queue what the public should see now, in place of what it was to see and has not."""
        post = tables.status_post
        known = self.connection.execute(select(post).where(post.c.incident_id == self.incident.id)).mappings().first()
        components = frozenset({tracked.alert.component for tracked in self.alerts} | {self.incident.component}) - {""}
        touched = set(known["components"] if known else ()) | set(self.policy.public_names(components))
        values = {"components": sorted(touched), "open": self.incident.is_open}
        if known is None:
            row = {"incident_id": self.incident.id, "remote_id": None, **values}
            self.connection.execute(insert(post).values(row))
        else:
            self.connection.execute(update(post).where(post.c.incident_id == self.incident.id).values(values))
        stale = outbox.supersede(self.connection, self.incident.id, (Kind.SHOW,), self.now)
        self.carried.superseded += [Target.STATUSPAGE] * len(stale)
        if not self.incident.is_open and known is not None and not self._may_be_shown(known["remote_id"]):
            return
        others = select(post.c.components).where(post.c.open, post.c.incident_id != self.incident.id)
        kept = {name for (names,) in self.connection.execute(others) for name in names}
        body = messages.status_document(self.incident, self.policy, self.now, touched=touched, kept=kept)
        self._enqueue(Target.STATUSPAGE, Kind.SHOW, body)

    def _may_be_shown(self, remote_id: str | None) -> bool:
        """Return whether the public may have seen anything: if not, there is nothing to take back."""
        if remote_id is not None:
            return True
        shows = [row for row in outbox.of_incident(self.connection, self.incident.id) if row["kind"] == Kind.SHOW]
        return any(row["attempts"] for row in shows)

    def _enqueue(self, target: Target, kind: Kind, body: dict[str, object]) -> None:
        outbox.enqueue(self.connection, self.incident.id, target, kind, body, self.now)
        self.carried.enqueued += 1

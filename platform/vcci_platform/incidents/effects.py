"""What one transaction sends: rows of the outbox for one incident, and who is written to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from vcci_platform.incidents import outbox, store
from vcci_platform.incidents.model import Incident, Tracked
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.rules import IncidentPolicy

__all__ = ["Carried", "Effects"]


@dataclass
class Carried:
    """What a transaction did, for the metrics and the log once it is committed.

    `heard_at` is when the desk received what the transaction answers to; where that waited for something worse, when
    the wait ended. None where the desk's own clock is the reason.
    """

    heard_at: datetime | None = None
    opened: list[Incident] = field(default_factory=list[Incident])
    enqueued: int = 0
    superseded: list[Target] = field(default_factory=list[Target])


@dataclass
class Effects:
    """Queues effects of one incident, as it is once everything is decided, in the transaction of `connection`."""

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

    def _enqueue(self, target: Target, kind: Kind, body: dict[str, object], *, first: bool = False) -> None:
        outbox.enqueue(self.connection, self.incident.id, target, kind, body, self.now, first=first)
        self.carried.enqueued += 1

    def _call_off(self, kinds: Collection[Kind], *, key: str = "") -> None:
        cancelled = outbox.call_off(self.connection, self.incident.id, kinds, self.now, key=key)
        self.carried.superseded += [Target(row["target"]) for row in cancelled]

    def _addresses(self, roles: Iterable[str]) -> list[str]:
        """Return where to write to these roles, of a security incident to those who may read of it; sorted."""
        return self._mails_of(self.policy.readers(self.incident, roles))

    def _mails_of(self, roles: Iterable[str]) -> list[str]:
        if Target.MAIL not in self.policy.channels:
            return []
        return sorted({self.policy.mails[role] for role in roles if role in self.policy.mails})

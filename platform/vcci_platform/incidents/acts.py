"""What people do to an incident, whoever asks for it: the API or a form of the console.

Each act checks the rank, that the person may see the incident, and the name; then it is carried out and audited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vcci_platform.incidents import commands, queries, store
from vcci_platform.incidents.access import Actor, Rank, takes
from vcci_platform.incidents.decisions import Decision
from vcci_platform.incidents.model import Incident, Refused, Role
from vcci_platform.incidents.requests import (
    LARGEST_NUMBER,
    ActionRequest,
    ApprovalRequest,
    DeclareRequest,
    EscalateRequest,
    HoldRequest,
    NoteRequest,
    PriorityRequest,
    RoleRequest,
    SecurityRequest,
    TaskRequest,
    TickRequest,
    UpdateRequest,
)
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import Audited, Desk, KeyReused, UnknownIncident
from vcci_platform.incidents.views import IncidentDetail
from vcci_platform.problems import Problem

__all__ = ["Acts", "key_reused", "seen", "unknown"]

Decide = Callable[[Incident, IncidentPolicy, datetime], Sequence[Decision]]


@dataclass(frozen=True)
class Acts:
    """Acts on the incidents of one desk. Each raises `Problem` for what is refused, with the reason."""

    desk: Desk

    def act(self, incident_id: str, asked: ActionRequest, actor: Actor) -> None:
        """Acknowledge, investigate, identify, mitigate, monitor, resolve, reopen, review."""
        by = self._may(incident_id, actor, Rank.RESPONDER, asked.by)
        audited = Audited(by, actor.rank.value, asked.action.value, {"why": asked.why}, actor.once)
        _carried(incident_id, lambda: self.desk.act(incident_id, asked.action, by=by, why=asked.why, audited=audited))

    def publish(self, incident_id: str, asked: ApprovalRequest, actor: Actor) -> None:
        """The commander lets the public know, in the usual words or in their own. P0 needs nobody; P1 and P2 wait."""
        by = self._may(incident_id, actor, Rank.COMMANDER, asked.by)
        audited = Audited(by, actor.rank.value, "publish", {"why": asked.why, "words": asked.words}, actor.once)
        _carried(
            incident_id,
            lambda: self.desk.approve(incident_id, by=by, why=asked.why, words=asked.words, audited=audited),
        )

    def note(self, incident_id: str, asked: NoteRequest, actor: Actor) -> None:
        """Write a line into the timeline."""
        by = self._may(incident_id, actor, Rank.RESPONDER, asked.by)
        self._do(incident_id, actor, by, "note", lambda i, p, n: commands.on_note(i, p, n, by=by, text=asked.text))

    def update(self, incident_id: str, asked: UpdateRequest, actor: Actor) -> None:
        """Tell everybody at work how it stands; `public` goes to the status page, and takes a commander."""
        by = self._may(incident_id, actor, Rank.RESPONDER, asked.by)
        told = commands.Update(by, asked.status, asked.impact, asked.eta, asked.public)
        may = actor.rank.covers(Rank.COMMANDER)
        self._do(
            incident_id,
            actor,
            by,
            "update",
            lambda i, p, n: commands.on_update(i, told, p, n, may_publish=may),
            public=asked.public,
        )

    def regrade(self, incident_id: str, asked: PriorityRequest, actor: Actor) -> None:
        """Give another severity, with a reason. A responder may raise it; to lower it takes a commander."""
        by = self._may(incident_id, actor, Rank.RESPONDER, asked.by)

        def decide(incident: Incident, policy: IncidentPolicy, now: datetime) -> Sequence[Decision]:
            if asked.priority > incident.priority:
                takes(actor, Rank.COMMANDER, f"To lower {incident.priority} to {asked.priority}")
            return commands.on_priority(incident, asked.priority, policy, now, by=by, why=asked.why)

        self._do(incident_id, actor, by, "priority", decide, to=asked.priority.value, why=asked.why)

    def assign(self, incident_id: str, role: Role, asked: RoleRequest, actor: Actor) -> None:
        """Give a role to a person, hand it over, or lay it down by naming nobody."""
        by = self._may(incident_id, actor, Rank.RESPONDER, asked.by)
        self._do(
            incident_id,
            actor,
            by,
            "role",
            lambda i, p, n: commands.on_assign(i, role, asked.person, p, n, by=by),
            role=role.value,
            person=asked.person,
        )

    def hold(self, incident_id: str, asked: HoldRequest, actor: Actor) -> None:
        """Hold the escalation until a moment, with a reason; without a moment it runs again."""
        by = self._may(incident_id, actor, Rank.COMMANDER, asked.by)
        self._do(
            incident_id,
            actor,
            by,
            "hold",
            lambda i, p, n: commands.on_hold(i, asked.until, p, n, by=by, why=asked.why),
            until=asked.until.isoformat() if asked.until else "",
            why=asked.why,
        )

    def escalate(self, incident_id: str, asked: EscalateRequest, actor: Actor) -> None:
        """Ask a level for help before its time."""
        by = self._may(incident_id, actor, Rank.RESPONDER, asked.by)
        self._do(
            incident_id,
            actor,
            by,
            "escalate",
            lambda i, p, n: commands.on_escalate(i, asked.level, p, n, by=by, why=asked.why),
            level=asked.level,
            why=asked.why,
        )

    def declare(self, incident_id: str, asked: DeclareRequest, actor: Actor) -> None:
        """Declare what the spec knows as such, like a data breach: its level is asked at once."""
        by = self._may(incident_id, actor, Rank.RESPONDER, asked.by)
        self._do(
            incident_id,
            actor,
            by,
            "declare",
            lambda i, p, n: commands.on_declare(i, asked.what, p, n, by=by, why=asked.why),
            what=asked.what,
            why=asked.why,
        )

    def secure(self, incident_id: str, asked: SecurityRequest, actor: Actor) -> None:
        """Call it a security incident: few see it from now on."""
        by = self._may(incident_id, actor, Rank.RESPONDER, asked.by)
        self._do(
            incident_id,
            actor,
            by,
            "security",
            lambda i, p, n: commands.on_security(i, p, n, by=by, why=asked.why),
            why=asked.why,
        )

    def add_task(self, incident_id: str, asked: TaskRequest, actor: Actor) -> None:
        """Add a task of one's own."""
        by = self._may(incident_id, actor, Rank.RESPONDER, asked.by)
        self._do(
            incident_id,
            actor,
            by,
            "task",
            lambda i, p, n: commands.on_task(i, asked.text, p, n, by=by),
            text=asked.text,
        )

    def tick(self, incident_id: str, number: int, asked: TickRequest, actor: Actor) -> None:
        """Tick a task off, or say that it is not done after all."""
        if not 0 < number <= LARGEST_NUMBER:
            raise Problem(status=404, code="not-found", detail=f"There is no task {number}.")
        by = self._may(incident_id, actor, Rank.RESPONDER, asked.by)
        self._do(
            incident_id,
            actor,
            by,
            "tick",
            lambda i, p, n: commands.on_tick(i, number, p, n, by=by, done=asked.done),
            task=number,
            done=asked.done,
        )

    def _may(self, incident_id: str, actor: Actor, rank: Rank, by: str) -> str:
        """Return the name under which this person acts on an incident that they may see and act on."""
        with self.desk.database.read() as connection:
            incident = store.find(connection, incident_id)
        if incident is None or not actor.sees(incident, self.desk.rules.security_roles):
            raise unknown(incident_id)
        takes(actor, rank)
        return actor.named(by)

    def _do(self, incident_id: str, actor: Actor, by: str, action: str, decide: Decide, **detail: Any) -> None:
        audited = Audited(by, actor.rank.value, action, detail, actor.once)
        _carried(incident_id, lambda: self.desk.command(incident_id, decide, audited=audited))


def seen(desk: Desk, incident_id: str, actor: Actor) -> IncidentDetail:
    """Return an incident in full, or refuse with 404 when there is none that this person may see."""
    with desk.database.read() as connection:
        incident = store.find(connection, incident_id)
        if incident is None or not actor.sees(incident, desk.rules.security_roles):
            raise unknown(incident_id)
        return queries.detail(connection, incident)


def unknown(incident_id: str) -> Problem:
    """Return the refusal for an incident that is not there, or that not everybody may know of."""
    return Problem(status=404, code="not-found", detail=f"There is no incident {incident_id!r}.")


def key_reused() -> Problem:
    """Return the refusal of other words under a key that was used before."""
    detail = "This Idempotency-Key was used for something else: what is new takes a new key."
    return Problem(status=422, code="key-reused", detail=detail)


def _carried(incident_id: str, carry: Callable[[], Incident]) -> None:
    try:
        carry()
    except UnknownIncident:
        raise unknown(incident_id) from None
    except KeyReused:
        raise key_reused() from None
    except Refused as refused:
        errors = [{"field": "action", "allowed": [action.value for action in refused.allowed]}]
        raise Problem(status=409, code=refused.code, detail=str(refused), errors=errors) from refused

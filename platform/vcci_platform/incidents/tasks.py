"""The desk at work: take in, understand, ring timers, act. Each step is one transaction; what it decides is pure."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from vcci_platform.clock import Clock
from vcci_platform.incidents import actions, duties, inbox, outbox, people, policy, store, watchdogs
from vcci_platform.incidents.carry import Carried, carry_out
from vcci_platform.incidents.clockwork import Sight, on_timer
from vcci_platform.incidents.decisions import Decision, TimerKind
from vcci_platform.incidents.hearing import Hearing
from vcci_platform.incidents.hooks import alertmanager, pagerduty
from vcci_platform.incidents.model import Action, Alert, Incident, Nature, Recovery, Refused
from vcci_platform.incidents.ports import Objectives
from vcci_platform.incidents.review import store as reviews
from vcci_platform.incidents.review.gate import check_reviewed
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.understanding import (
    Parser,
    Understood,
    alerts_body,
    report_body,
    understand_alerts,
    understand_pagerduty,
    understand_report,
)
from vcci_platform.incidents.watchdogs import silences
from vcci_platform.storage.database import Database
from vcci_platform.telemetry import logs

if TYPE_CHECKING:
    from vcci_platform.telemetry.metrics import DeskMetrics

__all__ = ["Audited", "Desk", "KeyReused", "UnknownIncident"]

ATTEMPTS_TO_UNDERSTAND = 3
"""A delivery that makes the desk stumble this often is put into quarantine, so that it holds up nobody else."""

MEASURED = frozenset({TimerKind.MONITOR, TimerKind.ESCALATE, TimerKind.FORGOTTEN, TimerKind.STILL_FIRES})
"""What rings only while the SLIs do not say that it is over."""

PERSON = "person"
EVALUATOR = "evaluator"

Result = TypeVar("Result")
Command = Callable[[Incident, IncidentPolicy, datetime], Sequence[Decision]]

log = logs.get(__name__)


@dataclass(frozen=True)
class Audited:
    """Who did what, for the audit log; it is written in the transaction that does it."""

    who: str
    rank: str
    action: str
    detail: Mapping[str, Any]
    once: people.Once | None = None


class UnknownIncident(Exception):
    """There is no incident with this id."""


class KeyReused(Exception):
    """A delivery key came again with other words."""


class Desk:
    """What happens at the desk, on one store. `objectives` None means that alerts alone say when it is good again."""

    def __init__(
        self,
        database: Database,
        rules: IncidentPolicy,
        clock: Clock,
        metrics: DeskMetrics,
        objectives: Objectives | None = None,
    ) -> None:
        self.database = database
        self.rules = rules
        self.clock = clock
        self.metrics = metrics
        self.objectives = objectives
        self.wake = threading.Event()
        self.listeners: list[Callable[[], None]] = []
        self._parsers: Mapping[str, Parser] = {
            alertmanager.SOURCE: alertmanager.understand,
            EVALUATOR: understand_alerts,
            watchdogs.SOURCE: understand_alerts,
            PERSON: understand_report,
            pagerduty.SOURCE: understand_pagerduty,
        }

    # --- in ----------------------------------------------------------------------------------------------------------

    def accept(self, source: str, body: bytes, delivery_key: str | None = None) -> inbox.Receipt:
        """Store what was said, byte for byte. It is understood soon after, by `cycle`."""
        key = delivery_key or hashlib.sha256(body).hexdigest()
        with self.database.write() as connection:
            receipt = inbox.put(connection, source, key, body, self.clock.now())
        self.metrics.desk_inbox.labels(source, "duplicate" if receipt.duplicate else "accepted").inc()
        self.wake.set()
        return receipt

    def receive(self, alerts: Sequence[Alert], source: str = EVALUATOR) -> inbox.Receipt | None:
        """Take in what the desk's own evaluator saw, through the same inbox as everybody else's words."""
        return self.accept(source, alerts_body(alerts)) if alerts else None

    def report(self, report: policy.Report, delivery_key: str) -> Incident:
        """Open an incident for what a person tells, or add it to the open one of the system, and page.

        The same report under the same key again changes nothing, and returns the incident that the first one reached;
        another report under it raises `KeyReused`, and one that is kept but not understood yet `UnknownIncident`. Keys
        are each person's own.
        """
        body = report_body(report)
        key = hashlib.sha256(f"{report.by}\n{delivery_key}".encode()).hexdigest()
        receipt = self.accept(PERSON, body, key)
        self.understand_next(receipt.id)
        with self.database.read() as connection:
            first, reached = inbox.led(connection, receipt.id)
            incident = store.find(connection, reached) if reached else None
        if first != body:
            raise KeyReused(delivery_key)
        if incident is None:
            raise UnknownIncident(f"the report {receipt.id} is kept, but was not understood yet")
        return incident

    # --- understand --------------------------------------------------------------------------------------------------

    def cycle(self) -> int:
        """Understand everything that waits, ring every timer that is due, and return how many steps that took."""
        steps = self.watch_watchdogs()
        while self._has_letters() and self.understand_next():
            steps += 1
        return steps + self.ring_due()

    def _has_letters(self) -> bool:
        """Return whether it is worth trying to understand something: a desk that is idle writes nothing."""
        with self.database.read() as connection:
            return inbox.has_waiting(connection)

    def watch_watchdogs(self) -> int:
        """Take in the alert of each Watchdog that fell silent, or is heard again, and return how many there were."""
        now = self.clock.now()
        runbooks = self.rules.links.get("runbooks", "")
        with self.database.read() as connection:
            if not silences(inbox.heartbeats(connection), self.rules.watchdog_silent, runbooks, now):
                return 0
        with self.database.write() as connection:
            changed = silences(inbox.heartbeats(connection), self.rules.watchdog_silent, runbooks, now)
            for source, since, alert in changed:
                body = alerts_body([alert])
                inbox.put(connection, watchdogs.SOURCE, hashlib.sha256(body).hexdigest(), body, now)
                inbox.alarm(connection, source, since)
        for source, since, alert in changed:
            log.warning(
                "watchdog_silent" if since else "watchdog_heard", origin=source, began=alert.starts_at.isoformat()
            )
        return len(changed)

    def understand_next(self, delivery: int | None = None) -> bool:
        """Understand the oldest delivery that waits, or the one with this number; false when there is none."""
        reading: list[inbox.Letter] = []

        def attempt(connection: Connection, carried: Carried) -> Understood | None:
            reading.clear()
            letter = inbox.next_waiting(connection, delivery)
            if letter is None:
                return None
            reading.append(letter)
            return self._understand(connection, letter, carried)

        try:
            understood = self._write(attempt)
        except OperationalError:
            raise  # the store is away: nobody's words are to blame
        except Exception as error:  # noqa: BLE001 - whatever a delivery does to the desk, the next one must be heard
            self._stumbled(reading[0], error)
            return True
        if understood is not None and understood.problems:
            self.metrics.desk_inbox.labels(reading[0].source, "quarantined").inc()
            log.warning("delivery_quarantined", inbox_id=reading[0].id, problems=list(understood.problems[:5]))
        return understood is not None

    def _understand(self, connection: Connection, letter: inbox.Letter, carried: Carried) -> Understood:
        understood = self._parsers[letter.source](letter.body)
        Hearing(connection, self.rules, self.clock, carried).hear(letter, understood)
        return understood

    def _stumbled(self, letter: inbox.Letter, error: Exception) -> None:
        final = letter.attempts + 1 >= ATTEMPTS_TO_UNDERSTAND
        log.error("delivery_not_understood", inbox_id=letter.id, attempts=letter.attempts + 1, exc_info=error)
        with self.database.write() as connection:
            state = "quarantined" if final else "waiting"
            inbox.mark(connection, letter, state, self.clock.now(), error=repr(error))
        if final:
            self.metrics.desk_inbox.labels(letter.source, "quarantined").inc()

    # --- timers ------------------------------------------------------------------------------------------------------

    def ring_due(self) -> int:
        """Ring every timer whose time has come, each in a transaction of its own."""
        with self.database.read() as connection:
            due = store.due_timers(connection, self.clock.now())
        return sum(self._ring(timer) for timer in due)

    def _ring(self, timer: store.DueTimer) -> bool:
        # The SLIs may be another system's word: never asked for while rows are locked.
        measured = timer.rung.kind in MEASURED
        recovery = self._recovery(timer.incident_id) if measured else Recovery.UNMEASURED

        def attempt(connection: Connection, carried: Carried) -> bool:
            incident = store.find(connection, timer.incident_id, lock=True)
            now = self.clock.now()
            if incident is None or not store.claim_timer(connection, timer, now):
                return False
            if timer.fence != incident.episode:
                return True
            alerts = store.alerts_of(connection, incident.id)
            known = inbox.heartbeats(connection)
            other = store.find_open(connection, incident.system) if incident.nature is Nature.FAULT else None
            sources = {tracked.alert.source for tracked in alerts}
            sight = Sight(
                recovery=recovery,
                blind=any(inbox.is_blind(known.get(source), now, self.rules.watchdog_silent) for source in sources),
                page_waits_since=outbox.calls_since(connection, incident.id),
                tasks_due=tuple(row["text"] for row in duties.due_tasks(connection, incident.id, now)),
                other_open=other.id if other is not None and other.id != incident.id else "",
            )
            carried.heard_at = timer.rung.due_at if timer.rung.kind is TimerKind.PAGE else None
            decisions = on_timer(incident, alerts, timer.rung, self.rules, now, sight)
            self._carry(connection, incident, decisions, carried)
            return True

        rung = self._write(attempt)
        if rung:
            late = (self.clock.now() - timer.rung.due_at).total_seconds()
            self.metrics.desk_timer_late_seconds.observe(late)
            log.info("timer_rang", incident_id=timer.incident_id, timer=timer.rung.kind.value, late_seconds=late)
        return rung

    def _recovery(self, incident_id: str) -> Recovery:
        if self.objectives is None:
            return Recovery.UNMEASURED
        with self.database.read() as connection:
            systems = store.systems(connection, incident_id)
        now = self.clock.now()
        return self.objectives.recovery(systems, now - self.rules.monitor_for, now)

    # --- people ------------------------------------------------------------------------------------------------------

    def act(
        self, incident_id: str, action: Action, *, by: str, why: str = "", audited: Audited | None = None
    ) -> Incident:
        """Do what a person asks, or raise `Refused` or `UnknownIncident`."""
        recovery = self._recovery(incident_id) if action is Action.RESOLVE else Recovery.UNMEASURED

        def attempt(connection: Connection, carried: Carried) -> Incident:
            incident = self._find(connection, incident_id)
            if _is_done(connection, audited):
                return incident
            reopens = action is Action.REOPEN and incident.nature is Nature.FAULT
            other = store.find_open(connection, incident.system) if reopens else None
            if other is not None and other.id != incident_id:
                sentence = f"{other.id} is open for {incident.system} already: work on that one"
                raise Refused("another-is-open", sentence, ())
            alerts = store.alerts_of(connection, incident_id)
            now = carried.heard_at = self.clock.now()
            decisions = actions.on_action(incident, alerts, action, self.rules, now, by=by, why=why, recovery=recovery)
            if action is Action.REVIEW:
                check_reviewed(incident, reviews.find(connection, incident_id))
            self._audit(connection, audited, incident_id)
            return self._carry(connection, incident, decisions, carried) or incident

        return self._write(attempt)

    def approve(
        self, incident_id: str, *, by: str, why: str = "", words: str = "", audited: Audited | None = None
    ) -> Incident:
        """Let the public know, because the commander says so; `words` stand in place of the usual ones."""
        return self.command(
            incident_id,
            lambda incident, rules, now: actions.on_approval(incident, rules, now, by=by, why=why, words=words),
            audited=audited,
        )

    def command(self, incident_id: str, decide: Command, *, audited: Audited | None = None) -> Incident:
        """Do what a person wants beside moving the incident on; `decide` is one of `commands`, with its words."""

        def attempt(connection: Connection, carried: Carried) -> Incident:
            incident = self._find(connection, incident_id)
            if _is_done(connection, audited):
                return incident
            now = carried.heard_at = self.clock.now()
            decisions = decide(incident, self.rules, now)
            self._audit(connection, audited, incident_id)
            return self._carry(connection, incident, decisions, carried) or incident

        return self._write(attempt)

    # --- what others decide inside a transaction of theirs -----------------------------------------------------------

    def decided(
        self, connection: Connection, incident: Incident, decisions: Sequence[Decision], carried: Carried
    ) -> Incident:
        """Carry out decisions in a transaction that somebody else holds, who tells of it (`tell`) once it is over."""
        return self._carry(connection, incident, decisions, carried) or incident

    def tell(self, carried: Carried) -> None:
        """Count and log what a transaction did, once it is committed, and wake whoever has something to send."""
        for incident in carried.opened:
            log.info("incident_opened", incident_id=incident.id, system=incident.system, priority=incident.priority)
        for target in carried.superseded:
            self.metrics.desk_effects.labels(target.value, "superseded").inc()
        if carried.enqueued:
            for listener in self.listeners:
                listener()

    # --- one transaction ---------------------------------------------------------------------------------------------

    def _find(self, connection: Connection, incident_id: str) -> Incident:
        incident = store.find(connection, incident_id, lock=True)
        if incident is None:
            raise UnknownIncident(incident_id)
        return incident

    def _audit(self, connection: Connection, audited: Audited | None, subject: str) -> None:
        if audited is not None:
            people.audit(connection, **vars(audited), subject=subject, now=self.clock.now())

    def _carry(
        self, connection: Connection, incident: Incident | None, decisions: Sequence[Decision], carried: Carried
    ) -> Incident | None:
        return carry_out(connection, incident, decisions, self.rules, self.clock.now(), carried)

    def _write(self, attempt: Callable[[Connection, Carried], Result]) -> Result:
        """Run one transaction, once more if another desk opened the same system's incident at the same moment."""
        for last in (False, True):
            carried = Carried()
            try:
                with self.database.write() as connection:
                    result = attempt(connection, carried)
            except IntegrityError:
                if last:
                    raise
                continue
            self.tell(carried)
            return result
        raise AssertionError("the second attempt returns or raises")


def _is_done(connection: Connection, audited: Audited | None) -> bool:
    """Return whether this was done under its key before. Raises `KeyReused` if something else was."""
    if audited is None or audited.once is None:
        return False
    before = people.done_once(connection, audited.once)
    if before is not None and before != audited.once:
        raise KeyReused(audited.once.key)
    return before is not None

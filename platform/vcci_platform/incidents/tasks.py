"""The desk at work: take in, understand, ring timers, act. Each step is one transaction; what it decides is pure."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from vcci_platform.clock import Clock
from vcci_platform.incidents import actions, alertmanager, inbox, outbox, policy, store
from vcci_platform.incidents.carry import Carried, carry_out
from vcci_platform.incidents.clockwork import Recovery, Sight, on_timer
from vcci_platform.incidents.decisions import Decision, TimerKind, Track
from vcci_platform.incidents.model import Action, Alert, Incident, Refused, Tracked
from vcci_platform.incidents.ports import Objectives
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.understanding import (
    Parser,
    Understood,
    alerts_body,
    report_body,
    understand_alerts,
    understand_report,
)
from vcci_platform.storage.database import Database
from vcci_platform.telemetry import logs

if TYPE_CHECKING:
    from vcci_platform.telemetry.metrics import DeskMetrics

__all__ = ["Desk", "UnknownIncident"]

ATTEMPTS_TO_UNDERSTAND = 3
"""A delivery that makes the desk stumble this often is put into quarantine, so that it holds up nobody else."""

PERSON = "person"
EVALUATOR = "evaluator"

Result = TypeVar("Result")

log = logs.get(__name__)


class UnknownIncident(Exception):
    """There is no incident with this id."""


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
            PERSON: understand_report,
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

        The same delivery key again changes nothing, and returns the incident that the first one reached.
        """
        receipt = self.accept(PERSON, report_body(report), delivery_key)
        self.understand_next(receipt.id)
        with self.database.read() as connection:
            incident = store.newest(connection, report.system)
        if incident is None:
            raise UnknownIncident(f"the report {receipt.id} is kept, but was not understood yet")
        return incident

    # --- understand --------------------------------------------------------------------------------------------------

    def cycle(self) -> int:
        """Understand everything that waits, ring every timer that is due, and return how many steps that took."""
        steps = 0
        while self.understand_next():
            steps += 1
        return steps + self.ring_due()

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
        now = self.clock.now()
        understood = self._parsers[letter.source](letter.body)
        for beat in understood.beats:
            inbox.beat(connection, beat.source, letter.received_at, lost=beat.lost)
        seeing = {beat.source for beat in understood.beats if not beat.lost}
        if seeing:
            self._see_again(connection, seeing, carried)
        by_system: dict[str, list[Alert]] = {}
        for alert in understood.alerts:
            by_system.setdefault(alert.system, []).append(alert)
        known = inbox.heartbeats(connection)
        trusted = not inbox.is_blind(known.get(letter.source), now, self.rules.watchdog_silent)
        for system in sorted(by_system):
            self._hear(connection, system, by_system[system], carried, trusted=trusted)
        for report in understood.reports:
            incident = store.find_open(connection, report.system, lock=True)
            decisions = policy.on_report(incident, report, self.rules, now)
            self._carry(connection, incident, decisions, carried)
        state = "quarantined" if understood.problems else "understood"
        error = "; ".join(understood.problems) or None
        inbox.mark(connection, letter, state, now, error=error, holds_beat=bool(understood.beats))
        return understood

    def _hear(
        self, connection: Connection, system: str, alerts: Sequence[Alert], carried: Carried, *, trusted: bool
    ) -> None:
        incident = store.find_open(connection, system, lock=True)
        tracked = {t.alert.episode: t for t in (store.alerts_of(connection, incident.id) if incident else ())}
        past = store.past_episodes(connection, (alert.fingerprint for alert in alerts), incident)
        for alert in alerts:
            decisions = policy.hear(
                incident,
                tuple(tracked.values()),
                alert,
                self.rules,
                self.clock.now(),
                trusted=trusted,
                elsewhere=past.get(alert.fingerprint, ()),
            )
            incident = self._carry(connection, incident, decisions, carried)
            tracked |= _tracked_by(decisions)

    def _see_again(self, connection: Connection, sources: set[str], carried: Carried) -> None:
        for incident_id in store.doubting(connection):
            incident = store.find(connection, incident_id, lock=True)
            if incident is None or not incident.is_open:
                continue
            alerts = store.alerts_of(connection, incident_id)
            if sources & {tracked.alert.source for tracked in alerts}:
                decisions = policy.on_sight_again(incident, alerts, self.rules, self.clock.now())
                self._carry(connection, incident, decisions, carried)

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
        recovery = self._recovery(timer)  # may ask another system: never while rows are locked

        def attempt(connection: Connection, carried: Carried) -> bool:
            now = self.clock.now()
            incident = store.find(connection, timer.incident_id, lock=True)
            if incident is None or not store.claim_timer(connection, timer, now):
                return False
            if timer.fence != incident.episode:
                return True
            alerts = store.alerts_of(connection, incident.id)
            known = inbox.heartbeats(connection)
            sources = {tracked.alert.source for tracked in alerts}
            sight = Sight(
                recovery=recovery,
                blind=any(inbox.is_blind(known.get(source), now, self.rules.watchdog_silent) for source in sources),
                page_waits=outbox.has_waiting_page(connection, incident.id),
            )
            decisions = on_timer(incident, alerts, timer.rung, self.rules, now, sight)
            self._carry(connection, incident, decisions, carried)
            return True

        rung = self._write(attempt)
        if rung:
            late = (self.clock.now() - timer.rung.due_at).total_seconds()
            log.info("timer_rang", incident_id=timer.incident_id, timer=timer.rung.kind.value, late_seconds=late)
        return rung

    def _recovery(self, timer: store.DueTimer) -> Recovery:
        if self.objectives is None or timer.rung.kind not in {TimerKind.MONITOR, TimerKind.ESCALATE}:
            return Recovery.UNMEASURED
        now = self.clock.now()
        return self.objectives.recovery(timer.system, now - self.rules.monitor_for, now)

    # --- people ------------------------------------------------------------------------------------------------------

    def act(self, incident_id: str, action: Action, *, by: str, why: str = "") -> Incident:
        """Do what a person asks, or raise `Refused` or `UnknownIncident`."""

        def attempt(connection: Connection, carried: Carried) -> Incident:
            incident = self._find(connection, incident_id)
            other = store.find_open(connection, incident.system) if action is Action.REOPEN else None
            if other is not None and other.id != incident_id:
                sentence = f"{other.id} is open for {incident.system} already: work on that one"
                raise Refused("another-is-open", sentence, ())
            alerts = store.alerts_of(connection, incident_id)
            decisions = actions.on_action(incident, alerts, action, self.rules, self.clock.now(), by=by, why=why)
            return self._carry(connection, incident, decisions, carried) or incident

        return self._write(attempt)

    def approve(self, incident_id: str, *, by: str, why: str = "") -> Incident:
        """Let the public know, because the commander says so."""

        def attempt(connection: Connection, carried: Carried) -> Incident:
            incident = self._find(connection, incident_id)
            decisions = actions.on_approval(incident, self.rules, by=by, why=why)
            return self._carry(connection, incident, decisions, carried) or incident

        return self._write(attempt)

    # --- one transaction ---------------------------------------------------------------------------------------------

    def _find(self, connection: Connection, incident_id: str) -> Incident:
        incident = store.find(connection, incident_id, lock=True)
        if incident is None:
            raise UnknownIncident(incident_id)
        return incident

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
            self._tell(carried)
            return result
        raise AssertionError("the second attempt returns or raises")

    def _tell(self, carried: Carried) -> None:
        for incident in carried.opened:
            log.info("incident_opened", incident_id=incident.id, system=incident.system, priority=incident.priority)
        for target in carried.superseded:
            self.metrics.desk_effects.labels(target.value, "superseded").inc()
        if carried.enqueued:
            for listener in self.listeners:
                listener()


def _tracked_by(decisions: Sequence[Decision]) -> dict[tuple[str, datetime], Tracked]:
    return {d.tracked.alert.episode: d.tracked for d in decisions if isinstance(d, Track)}

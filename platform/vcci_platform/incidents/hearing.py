"""What a letter does to the incidents that it is about, in the transaction that takes it out of the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from vcci_platform.clock import Clock
from vcci_platform.incidents import inbox, pages, policy, store
from vcci_platform.incidents.carry import Carried, carry_out
from vcci_platform.incidents.decisions import Decision, Track
from vcci_platform.incidents.echoes import AT_VENDOR, on_pager_event
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.hooks import pagerduty
from vcci_platform.incidents.ledger import Ledger
from vcci_platform.incidents.model import Alert, Incident
from vcci_platform.incidents.rules import VENDOR_BEHIND, IncidentPolicy
from vcci_platform.incidents.understanding import Understood
from vcci_platform.storage.ids import new_id

__all__ = ["Hearing"]


@dataclass(frozen=True)
class Hearing:
    """One transaction in which the desk does what follows from a letter; `carried` gathers what it did."""

    connection: Connection
    rules: IncidentPolicy
    clock: Clock
    carried: Carried

    def hear(self, letter: inbox.Letter, said: Understood) -> None:
        """Do what follows from what this letter said, and mark it as understood, or as quarantined with its problems.

        Heartbeats come first: whether somebody's all-clear is trusted depends on whether they can be heard at all.
        """
        now = self.clock.now()
        self.carried.heard_at = letter.waits_since
        self._beat(letter, said)
        by_system: dict[str, list[Alert]] = {}
        for alert in said.alerts:
            key = self.rules.key_of(alert)
            by_system.setdefault(key, []).append(alert.known_by(key))
        known = inbox.heartbeats(self.connection)
        trusted = not inbox.is_blind(known.get(letter.source), now, self.rules.watchdog_silent)
        for system in sorted(by_system):
            self._of_system(system, by_system[system], trusted=trusted)
        for report in said.reports:
            self._report(letter, report, now)
        for event in said.pager_events:
            self._pager_event(event)
        state = "quarantined" if said.problems else "understood"
        error = "; ".join(said.problems) or None
        inbox.mark(self.connection, letter, state, now, error=error, holds_beat=bool(said.beats))

    def _beat(self, letter: inbox.Letter, said: Understood) -> None:
        for beat in said.beats:
            inbox.beat(self.connection, beat.source, letter.received_at, lost=beat.lost)
        if seeing := {beat.source for beat in said.beats if not beat.lost}:
            self._see_again(seeing)

    def _see_again(self, sources: set[str]) -> None:
        for incident_id in store.doubting(self.connection):
            incident = store.find(self.connection, incident_id, lock=True)
            if incident is None or not incident.is_open:
                continue
            alerts = Ledger(store.alerts_of(self.connection, incident_id))
            if sources & {tracked.alert.source for tracked in alerts}:
                self._carry(incident, policy.on_sight_again(incident, alerts, self.rules, self.clock.now()))

    def _of_system(self, system: str, alerts: Sequence[Alert], *, trusted: bool) -> None:
        """Hear alerts, each in the incident that has it: an outage is not hidden in one of security that is open."""
        few = store.open_security(self.connection, system)
        has = store.fingerprints_of(self.connection, [incident.id for incident in few]) if few else {}
        for incident in few:
            if own := [alert for alert in alerts if has.get(alert.fingerprint) == incident.id]:
                self._alerts(incident, own, trusted=trusted)
        if rest := [alert for alert in alerts if alert.fingerprint not in has]:
            self._alerts(store.find_open(self.connection, system, lock=True), rest, trusted=trusted)

    def _alerts(self, incident: Incident | None, alerts: Sequence[Alert], *, trusted: bool) -> None:
        ledger = Ledger(store.alerts_of(self.connection, incident.id) if incident else ())
        past = store.past_episodes(self.connection, (alert.fingerprint for alert in alerts), incident)
        now, identity = self.clock.now(), new_id("inc")
        state, together = incident, list[Decision]()
        for alert in alerts:
            elsewhere = past.get(alert.fingerprint, ())
            decisions = policy.hear(state, ledger, alert, self.rules, now, trusted=trusted, elsewhere=elsewhere)
            state = evolve(state, decisions, now, new_id=identity)
            if state is None:
                self._carry(None, decisions)
            else:
                together += decisions
            for decision in decisions:
                if isinstance(decision, Track) and not decision.elsewhere:
                    ledger.add(decision.tracked)
        carry_out(self.connection, incident, together, self.rules, now, self.carried, identity=identity)

    def _report(self, letter: inbox.Letter, report: policy.Report, now: datetime) -> None:
        if report.security:
            incident = next(iter(store.open_security(self.connection, report.system)), None)
        else:
            incident = store.find_open(self.connection, report.system, lock=True)
        joined = self._carry(incident, policy.on_report(incident, report, self.rules, now))
        if joined is not None:
            inbox.lead(self.connection, letter, joined.id)

    def _pager_event(self, event: pagerduty.PagerEvent) -> None:
        """Do what follows from what happened in PagerDuty; what is not about a page of ours means nothing here."""
        told_of = pages.told_of(self.connection, event.key, event.remote_id)
        # each is locked before anything is written: whoever ends one of them looks at the pages of all
        for page, incident in [(page, store.find(self.connection, page.incident_id, lock=True)) for page in told_of]:
            if incident is not None and (status := AT_VENDOR.get(event.heard)) is not None:
                pages.learn(self.connection, incident.id, page.key, status, event.occurred_at)
            current = page.open and event.occurred_at >= page.since - VENDOR_BEHIND
            if incident is None or (event.heard is pagerduty.Heard.RESOLVED and not current):
                continue  # the echo of a page that the desk itself has closed
            if event.remote_id:
                pages.name(self.connection, incident.id, page.key, event.remote_id)
            holds = self.rules.holds(incident, Ledger(store.alerts_of(self.connection, incident.id)))
            told, now = replace(event, key=page.key), self.clock.now()
            self._carry(incident, on_pager_event(incident, told, self.rules, now, holds=holds, current=current))

    def _carry(self, incident: Incident | None, decisions: Sequence[Decision]) -> Incident | None:
        return carry_out(self.connection, incident, decisions, self.rules, self.clock.now(), self.carried)

"""Gather the context of incidents that have just opened: after the page is on its way, and never in its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from vcci_platform.incidents import store
from vcci_platform.incidents.carry import Carried, carry_out
from vcci_platform.incidents.context import store as contexts
from vcci_platform.incidents.context.gather import Gatherer
from vcci_platform.incidents.context.model import Context, Question, Section
from vcci_platform.incidents.context.reach import reach_words
from vcci_platform.incidents.decisions import SYSTEM, Decision, Record, Tell
from vcci_platform.incidents.model import Nature, Publication
from vcci_platform.incidents.tasks import Desk
from vcci_platform.telemetry import logs

__all__ = ["Onlooker"]

STILL_NEWS = timedelta(hours=6)
"""What opened longer ago, while no desk ran, is not looked up any more: the figures would be of another time."""

log = logs.get(__name__)


@dataclass(frozen=True)
class Onlooker:
    """Looks up what belongs to an incident, once for each time that it is opened."""

    desk: Desk
    gatherer: Gatherer

    def round(self) -> bool:
        """Gather for one incident that has nothing yet; true when there may be more."""
        now = self.desk.clock.now()
        with self.desk.database.read() as connection:
            waiting = contexts.without_context(connection, now - STILL_NEWS)
            incident = store.find(connection, waiting[0]) if waiting else None
            alerts = store.alerts_of(connection, waiting[0]) if waiting else ()
        if incident is None:
            return False
        sections = self.gatherer.ask(Question(incident, alerts, now))
        self._count(sections)
        self._keep(incident.id, incident.episode, sections)
        return len(waiting) > 1

    def _keep(self, incident_id: str, episode: int, sections: tuple[Section, ...]) -> None:
        """Keep what was gathered and tell it, once: another desk may have been faster."""
        now = self.desk.clock.now()
        context = Context(now, sections)
        carried = Carried()
        with self.desk.database.write() as connection:
            incident = store.find(connection, incident_id, lock=True)
            if incident is None or contexts.find(connection, incident_id, episode) is not None:
                return
            contexts.add(connection, incident_id, episode, context)
            words, links = context.words, context.links
            decisions: list[Decision] = [Record("context", words, by=SYSTEM, links=links), Tell(words, links=links)]
            reach = reach_words(context, self.desk.rules[incident.priority])
            if reach and incident.publication is Publication.PROPOSED and incident.nature is Nature.FAULT:
                decisions.append(Tell(f"The status page waits for the commander. {reach}", prompt=True))
            carry_out(connection, incident, decisions, self.desk.rules, now, carried)
        if carried.enqueued:
            for listener in self.desk.listeners:
                listener()
        missing = [section.name for section in sections if section.missing]
        log.info("context_gathered", incident_id=incident_id, missing=missing)

    def _count(self, sections: tuple[Section, ...]) -> None:
        for section in sections:
            outcome = "missing" if section.missing else "found"
            self.desk.metrics.desk_context.labels(section.name, outcome).inc()

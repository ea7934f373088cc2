"""Reviews at work: drafted after a resolve, edited, published; action items that nobody forgets.

What was counted is asked before a transaction begins, never inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from vcci_platform.incidents import outbox, people, store
from vcci_platform.incidents.carry import Carried, carry_out
from vcci_platform.incidents.decisions import SYSTEM, Decision, Record, Tell
from vcci_platform.incidents.model import Incident, State, systems_of
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.review import items
from vcci_platform.incidents.review import store as reviews
from vcci_platform.incidents.review.drafting import draft, facts_of, redrafted
from vcci_platform.incidents.review.gate import ReviewRefused, check_edit, check_public, check_publish, is_alone
from vcci_platform.incidents.review.impact import Impact, impact_of, touched_by
from vcci_platform.incidents.review.model import Item, Review, Stage, one_line
from vcci_platform.incidents.review.policy import item_changed, overdue, staged
from vcci_platform.incidents.review.ports import Counters
from vcci_platform.incidents.review.store import Kept, StaleVersion
from vcci_platform.incidents.tasks import Audited, Desk, UnknownIncident
from vcci_platform.incidents.tenants import TenantsOf
from vcci_platform.telemetry import logs

__all__ = ["NoReview", "Reviewer"]

REMIND_EVERY = timedelta(days=7)

Result = TypeVar("Result")

log = logs.get(__name__)


class NoReview(Exception):
    """This incident has no review yet: it is not resolved, or was a moment ago."""


@dataclass(frozen=True)
class Reviewer:
    """What the desk does about reviews. Without `counters` nobody knows what an incident cost, or whom it touched."""

    desk: Desk
    counters: Callable[[], Counters | None] = lambda: None
    tenants: TenantsOf | None = None

    # --- by itself ----------------------------------------------------------------------------------------------------

    def round(self) -> bool:
        """Draft what is missing and remind of what is overdue; false, since there is nothing more to do at once."""
        with self.desk.database.read() as connection:
            missing = reviews.undrafted(connection)
        for incident_id in missing:
            try:
                self.draft(incident_id)
            except OperationalError:
                raise  # the store is away: no incident is to blame
            except Exception:
                log.exception("review_not_drafted", incident_id=incident_id)  # the next one must not wait for it
        self.remind()
        return False

    def draft(self, incident_id: str) -> None:
        """Draft the review of a resolved incident; of one that was reopened, add what happened since."""
        impact = self._impact(incident_id)

        def attempt(connection: Connection, incident: Incident) -> Sequence[Decision]:
            if incident.state is not State.RESOLVED:
                return ()
            known = reviews.find(connection, incident_id, lock=True)
            entries, alerts = reviews.entries_of(connection, incident_id), store.alerts_of(connection, incident_id)
            now = self.desk.clock.now()
            if known is None:
                made = draft(incident, entries, alerts, impact)
                reviews.add(connection, made, impact, episode=incident.episode, by=SYSTEM, now=now)
                text = "the review is drafted: its causes, lessons and actions are for people"
                line = Record("review_drafted", text, by=SYSTEM)
                return (line, Tell(text)) if self._is_owed(incident, now) else (line,)
            if known.episode >= incident.episode:
                return ()
            made = redrafted(known.review, incident, entries, alerts, impact, touched=known.touched)
            self._keep(connection, known, made, by=SYSTEM, impact=impact, episode=incident.episode)
            return (Record("review_drafted", "the review has what happened since it was reopened", by=SYSTEM),)

        self._locked(incident_id, attempt)
        log.info("review_drafted", incident_id=incident_id, unknown=impact.unknown)

    def remind(self) -> int:
        """Remind of action items that are overdue, of each once a week; return of how many."""
        now = self.desk.clock.now()
        before = now - REMIND_EVERY / self.desk.rules.time_scale
        with self.desk.database.read() as connection:
            due = items.overdue(connection, now.date(), before)
        count = 0
        for incident_id, rows in groupby(due, key=lambda row: str(row["incident_id"])):
            numbers = {row["id"]: items.item_of_row(row) for row in rows}

            def attempt(connection: Connection, _: Incident, late: dict[int, Item] = numbers) -> Sequence[Decision]:
                told = [late[number] for number in items.reminded(connection, list(late), before, now)]
                return overdue(told) if told else ()

            self._locked(incident_id, attempt)
            count += len(numbers)
        return count

    # --- people -------------------------------------------------------------------------------------------------------

    def read(self, incident_id: str) -> Kept:
        """Return the review of an incident, or raise NoReview."""
        with self.desk.database.read() as connection:
            return _found(connection, incident_id)

    def edit(self, incident_id: str, edited: Review, *, by: str, audited: Audited | None = None) -> Kept:
        """Keep what a person made of the version that they read.

        Raises ReviewRefused, StaleVersion, NoReview or UnknownIncident.
        """

        def attempt(connection: Connection, incident: Incident) -> Sequence[Decision]:
            known = _found(connection, incident_id, lock=True)
            check_edit(known, edited, {number for number, _ in reviews.entries_of(connection, incident.id)})
            if edited == known.review:
                return ()  # who changes nothing is not one of its authors
            self._audit(connection, audited, incident_id)
            made = replace(edited, version=known.review.version + 1)
            self._keep(connection, known, made, by=by, read=edited.version, touched=True)
            return (Record(reviews.EDITED, f"{by} edited the review: version {made.version}", by=by),)

        self._locked(incident_id, attempt)
        return self.read(incident_id)

    def move(
        self,
        incident_id: str,
        stage: Stage,
        *,
        version: int,
        by: str,
        why_alone: str = "",
        audited: Audited | None = None,
    ) -> Kept:
        """Hand a draft in for review, take it back, or publish it, which makes the incident reviewed.

        `why_alone` lets the only author publish where a second person is asked for; the timeline and the audit log
        keep it. Where nobody else is needed it says nothing.
        """

        rules, why_alone = self.desk.rules, one_line(why_alone)

        def attempt(connection: Connection, incident: Incident) -> Sequence[Decision]:
            known = _found(connection, incident_id, lock=True)
            if known.review.version != version:
                raise StaleVersion(version, known.review.version, known.changed_by)
            if known.review.stage is Stage.PUBLISHED:
                raise ReviewRefused("published", "a published review stays so: its action items go on one by one")
            if known.review.stage is stage:
                raise ReviewRefused("same-stage", f"the review is {stage} already")
            why = ""
            if stage is Stage.PUBLISHED:
                asked = incident.priority in rules.second_person
                why = why_alone if asked and is_alone(known, by) else ""
                check_publish(known, incident, rules, by=by, why_alone=why)
            told = replace(audited, detail={**audited.detail, "alone": why}) if audited and why else audited
            self._audit(connection, told, incident_id)
            self._keep(connection, known, replace(known.review, stage=stage, version=version + 1), by=by)
            return staged(known, incident, rules, stage, by=by, why_alone=why)

        self._locked(incident_id, attempt)
        return self.read(incident_id)

    def measure(self, incident_id: str, *, by: str, audited: Audited | None = None) -> Kept:
        """Ask again what was counted, for a review that was drafted while nobody could be asked."""
        impact = self._impact(incident_id)

        def attempt(connection: Connection, incident: Incident) -> Sequence[Decision]:
            known = _found(connection, incident_id, lock=True)
            if known.review.stage is Stage.PUBLISHED:
                raise ReviewRefused("published", "a published review is not measured again")
            self._audit(connection, audited, incident_id)
            made = replace(known.review, facts=facts_of(incident, impact), version=known.review.version + 1)
            self._keep(connection, known, made, by=by, impact=impact)
            return (Record("review_measured", "the impact was measured again", by=by),)

        self._locked(incident_id, attempt)
        return self.read(incident_id)

    def change_item(
        self, incident_id: str, number: int, change: Callable[[Item], Item], *, by: str, audited: Audited | None = None
    ) -> Kept:
        """Change an action item, which goes on after the review is published; raise ReviewRefused for none."""

        def attempt(connection: Connection, _: Incident) -> Sequence[Decision]:
            known = _found(connection, incident_id, lock=True)
            row = items.row_of(connection, incident_id, number)
            if row is None:
                raise ReviewRefused("no-item", f"this incident has no action item {number}")
            before = items.item_of_row(row)
            after = change(before)
            if after == before:
                return ()
            if known.review.stage is Stage.PUBLISHED and before.owner and not after.owner:
                raise ReviewRefused("owner-needed", "an action item of a published review keeps an owner: name another")
            self._audit(connection, audited, incident_id)
            items.change(connection, row, after, by=by, now=self.desk.clock.now())
            reviews.bump(connection, incident_id, by=by, now=self.desk.clock.now())
            return (item_changed(before, after, by),)

        self._locked(incident_id, attempt)
        return self.read(incident_id)

    def tell_public(self, incident_id: str, *, notify: bool, by: str, audited: Audited | None = None) -> Kept:
        """Queue what customers may read for the status page, once; a commander has approved it."""

        def attempt(connection: Connection, incident: Incident) -> Sequence[Decision]:
            known = _found(connection, incident_id, lock=True)
            check_public(known.review, incident)
            now = self.desk.clock.now()
            if not reviews.sent_to_page(connection, incident_id, now):
                raise ReviewRefused("sent-already", "the status page was told of this review already")
            self._audit(connection, audited, incident_id)
            body = {"text": known.review.public, "notify": notify}
            outbox.enqueue(connection, incident_id, Target.STATUSPAGE, Kind.POSTMORTEM, body, now)
            return (Record("review_public", "the status page is told of the review", by=by),)

        self._locked(incident_id, attempt)
        for listener in self.desk.listeners:
            listener()
        return self.read(incident_id)

    # --- one transaction ----------------------------------------------------------------------------------------------

    def _locked(self, incident_id: str, attempt: Callable[[Connection, Incident], Sequence[Decision]]) -> None:
        carried = Carried()
        with self.desk.database.write() as connection:
            incident = store.find(connection, incident_id, lock=True)
            if incident is None:
                raise UnknownIncident(incident_id)
            decisions = attempt(connection, incident)
            carry_out(connection, incident, decisions, self.desk.rules, self.desk.clock.now(), carried)
        if carried.enqueued:
            for listener in self.desk.listeners:
                listener()

    def _keep(
        self,
        connection: Connection,
        known: Kept,
        made: Review,
        *,
        by: str,
        read: int | None = None,
        impact: Impact | None = None,
        episode: int | None = None,
        touched: bool = False,
    ) -> None:
        now = self.desk.clock.now()
        reviews.write(
            connection,
            made,
            read=known.review.version if read is None else read,
            by=by,
            now=now,
            impact=impact or known.impact,
            episode=episode or known.episode,
            touched=known.touched or touched,
        )
        items.put(connection, made.incident, made.items, by, now)

    def _audit(self, connection: Connection, audited: Audited | None, subject: str) -> None:
        if audited is not None:
            people.audit(connection, **vars(audited), subject=subject, now=self.desk.clock.now())

    def _is_owed(self, incident: Incident, now: datetime) -> bool:
        """Return whether people are told that a draft waits: not of what needs none, or was over long ago."""
        within = self.desk.rules[incident.priority].review
        return within is not None and incident.resolved_at is not None and now - incident.resolved_at < within

    def _impact(self, incident_id: str) -> Impact:
        """Return what was counted. Whatever goes wrong, a review is drafted, and says so."""
        with self.desk.database.read() as connection:
            incident = store.find(connection, incident_id)
            if incident is None:
                raise UnknownIncident(incident_id)
            alerts = store.alerts_of(connection, incident_id)
        now = self.desk.clock.now()
        resolved_at = incident.resolved_at or now
        systems = systems_of(incident, alerts)
        try:
            scale = self.desk.rules.time_scale
            impact = impact_of(self.counters(), systems, incident.began_at, resolved_at, now, time_scale=scale)
        except Exception as error:  # noqa: BLE001 - whatever a source does, people get their draft
            log.warning("impact_not_measured", incident_id=incident_id, error=repr(error))
            impact = Impact(unknown=f"what was counted could not be asked: {type(error).__name__}")
        return touched_by(impact, self.tenants, systems, incident.began_at, resolved_at)


def _found(connection: Connection, incident_id: str, *, lock: bool = False) -> Kept:
    known = reviews.find(connection, incident_id, lock=lock)
    if known is None:
        raise NoReview(incident_id)
    return known

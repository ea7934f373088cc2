"""Every deadline of the spec against what happened: met or missed, and by how much. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from vcci_platform.incidents.model import Publication
from vcci_platform.incidents.rules import FALLBACK_AFTER, IncidentPolicy
from vcci_platform.incidents.views import EntryView, IncidentDetail

__all__ = ["AT_ONCE", "Deadline", "Verdict", "judge"]

AT_ONCE = FALLBACK_AFTER
"""What the spec wants at once is late after the time that a page may wait. Vendors are not scaled, so neither is it."""

WORKING = ("state_investigating", "state_identified", "state_mitigating", "state_monitoring", "state_resolved")


class Verdict(StrEnum):
    """What became of a deadline. What could still be met, or never came due, is neither met nor missed."""

    MET = "met"
    MISSED = "missed"
    PENDING = "pending"


@dataclass(frozen=True)
class Deadline:
    """One promise of the spec. `happened` is None when it never did; `spare` is what was left, negative when late."""

    name: str
    due: datetime
    happened: datetime | None
    verdict: Verdict
    spare: timedelta


def judge(record: IncidentDetail, policy: IncidentPolicy, until: datetime) -> tuple[Deadline, ...]:
    """Return every deadline that the severity sets, in the order of their time.

    They count from detection, updates from the one before, and stand still outside the severity's working hours. What
    was due while the incident was watched or over, and
    what is due after `until`, binds nobody.
    """
    return tuple(sorted(_deadlines(record, policy, until), key=lambda deadline: deadline.due))


def _deadlines(record: IncidentDetail, policy: IncidentPolicy, until: datetime) -> Iterator[Deadline]:
    rules, began = policy[record.priority], record.detected_at
    if rules.page:
        yield _judged("page delivered", began + AT_ONCE, _first(record, "trigger_delivered"), until)
    if rules.status_page == "at-once":
        shown = _first(record, "show_delivered") if record.publication is Publication.PUBLISHED else None
        yield _judged("status page told", began + AT_ONCE, shown, until)
    if rules.acknowledge:
        yield _judged("acknowledged", rules.after(began, rules.acknowledge), record.acknowledged_at, until)
    if rules.assess:
        yield _judged("assessed", rules.after(began, rules.assess), _first(record, *WORKING), until)
    if (respond_by := rules.respond_by(began)) is not None:
        yield _judged("work begun", respond_by, _first(record, *WORKING), until)
    yield from _updates(record, policy, until)
    yield from _escalations(record, policy, until)
    if rules.review and record.resolved_at is not None:
        yield _judged("review written", record.resolved_at + rules.review, record.reviewed_at, until)


def _updates(record: IncidentDetail, policy: IncidentPolicy, until: datetime) -> Iterator[Deadline]:
    """Yield the update that was due after detection, and after each update the next, while work went on."""
    rules = policy[record.priority]
    if rules.update is None:
        return
    quiet = _quiet(record)
    over = until if quiet is None else min(quiet, until)
    since, number = record.detected_at, 1
    for told in [entry.occurred_at for entry in record.timeline if entry.kind == "update"]:
        due = rules.after(since, rules.update)
        if due > over and told > over:
            return
        yield _judged(f"update {number}", due, told, over)
        since, number = told, number + 1
    while (due := rules.after(since, rules.update)) <= over or (quiet is None and since <= over):
        yield _judged(f"update {number}", due, None, over)
        since, number = due, number + 1


def _escalations(record: IncidentDetail, policy: IncidentPolicy, until: datetime) -> Iterator[Deadline]:
    quiet = _quiet(record)
    withheld = [entry for entry in record.timeline if entry.kind in {"escalation_withheld", "escalation_held"}]
    for after, level in policy.escalation.get(record.priority, ()):
        due = policy[record.priority].after(record.detected_at, after)
        words = f"escalated to level {level}"
        asked = next((entry.occurred_at for entry in record.timeline if _says(entry, words)), None)
        if asked is None and (withheld or (quiet is not None and due > quiet)):
            continue
        yield _judged(words, due, asked, until, slack=AT_ONCE)


def _quiet(record: IncidentDetail) -> datetime | None:
    """Return when nobody needed to be asked any more, because it was watched or over; None while it is not."""
    ends = (record.resolved_at, _first(record, "state_monitoring"))
    return min((moment for moment in ends if moment is not None), default=None)


def _says(entry: EntryView, words: str) -> bool:
    return entry.kind == "escalated" and entry.text == words


def _first(record: IncidentDetail, *kinds: str) -> datetime | None:
    found: Sequence[datetime] = [entry.occurred_at for entry in record.timeline if entry.kind in kinds]
    return min(found, default=None)


def _judged(
    name: str, due: datetime, happened: datetime | None, until: datetime, *, slack: timedelta = timedelta(0)
) -> Deadline:
    """Return what became of it; what the desk does at the very moment has `slack`, to notice and to write."""
    if happened is None and until < due + slack:
        return Deadline(name, due, None, Verdict.PENDING, due - until)
    spare = due - (happened or until)
    if happened is not None and spare >= -slack:
        return Deadline(name, due, happened, Verdict.MET, max(spare, timedelta(0)))
    return Deadline(name, due, happened, Verdict.MISSED, spare)

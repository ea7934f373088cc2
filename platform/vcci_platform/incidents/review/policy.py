"""What follows from what people do with a review: lines of the timeline, words to the channel, mail. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from vcci_platform.incidents.decisions import SYSTEM, Cancel, Decision, Mail, Move, Record, Sign, Tell, TimerKind
from vcci_platform.incidents.model import Incident, State
from vcci_platform.incidents.review.gate import is_alone
from vcci_platform.incidents.review.model import Item, Stage
from vcci_platform.incidents.review.store import Kept
from vcci_platform.incidents.rules import IncidentPolicy

__all__ = ["item_changed", "overdue", "staged"]


def staged(
    known: Kept, incident: Incident, policy: IncidentPolicy, stage: Stage, *, by: str, why_alone: str = ""
) -> Sequence[Decision]:
    """Return what another stage means. Who publishes what they alone wrote is told of as such, with their reason."""
    if stage is Stage.IN_REVIEW:
        line = Record("review_moved", f"{by} handed the review in", by=by)
        waits = incident.priority in policy.second_person
        return (line, Tell(f"{by} handed the review in: somebody else reads and publishes it")) if waits else (line,)
    if stage is Stage.DRAFT:
        return (Record("review_moved", f"{by} took the review back: it is a draft again", by=by),)
    words = f"{by} published the review{', which nobody else has written in' if is_alone(known, by) else ''}"
    return (
        Record("review_published", words, by=by, why=why_alone),
        Move(State.REVIEWED, by, "its review is published"),
        Sign(),
        Cancel((TimerKind.REVIEW,)),
        Tell(f"{words}: {why_alone}" if why_alone else words),
    )


def overdue(items: Sequence[Item]) -> Sequence[Decision]:
    """Return the reminder of action items that should be done by now."""
    words = "; ".join(f"{item.text} ({item.owner or 'nobody'}, due {item.due})" for item in items)
    text = f"overdue after this incident: {words}"
    owners = tuple(sorted({item.owner for item in items if item.owner}))
    return Record("actions_overdue", text, by=SYSTEM), Tell(text), Mail("action items are overdue", text, owners)


def item_changed(before: Item, after: Item, by: str) -> Record:
    """Return the line that says what became of an action item."""
    if after.done != before.done:
        return Record("action_item", f"{'done' if after.done else 'not done after all'}: {after.text}", by=by)
    due = f", due {after.due}" if after.due else ""
    return Record("action_item", f"action item changed: {after.text} ({after.owner or 'nobody'}{due})", by=by)

"""What a review must have before it is kept or published, and an incident before it counts as reviewed. Pure."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from vcci_platform.incidents.model import Incident, Nature, Publication, Refused, State, allowed_actions
from vcci_platform.incidents.review.model import Review, Stage, one_line
from vcci_platform.incidents.review.store import Kept, StaleVersion
from vcci_platform.incidents.rules import IncidentPolicy

__all__ = ["ReviewRefused", "check_edit", "check_public", "check_publish", "check_reviewed", "is_alone"]


class ReviewRefused(Exception):
    """What cannot be done to a review now; `code` is for programs, the sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def check_edit(known: Kept, edited: Review, lines: AbstractSet[int]) -> None:
    """Refuse an edit of an older version, or one that touches what is not people's to change.

    `lines` are the numbers of the incident's own timeline.
    """
    review = known.review
    if edited.incident != review.incident:
        sentence = f"this is the review of {edited.incident}, expected that of {review.incident}"
        raise ReviewRefused("another-incident", sentence)
    if edited.version != review.version:
        raise StaleVersion(edited.version, review.version, known.changed_by)
    if review.stage is Stage.PUBLISHED:
        raise ReviewRefused("published", "a published review is not edited: its action items go on one by one")
    if edited.stage is not review.stage:
        sentence = f"the stage is {review.stage}: it is changed by handing the review in or publishing it"
        raise ReviewRefused("stage", sentence)
    if edited.facts != review.facts:
        changed = next((fact for fact in edited.facts if fact not in review.facts), "a line that is missing")
        sentence = f"the facts are told by the desk and not edited, found {changed!r}; measure again, or say it below"
        raise ReviewRefused("facts", sentence)
    foreign = sorted({line.source for line in edited.timeline if line.source is not None} - set(lines))
    if foreign:
        raise ReviewRefused("unknown-line", f"the incident has no line {foreign[0]} in its timeline")
    numbers = [item.id for item in edited.items if item.id]
    unknown = sorted(set(numbers) - {item.id for item in review.items})
    if unknown or len(numbers) != len(set(numbers)):
        which = unknown[0] if unknown else next(number for number in numbers if numbers.count(number) > 1)
        sentence = f"expected each stored action item once, and new ones without id, found id {which}"
        raise ReviewRefused("unknown-item", sentence)


def is_alone(known: Kept, by: str) -> bool:
    """Return whether nobody but this person wrote in a review, however their name is spelled."""
    return {_spelled(author) for author in known.authors} <= {_spelled(by)}


def _spelled(name: str) -> str:
    return one_line(name).casefold()


def check_publish(known: Kept, incident: Incident, policy: IncidentPolicy, *, by: str, why_alone: str = "") -> None:
    """Refuse to publish what nobody has thought about, whose actions nobody will do, or what one person alone has seen.

    `why_alone` is the reason for which an admin publishes what they alone wrote, where a second person is asked for.
    """
    review = known.review
    if incident.state is not State.RESOLVED:
        raise ReviewRefused("not-resolved", f"an incident that is {incident.state} has no review to publish")
    if review.stage is not Stage.IN_REVIEW:
        sentence = f"the review is {review.stage}: hand it in first, so that it is read, and publish it then"
        raise ReviewRefused("not-in-review", sentence)
    if not review.causes:
        raise ReviewRefused("no-causes", "nobody has written what caused it: fill in 'Root Cause', even with unknown")
    if review.unowned:
        raise ReviewRefused("owner-needed", f"nobody does {review.unowned[0].text!r}: each action item needs an owner")
    if incident.priority in policy.second_person and is_alone(known, by) and not why_alone:
        sentence = (
            f"{by} alone wrote it, and a {incident.priority} asks for a second person: "
            "somebody else publishes it or writes in it first, or an admin publishes it alone and says why"
        )
        raise ReviewRefused("second-person-needed", sentence)


def check_public(review: Review, incident: Incident) -> None:
    """Refuse to tell customers of a review that is not for them."""
    if incident.nature is Nature.SECURITY:
        raise ReviewRefused("restricted", "a security incident is told to the public by people, not by the desk")
    if review.stage is not Stage.PUBLISHED:
        raise ReviewRefused("not-published", f"the review is {review.stage}: publish it first")
    if incident.publication is not Publication.PUBLISHED:
        raise ReviewRefused("not-public", "the status page never showed this incident")
    if not review.public:
        raise ReviewRefused("no-words", "there are no words for customers: write the section 'For Customers'")


def check_reviewed(incident: Incident, known: Kept | None) -> None:
    """Refuse to call an incident reviewed before its review is published and each action has an owner."""
    if known is not None and known.review.stage is Stage.PUBLISHED and not known.review.unowned:
        return
    stage = known.review.stage.value if known is not None else "not drafted yet"
    sentence = f"its review is {stage}: it counts as reviewed when that is published, each action with an owner"
    raise Refused("review-not-published", sentence, allowed_actions(incident.state))

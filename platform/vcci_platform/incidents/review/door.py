"""What every route of a review asks first: who sees the incident, who may do this, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vcci_platform.incidents import store
from vcci_platform.incidents.access import Actor, Rank, takes
from vcci_platform.incidents.messages import incident_url
from vcci_platform.incidents.model import Incident
from vcci_platform.incidents.review.gate import ReviewRefused
from vcci_platform.incidents.review.model import Stage
from vcci_platform.incidents.review.store import Kept, StaleVersion
from vcci_platform.incidents.review.tasks import NoReview, Reviewer
from vcci_platform.incidents.review.views import ReviewView, review_view
from vcci_platform.incidents.tasks import Audited, UnknownIncident
from vcci_platform.problems import Problem

__all__ = ["Door", "may_move", "refusal"]


@dataclass(frozen=True)
class Door:
    """The way to the reviews for those who ask over HTTP."""

    reviewer: Reviewer

    def incident(self, incident_id: str, actor: Actor) -> Incident:
        """Return an incident that this person may see; any other is one that there is not."""
        desk = self.reviewer.desk
        with desk.database.read() as connection:
            incident = store.find(connection, incident_id)
        if incident is None or not actor.sees(incident, desk.rules.security_roles):
            raise _unknown(incident_id)
        return incident

    def read(self, incident_id: str, actor: Actor) -> tuple[Incident, Kept]:
        """Return an incident with its review."""
        return self.incident(incident_id, actor), _carried(incident_id, lambda: self.reviewer.read(incident_id))

    def do(
        self,
        incident_id: str,
        actor: Actor,
        action: str,
        by: str,
        change: Callable[[str, Audited], Kept],
        **detail: Any,
    ) -> ReviewView:
        """Return the review after a change; the audit log gets the action with its particulars."""
        self.incident(incident_id, actor)
        name = actor.named(by)
        audited = Audited(name, actor.rank.value, action, detail)
        return self.shown(_carried(incident_id, lambda: change(name, audited)), actor)

    def shown(self, kept: Kept, actor: Actor) -> ReviewView:
        """Return what this person may read of a review."""
        desk = self.reviewer.desk
        view = review_view(kept, desk.clock.now().date(), incident_url(kept.review.incident, desk.rules))
        return view if actor.rank.covers(Rank.RESPONDER) else view.model_copy(update={"tenants_named": ()})


def may_move(actor: Actor, stage: Stage, why_alone: str = "") -> None:
    """Refuse to publish to those below a commander, and to publish alone to those below an admin."""
    if stage is Stage.PUBLISHED:
        takes(actor, Rank.COMMANDER, "To publish a review")
    if why_alone:
        takes(actor, Rank.ADMIN, "To publish a review alone")


def refusal(refused: ReviewRefused) -> Problem:
    """Return what is told of something that cannot be done to a review now."""
    status = 404 if refused.code == "no-item" else 409
    return Problem(status=status, code=refused.code, detail=str(refused))


def _carried(incident_id: str, carry: Callable[[], Kept]) -> Kept:
    try:
        return carry()
    except UnknownIncident:
        raise _unknown(incident_id) from None
    except NoReview:
        detail = "There is no review yet: it is drafted a moment after the incident is resolved."
        raise Problem(status=404, code="no-review", detail=detail) from None
    except StaleVersion as stale:
        errors = [{"field": "version", "reason": str(stale), "version": stale.version}]
        raise Problem(status=409, code="stale-version", detail=str(stale), errors=errors) from None
    except ReviewRefused as refused:
        raise refusal(refused) from None


def _unknown(incident_id: str) -> Problem:
    return Problem(status=404, code="not-found", detail=f"There is no incident {incident_id!r}.")

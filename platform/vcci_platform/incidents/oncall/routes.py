"""`GET /v1/oncall`: who is on call now, at a moment, and in a span; the console and the command show the same."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from vcci_platform.clock import Clock
from vcci_platform.incidents.access import Access, Rank
from vcci_platform.incidents.oncall.place import Pagers
from vcci_platform.incidents.oncall.view import DAYS_AHEAD, OnCallView, on_call_view
from vcci_platform.problems import Problem, refusals
from vcci_slo import Plan
from vcci_slo.plan import Correction
from vcci_slo.windows import Span

__all__ = ["FARTHEST", "OnCall", "on_call_routes"]

FARTHEST = timedelta(days=366)
"""How far from now may be looked, and how long a span may be."""

A_MOMENT = timedelta(seconds=1)


def _none() -> tuple[Correction, ...]:
    return ()


@dataclass(frozen=True)
class OnCall:
    """What the desk knows about who is on call. `pagers` has the roster where the spec has not; None without one."""

    plan: Plan
    clock: Clock
    pagers: Pagers | None = None
    corrections: Callable[[], Iterable[Correction]] = _none

    def view(self, at: datetime | None = None, span: Span | None = None) -> OnCallView:
        """Return who is on call at a moment, now unless said otherwise, and in a span."""
        now, corrections = self.clock.now(), self.corrections()
        return on_call_view(self.plan, now, at=at, span=span, pagers=self.pagers, corrections=corrections)

    def remember(self) -> bool:
        """Ask whoever has the roster, so that their word is there when they are not; a loop's round, never at once."""
        if self.pagers is not None:
            self.view()
        return False

    def glance(self) -> OnCallView:
        """Return who is on call now as far as that is known at once: nobody is asked, so that nobody waits."""
        now, pagers = self.clock.now(), self.pagers
        told = replace(pagers, ask=pagers.known) if pagers else None
        return on_call_view(self.plan, now, span=Span(now, now + A_MOMENT), pagers=told)


def on_call_routes(on_call: OnCall, access: Access) -> APIRouter:
    """Return the route; whoever may read at the desk may ask it."""
    routes = APIRouter(prefix="/v1", tags=["on call"], responses=refusals(422))

    @routes.get("/oncall", summary="Who is on call", dependencies=[Depends(access.of_rank(Rank.VIEWER))])
    def who(
        at: Annotated[AwareDatetime | None, Query(description="Unset, now")] = None,
        start: Annotated[AwareDatetime | None, Query(alias="from", description="Unset, `at`")] = None,
        end: Annotated[AwareDatetime | None, Query(alias="to", description="Unset, 14 days after `from`")] = None,
    ) -> OnCallView:
        """Return whose turn it is at a moment, the turns that have a part in a span, and whom each level asks.

        Turns and handoffs are the spec's; names too, where it has them. Where PagerDuty has the roster, `source` says
        how old its word is, and why it is not newer; a name that nobody can tell is empty, with the reason.
        """
        now = on_call.clock.now()
        moment = at or now
        begin = start or moment
        finish = end or begin + DAYS_AHEAD
        for name, value in (("at", moment), ("from", begin), ("to", finish)):
            if abs(value - now) > FARTHEST:
                _refuse(name, f"expected a moment within {FARTHEST.days} days from now")
        if finish <= begin:
            _refuse("to", f"expected a moment after {begin.isoformat()}")
        return on_call.view(moment.astimezone(UTC), Span(begin.astimezone(UTC), finish.astimezone(UTC)))

    return routes


def _refuse(name: str, reason: str) -> None:
    errors = [{"field": f"query.{name}", "reason": reason}]
    raise Problem(status=422, code="wrong-span", detail=f"`{name}`: {reason}.", errors=errors)

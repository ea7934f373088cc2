"""Accounts and gates over HTTP: `/v1/slos/{name}/account`, `/v1/slos/{name}/gate`, `/v1/gate`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from vcci_platform.problems import Problem, refusals
from vcci_platform.reliability.account_views import AccountView, GatesView, GateView
from vcci_platform.reliability.correction_routes import router as corrections
from vcci_platform.reliability.parts_order import worst_first
from vcci_platform.reliability.parts_routes import router as parts
from vcci_platform.reliability.routes import available, known_promise, span_of
from vcci_platform.reliability.service import Reliability
from vcci_platform.reliability.views import PartsView, PartView
from vcci_slo.plan import Slo
from vcci_slo.policy import CERTAIN, Terms
from vcci_slo.windows import rolling

__all__ = ["router"]

Share = Annotated[float | None, Query(ge=0, le=1, description="Share of the budget that must be left, such as 0.1")]
Known = Annotated[float, Query(ge=0, le=1, description="Share of the window that must have been observed")]
Change = Annotated[Literal["feature", "fix"], Query(description="What is to pass: a fix may when features may not")]
Accepted = Annotated[bool, Query(description="Believe good figures that nobody else has seen; shown in the answer")]
Names = Annotated[list[str] | None, Query(max_length=200, description="Promises; unset, all of them")]
Component = Annotated[str | None, Query(max_length=200, description="Only promises about this component")]
Team = Annotated[str | None, Query(max_length=200, description="Only promises of this team")]


def router(reliability: Reliability) -> APIRouter:
    """Return the routes over one SLO service."""
    routes = APIRouter(prefix="/v1")
    routes.include_router(_accounts(reliability))
    routes.include_router(parts(reliability))
    routes.include_router(corrections(reliability))
    return routes


def _accounts(reliability: Reliability) -> APIRouter:
    routes = APIRouter(tags=["promises"], responses=refusals(404, 422, 503))
    plan, source = reliability.plan, reliability.source

    def gated(slo: Slo, terms: Terms) -> GateView:
        decision, account = reliability.gate(slo, terms)
        return GateView.of(slo, decision, account, terms, source.name, self_reported=source.self_reported)

    @routes.get("/slos/{name}/account", summary="Where the error budget of a promise went")
    def account(
        name: str, over: Annotated[str | None, Query(description="How far back, such as 7d; unset, its window")] = None
    ) -> AccountView:
        """Return the account of a promise: budget, what spent it, what was taken out, and when it is gone."""
        slo = known_promise(plan, name)
        length: timedelta | None = span_of(over) if over is not None else None
        span = rolling(reliability.clock.now(), length) if length else None
        with available():
            found = reliability.statement(slo, span)
        return AccountView.of(slo, found, source.name, self_reported=source.self_reported)

    @routes.get("/slos/{name}/groups", summary="The parts of a promise that labels keep apart")
    def groups(name: str) -> PartsView:
        """Return each part of a promise that is kept apart by labels, the one with the least budget first."""
        slo = known_promise(plan, name)
        with available():
            found = worst_first(reliability.parts(slo))
        items = [PartView.of(dict(labels), status) for labels, status in found]
        return PartsView(name=name, by=list(slo.by), items=items)

    @routes.get("/slos/{name}/gate", summary="Whether one promise lets a change through")
    def gate(
        name: str,
        *,
        at_least: Share = None,
        change: Change = "feature",
        accept_self_reported: Accepted = False,
        known: Known = CERTAIN,
    ) -> GateView:
        """Return whether a change may pass: `pass`, `refused`, or `unknown` where nobody can vouch for the figures.

        The answer stands in the body; the status is 200 for all three, 503 while the figures cannot be read.
        """
        slo = known_promise(plan, name)
        with available():
            return gated(slo, Terms(change, at_least, accept_self_reported, known))

    @routes.get("/gate", summary="Whether several promises let a change through")
    def gates(
        *,
        slo: Names = None,
        component: Component = None,
        team: Team = None,
        at_least: Share = None,
        change: Change = "feature",
        accept_self_reported: Accepted = False,
        known: Known = CERTAIN,
    ) -> GatesView:
        """Return the gates of several promises and the worst answer; 422 when no promise is meant."""
        chosen = _chosen(plan.slos, slo or [], component, team)
        with available():
            return GatesView.of(
                [gated(found, Terms(change, at_least, accept_self_reported, known)) for found in chosen]
            )

    def _chosen(slos: Sequence[Slo], names: list[str], component: str | None, team: str | None) -> list[Slo]:
        declared = {slo.declared for slo in slos}
        for name in names:
            if name not in declared:
                known_promise(plan, name)
        found = [
            slo
            for slo in slos
            if (not names or slo.name in names or slo.declared in names)
            and component in {None, slo.component}
            and team in {None, slo.team}
        ]
        if not found:
            raise Problem(status=422, code="nothing-chosen", detail=_nothing(slos, component, team))
        return found

    return routes


def _nothing(slos: Sequence[Slo], component: str | None, team: str | None) -> str:
    """Return why no promise is meant, with the names that there are: a gate that looks at nothing would always pass."""
    for kind, name, known in (
        ("about the component", component, {slo.component for slo in slos}),
        ("of the team", team, {slo.team for slo in slos}),
    ):
        if name is not None and name not in known:
            return f"No promise is {kind} {name!r}: expected one of {', '.join(sorted(known))}."
    return "No promise is meant by all of that together."

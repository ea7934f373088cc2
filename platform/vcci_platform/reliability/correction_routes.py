"""`/v1/corrections`: which time does not count, who decided so, and who changed that."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from vcci_platform.problems import Problem, refusals
from vcci_platform.reliability.account_views import CorrectionsView, CorrectionView
from vcci_platform.reliability.correcting import put_back, take_out
from vcci_platform.reliability.corrections import CorrectionBook, NoSuchCorrection
from vcci_platform.reliability.service import Reliability
from vcci_slo.spec.accounting import CorrectionSpec

__all__ = ["router"]

Who = Annotated[str, Query(min_length=1, max_length=200, description="Who decided this")]
Why = Annotated[str, Query(min_length=1, max_length=1000, description="Why")]


def router(reliability: Reliability) -> APIRouter:
    """Return the routes over the corrections of one SLO service."""
    routes = APIRouter(prefix="/corrections", tags=["corrections"], responses=refusals(404, 409, 422))
    book, clock = reliability.book, reliability.clock

    @routes.get("", summary="Every correction", response_model_by_alias=True)
    def corrections(
        cursor: Annotated[str | None, Query(description="The name after which to go on")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> CorrectionsView:
        """List every correction: those of the spec, then those of the desk, the newest first."""
        every = book.all()
        names = [kept.correction.name for kept in every]
        if cursor is not None and cursor not in names:
            detail = "Expected the next_cursor of an answer before."
            errors = [{"field": "query.cursor", "reason": detail}]
            raise Problem(status=422, code="invalid-cursor", detail=detail, errors=errors)
        first = names.index(cursor) + 1 if cursor is not None else 0
        chosen = every[first : first + limit]
        more = first + limit < len(every)
        return CorrectionsView(
            items=[CorrectionView.of(kept) for kept in chosen],
            next_cursor=chosen[-1].correction.name if more else None,
        )

    @routes.get("/{name}", summary="One correction and its history", response_model_by_alias=True)
    def correction(name: str) -> CorrectionView:
        """Return one correction with its history: who changed what, when and why."""
        return _shown(book, name)

    @routes.post("", summary="Take time out of accounts", status_code=201, response_model_by_alias=True)
    def add(
        written: CorrectionSpec,
        response: Response,
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> CorrectionView:
        """Take time out of the account of some promises, in the words of the spec. Alerts ring as before.

        It must have an end, and say who decided it and why. One that returns takes at most a quarter of the time.
        """
        name = take_out(book, written, clock.now(), idempotency_key).correction.name
        response.headers["Location"] = f"/v1/corrections/{name}"
        return _shown(book, name)

    @routes.delete("/{name}", summary="Let a correction count no more", response_model_by_alias=True)
    def withdraw(name: str, who: Who, why: Why) -> CorrectionView:
        """Let a correction count no more. It stays in the list, with who withdrew it and why."""
        put_back(book, name, who=who, why=why, now=clock.now())
        return _shown(book, name)

    return routes


def _shown(book: CorrectionBook, name: str) -> CorrectionView:
    try:
        return CorrectionView.of(*book.find(name))
    except NoSuchCorrection as error:
        raise Problem(status=404, code="correction-not-found", detail=str(error)) from None

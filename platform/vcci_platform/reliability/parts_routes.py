"""`/v1/slos/{name}/parts`: the parts of a promise that labels keep apart, the worst first, page by page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from vcci_platform.problems import Problem, refusals
from vcci_platform.reliability.groups import page_of_group
from vcci_platform.reliability.parts_order import Place, place_of, worst_first
from vcci_platform.reliability.routes import available, known_promise
from vcci_platform.reliability.samples import Labels
from vcci_platform.reliability.service import Reliability
from vcci_platform.reliability.status import Status
from vcci_platform.reliability.views import PartView
from vcci_slo.plan import Slo

__all__ = ["router"]

MOST = 200


class LinkedPartView(PartView):
    """One part of a promise, with the page that shows it alone."""

    dashboard_url: str


class PartsPage(BaseModel):
    """Some of the parts of a promise, the one with the least budget first; none for a promise without labels."""

    name: str
    by: list[str]
    items: list[LinkedPartView]
    next_cursor: str | None = Field(default=None, description="Where to go on; null after the last part")


def router(reliability: Reliability) -> APIRouter:
    """Return the route over one SLO service."""
    routes = APIRouter(tags=["promises"], responses=refusals(404, 422, 503))

    @routes.get("/slos/{name}/parts", summary="The parts of a promise, the worst first")
    def parts(
        name: str,
        cursor: Annotated[str | None, Query(max_length=2000, description="The next_cursor of an answer before")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    ) -> PartsPage:
        """Return the parts of a promise that is kept apart by labels, the one with the least budget first.

        The cursor is the place of the last part in that order: one that has moved up meanwhile is not shown again.
        """
        slo = known_promise(reliability.plan, name)
        after = _read(cursor) if cursor is not None else None
        with available():
            found = worst_first(reliability.parts(slo))
        left = [(labels, status) for labels, status in found if after is None or place_of(labels, status) > after]
        shown = left[:limit]
        return PartsPage(
            name=name,
            by=list(slo.by),
            items=[_view(slo, labels, status) for labels, status in shown],
            next_cursor=_written(place_of(*shown[-1])) if len(left) > limit else None,
        )

    return routes


def _view(slo: Slo, labels: Labels, status: Status) -> LinkedPartView:
    view = PartView.of(dict(labels), status)
    return LinkedPartView(**dict(view), dashboard_url=page_of_group(slo, labels))


def _written(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read(cursor: str) -> Place:
    """Return the place that a cursor of ours says; anything else is a mistake of the caller."""
    try:
        remaining, labels = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return float(remaining), tuple((str(label), str(value)) for label, value in labels)
    except (ValueError, TypeError, binascii.Error):
        detail = "Expected the next_cursor of an answer before."
        errors: list[Mapping[str, str]] = [{"field": "query.cursor", "reason": detail}]
        raise Problem(status=422, code="invalid-cursor", detail=detail, errors=errors) from None

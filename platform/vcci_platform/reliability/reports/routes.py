"""`/v1/reports/slo`: how promises were kept over a month, a quarter or a range, in the format that is asked for."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from vcci_platform.problems import Problem, refusals
from vcci_platform.reliability.reports.gather import NothingChosen, TooMuch, Wanted
from vcci_platform.reliability.reports.office import Busy, Clerk, TooSlow
from vcci_platform.reliability.reports.pdf import PressError
from vcci_platform.reliability.reports.periods import PeriodError, day_of, parse_period
from vcci_platform.reliability.reports.render import FORMATS
from vcci_platform.reliability.reports.web import policy
from vcci_platform.reliability.sources import SourceUnavailable

__all__ = ["router"]

MOST_NAMES: Final = 200
Component = Annotated[str | None, Query(max_length=200, description="Only promises about this component")]
Team = Annotated[str | None, Query(max_length=200, description="Only promises of this team")]
Form = Annotated[
    Literal["md", "html", "pdf", "json", "csv"], Query(alias="format", description="What the report is written as")
]


def router(clerk: Clerk) -> APIRouter:
    """Return the route of reports; it runs in a thread of its own, and one report at a time."""
    routes = APIRouter(prefix="/v1/reports", tags=["reports"])
    zone = clerk.plan.calendar.timezone
    kinds: dict[str, Any] = {found.media_type.partition(";")[0]: {} for found in FORMATS.values()}

    @routes.get(
        "/slo",
        summary="How promises were kept over a month, a quarter or a range",
        response_class=Response,
        responses={200: {"content": kinds}, **refusals(404, 422, 503)},
    )
    def slo_report(
        *,
        month: Annotated[str | None, Query(max_length=20, description="Such as 2026-10")] = None,
        quarter: Annotated[str | None, Query(max_length=20, description="Such as 2026-Q3")] = None,
        first: Annotated[str | None, Query(alias="from", max_length=20, description="First day of a range")] = None,
        last: Annotated[str | None, Query(alias="to", max_length=20, description="Last day; unset, today")] = None,
        slo: Annotated[list[str] | None, Query(max_length=MOST_NAMES, description="Promises; unset, all")] = None,
        component: Component = None,
        team: Team = None,
        form: Form = "json",
    ) -> Response:
        """Return how promises were kept over a month, a quarter or up to 400 days; unset, this month so far.

        Days are those of the calendar's time zone. One report is made at a time.
        """
        with _explained():
            today = day_of(clerk.clock.now(), zone)
            period = parse_period(zone, today, month=month, quarter=quarter, first=first, last=last)
            wanted = Wanted(tuple(name for name in slo or () if name), component or None, team or None)
            report, content = clerk.make(period, wanted, form)
        kind = "attachment" if form == "csv" else "inline"
        headers = {
            "Content-Disposition": f'{kind}; filename="slo-report-{report.period.name}.{form}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        if form == "html":
            headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
        return Response(content, media_type=FORMATS[form].media_type, headers=headers)

    return routes


@contextmanager
def _explained() -> Generator[None]:
    """Say what was expected; what is away or busy is asked again later."""
    try:
        yield
    except (PeriodError, NothingChosen) as error:
        known = error.field in {"component", "team", "slo"}
        errors = [{"field": f"query.{error.field}", "reason": str(error)}]
        status, code = (404, "nothing-chosen") if known else (422, "invalid-period")
        raise Problem(status=status, code=code, detail=str(error), errors=errors) from None
    except TooMuch as error:
        raise Problem(status=422, code="report-too-large", detail=str(error)) from None
    except Busy as error:
        raise Problem(status=503, code="report-busy", detail=str(error), headers={"Retry-After": "5"}) from None
    except (TooSlow, PressError) as error:
        raise Problem(status=503, code="report-failed", detail=str(error), headers={"Retry-After": "60"}) from None
    except SourceUnavailable as error:
        raise Problem(status=503, code="source-unavailable", detail=str(error), headers={"Retry-After": "15"}) from None

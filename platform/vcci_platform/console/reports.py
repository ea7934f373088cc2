"""The page that offers reports: the last months and quarters to read and to print, and a form for anything else."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from vcci_platform.console.pages import Pages
from vcci_platform.reliability.reports import FORMATS, Period, parse_period
from vcci_platform.reliability.reports.periods import day_of
from vcci_slo import Plan

__all__ = ["report_routes"]

MONTHS, QUARTERS = 3, 2
FORMAT_NAMES = {"html": "Page", "pdf": "PDF", "md": "Markdown", "csv": "CSV", "json": "JSON"}


@dataclass(frozen=True)
class Offer:
    """One period that is offered; one that is not over is marked so."""

    period: Period
    over: bool


def report_routes(pages: Pages, plan: Plan) -> APIRouter:
    """Return the page that offers reports."""
    routes = APIRouter(include_in_schema=False)
    zone = plan.calendar.timezone

    @routes.get("/reports", response_class=HTMLResponse)
    def reports() -> HTMLResponse:
        """Show which reports can be had."""
        now = pages.clock.now()
        today = day_of(now, zone)
        month = parse_period(zone, today, month=f"{today:%Y-%m}", quarter=None, first=None, last=None)
        asked = f"{today.year}-Q{(today.month + 2) // 3}"
        quarter = parse_period(zone, today, month=None, quarter=asked, first=None, last=None)
        offers = [Offer(each, each.span.end <= now) for each in (*_back(month, MONTHS), *_back(quarter, QUARTERS))]
        return pages.show(
            "reports.html",
            section="slos",
            offers=offers,
            formats={name: FORMAT_NAMES[name] for name in FORMAT_NAMES if name in FORMATS},
            month=month,
            today=today,
            zone=zone,
            slos=[slo.name for slo in plan.slos],
            components=sorted({slo.component for slo in plan.slos}),
            teams=sorted({slo.team for slo in plan.slos}),
        )

    return routes


def _back(period: Period, count: int) -> list[Period]:
    found = [period]
    while len(found) < count:
        found.append(found[-1].before())
    return found

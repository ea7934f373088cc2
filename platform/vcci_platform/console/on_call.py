"""The page of who is on call: now, the turns to come as a calendar, and whom each level of the escalation reaches."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from vcci_platform.console.pages import Pages
from vcci_platform.incidents.oncall.routes import FARTHEST, OnCall
from vcci_platform.incidents.oncall.view import ComingView
from vcci_slo.windows import Span

__all__ = ["on_call_page"]

SHOWN = timedelta(days=35)
PLANNED = timedelta(days=14)
"""How much of the calendar is shown at once, and of what is planned."""


def on_call_page(pages: Pages, on_call: OnCall) -> APIRouter:
    """Return the page. It shows what `GET /v1/oncall` answers."""
    routes = APIRouter(include_in_schema=False)
    zone = ZoneInfo(on_call.plan.calendar.timezone)

    @routes.get("/on-call", response_class=HTMLResponse)
    def calendar(start: str = "") -> HTMLResponse:
        """Show who is on call now, and the turns of some weeks: from now on, or from the day that is asked for."""
        now = pages.clock.now()
        first = _day(start) if start else now.astimezone(zone).date()
        if first is None or not _within(first, now, zone):
            wanted = f"a day such as {now.astimezone(zone):%Y-%m-%d}, within a year from now"
            return pages.missing(f"Expected {wanted}, found {start!r}.", section="on-call")
        begin = _midnight(first, zone) if start else now
        view = on_call.view(now, Span(begin, _midnight(first + SHOWN, zone)))
        return pages.show(
            "on_call.html",
            section="on-call",
            view=view,
            planned=[one for one in view.coming if one.start < begin + PLANNED],
            start=start,
            earlier=first - SHOWN if _within(first - SHOWN, now, zone) else "",
            later=first + SHOWN if _within(first + SHOWN, now, zone) else "",
            when=lambda one: _when(one, zone, now),
        )

    return routes


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _within(first: date, now: datetime, zone: ZoneInfo) -> bool:
    """Return whether all that would be shown from a day on is near enough to be asked for."""
    try:
        return _midnight(first, zone) >= now - FARTHEST and _midnight(first + SHOWN, zone) <= now + FARTHEST
    except OverflowError:  # the first and the last days that a calendar has
        return False


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _when(one: ComingView, zone: ZoneInfo, now: datetime) -> str:
    """Return when something is planned, by the clocks of the zone: whole days by their names alone."""
    start, end = one.start.astimezone(zone), one.end.astimezone(zone)
    if start.time() == end.time() == time():
        last = end - timedelta(days=1)
        return f"{start:%a %d %b}" if last.date() == start.date() else f"{start:%a %d %b} to {last:%a %d %b}"
    if one.start <= now:
        return f"until {end:%a %d %b %H:%M}"
    return f"{start:%a %d %b %H:%M} to {end:%H:%M}" if start.date() == end.date() else f"from {start:%a %d %b %H:%M}"

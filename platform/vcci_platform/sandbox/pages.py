"""The pages: `/` shows what the stand-ins received, `/status` is the status page as the public would see it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.staticfiles import StaticFiles

from vcci_platform.sandbox.board import INCIDENTS_SHOWN, board_view
from vcci_platform.sandbox.mrkdwn import mrkdwn
from vcci_platform.sandbox.report import NOTICE
from vcci_platform.sandbox.slack.blocks import shown_blocks
from vcci_platform.sandbox.state import Sandbox
from vcci_platform.sandbox.statuspage.forms import ComponentStatus
from vcci_platform.sandbox.statuspage.model import WORST_LAST, Statuspage

__all__ = ["install"]

_HERE: Final = Path(__file__).parent

# The page is made of our own files; nothing else may run or load in it.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}

_BANNERS: Final[Mapping[ComponentStatus, str]] = {
    "operational": "All systems operational",
    "under_maintenance": "Maintenance under way",
    "degraded_performance": "Some systems are slow",
    "partial_outage": "Some systems are down",
    "major_outage": "Major outage",
}


def install(app: FastAPI, sandbox: Sandbox) -> None:
    """Add the pages and their static files to the application."""
    templates = _templates()
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def board(request: Request) -> HTMLResponse:
        name = "_board.html" if "part" in request.query_params else "board.html"
        sandbox.advance()
        return _page(templates, name, board_view(sandbox))

    @app.get("/status", response_class=HTMLResponse, include_in_schema=False)
    async def status(request: Request) -> HTMLResponse:
        name = "_status.html" if "part" in request.query_params else "status.html"
        return _page(templates, name, _public(sandbox.statuspage))


def _page(templates: Environment, name: str, shown: Mapping[str, Any]) -> HTMLResponse:
    return HTMLResponse(templates.get_template(name).render(notice=NOTICE, **shown), headers=dict(_HEADERS))


def _public(page: Statuspage) -> dict[str, Any]:
    """Return what the public sees: the worst component makes the banner, past incidents stand by day."""
    worst = WORST_LAST[max((WORST_LAST.index(component.status) for component in page.components), default=0)]
    unresolved = [incident for incident in page.incidents if incident.status != "resolved"]
    resolved = [incident for incident in page.incidents if incident.status == "resolved"][:INCIDENTS_SHOWN]
    banner = _BANNERS[worst]
    if worst == "operational" and unresolved:
        banner = "All systems operational; an incident is being watched"
    by_day = [
        (day, list(incidents))
        for day, incidents in itertools.groupby(resolved, lambda incident: incident.created_at.date())
    ]
    return {"page": page, "worst": worst, "banner": banner, "unresolved": unresolved, "days": by_day}


def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "mrkdwn": mrkdwn,
        "clock": _clock,
        "lasted": _lasted,
        "words": _words,
        "blocks": shown_blocks,
    }
    templates.filters.update(filters)
    return templates


def _words(status: str) -> str:
    """Return a status as people read it.

    >>> _words("major_outage"), _words("investigating")
    ('Major outage', 'Investigating')
    """
    return status.replace("_", " ").capitalize()


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"


def _lasted(start: datetime, end: datetime) -> str:
    """Return how long something lasted, as people say it.

    >>> from datetime import UTC, timedelta
    >>> start = datetime(2026, 1, 1, tzinfo=UTC)
    >>> [_lasted(start, start + timedelta(seconds=seconds)) for seconds in (4, 250, 7500)]
    ['4 s', '4 min 10 s', '2 h 5 min']
    """
    seconds = round((end - start).total_seconds())
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"

"""Pages from templates, with what makes them safe to open; and the few files that they load."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from vcci_platform import charts, origin
from vcci_platform.clock import Clock
from vcci_platform.console import words
from vcci_platform.console.chrome import Chrome
from vcci_platform.console.prose import prose
from vcci_platform.incidents.access import Actor, Rank, visitor
from vcci_platform.problems import Problem

__all__ = ["HEADERS", "Pages", "assets", "weblink"]

_HERE: Final = Path(__file__).parent

# A page is made of our own files; nothing else may run or load in it. `same-origin` keeps the Origin of forms, which
# tells whether our own page has sent them.
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_NOT_FOUND: Final = 404
_REFUSED: Final = 403


class Pages:
    """The pages of one console."""

    def __init__(self, chrome: Chrome, clock: Clock) -> None:
        self.chrome = chrome
        self.clock = clock

    def show(
        self,
        template: str,
        *,
        section: str = "",
        code: int = 200,
        headers: Mapping[str, str] | None = None,
        **shown: Any,
    ) -> HTMLResponse:
        """Return a page. `section` is where it stands in the navigation."""
        found = _environment().get_template(template)
        text = found.render(chrome=self.chrome, now=self.clock.now(), section=section, visitor=visitor.get(), **shown)
        return HTMLResponse(text, status_code=code, headers={**HEADERS, **(headers or {})})

    def missing(self, what: str, *, section: str = "") -> HTMLResponse:
        """Return the page that says that there is no such thing."""
        return self.show("problem.html", section=section, code=_NOT_FOUND, title="Not found", text=what)

    def problem(self, problem: Problem, *, section: str = "") -> HTMLResponse:
        """Return a refusal as a page."""
        title = problem.code.replace("-", " ").capitalize()
        return self.show("problem.html", section=section, code=problem.status, title=title, text=problem.detail)

    def foreign(self, request: Request) -> HTMLResponse | None:
        """Return the refusal of a form that one of our own pages did not send."""
        why = origin.refusal(request.headers, self.chrome.names)
        if not why:
            return None
        return self.show("problem.html", code=_REFUSED, title="Not taken", text=why)

    @staticmethod
    def go(url: str) -> RedirectResponse:
        """Return the way to another page after a form was taken, so that loading again sends nothing twice."""
        return RedirectResponse(url, status_code=303, headers=dict(HEADERS))


def assets() -> APIRouter:
    """Return the route of style, script and icon."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/assets/{name}")
    def asset(name: str) -> Response:
        found = _assets().get(name)
        if found is None:
            raise Problem(status=404, code="not-found", detail=f"The console has no file {name!r}.")
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return Response(found, media_type=_TYPES[Path(name).suffix], headers=headers)

    return routes


def weblink(url: object) -> str:
    """Return an address of the web as it is, and nothing for any other: what an alert says is not to be run.

    >>> weblink("https://runbooks.example/a"), weblink("javascript:alert(1)")
    ('https://runbooks.example/a', '')
    """
    text = str(url)
    try:
        return text if urlsplit(text).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


@cache
def _assets() -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((_HERE / "static").iterdir()) if path.suffix in _TYPES}


def _asset(name: str) -> str:
    """Return the address of a file, which changes with its content, so that browsers may keep it for ever."""
    return f"/assets/{name}?v={hashlib.sha256(_assets()[name]).hexdigest()[:12]}"


@pass_context
def _when(context: Context, moment: datetime) -> Markup:
    """Return a moment as both a clock and a person say it."""
    now: datetime = context["now"]
    said = words.day(moment) if abs(now - moment).days >= 1 else words.clock(moment)
    return Markup('<time datetime="{}" title="{} UTC">{}</time> <span class="rel" data-at="{}">{}</span>').format(
        moment.isoformat(), words.day(moment), said, moment.isoformat(), words.ago(moment, now)
    )


@pass_context
def _ago(context: Context, moment: datetime) -> Markup:
    """Return how far away a moment is, with the clock in the title."""
    return Markup('<time class="rel" datetime="{0}" data-at="{0}" title="{1} UTC">{2}</time>').format(
        moment.isoformat(), words.day(moment), words.ago(moment, context["now"])
    )


def _covers(actor: Actor, rank: str) -> bool:
    return actor.rank.covers(Rank(rank))


def _zipped(values: Iterable[str]) -> list[tuple[str, str]]:
    """Return what a form sends beside what it shows, which is the same."""
    return [(value, value) for value in values]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sayings = (getattr(words, name) for name in words.__all__)
    environment.filters.update(
        {each.__name__: each for each in sayings if callable(each)}
        | {"when": _when, "ago": _ago, "weblink": weblink, "covers": _covers, "zipped": _zipped, "prose": prose}
    )
    own: dict[str, Any] = {"asset": _asset, "bar": charts.bar}
    environment.globals.update(own)
    return environment

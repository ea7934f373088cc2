"""Signing in to the desk with a token, and out again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from vcci_platform.console.pages import Pages
from vcci_platform.console.session import DESK_COOKIE, LASTS, Sessions
from vcci_platform.incidents import sessions
from vcci_platform.incidents.access import Access
from vcci_platform.incidents.door import SIGN_IN, SIGN_OUT
from vcci_platform.telemetry import logs

__all__ = ["DeskDoor", "entrance_routes", "local"]

UNAUTHENTICATED = 401

log = logs.get(__name__)


@dataclass(frozen=True)
class DeskDoor:
    """Who may come in, and the cookies by which browsers are known again."""

    access: Access
    sessions: Sessions


def entrance_routes(pages: Pages, door: DeskDoor) -> APIRouter:
    """Return the page that asks for a token, and what its form and the one that signs out do."""
    routes = APIRouter(include_in_schema=False)

    def ask(then: str, trouble: str = "", code: int = 200, *, unsent: bool = False) -> HTMLResponse:
        return pages.show(
            "desk_sign_in.html",
            code=code,
            trouble=trouble,
            then=local(then),
            unsent=unsent,
            empty=not door.access.knows_anybody,
            is_open=door.access.is_open,
        )

    @routes.get(SIGN_IN, response_class=HTMLResponse)
    def enter(then: str = "/", unsent: str = "") -> HTMLResponse:
        """Show the form that takes a token; `unsent` tells who sent a form without being signed in any more."""
        return ask(then, unsent=bool(unsent))

    @routes.post(SIGN_IN)
    def sign_in(request: Request, token: Annotated[str, Form()] = "", then: Annotated[str, Form()] = "/") -> Response:
        """Take a token and give a cookie that names its person."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        found = door.access.person(token.strip())
        if found is None:
            log.warning("authentication failed", reason="unknown-token", path=SIGN_IN)
            trouble = "Nobody has this token, or it was taken away." if token.strip() else "Paste a token of the desk."
            return ask(then, trouble, UNAUTHENTICATED)
        answer = pages.go(local(then))
        answer.set_cookie(
            DESK_COOKIE,
            door.sessions.cookie(sessions.begin(found[0]), pages.clock.now()),
            max_age=round(LASTS.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @routes.post(SIGN_OUT)
    def sign_out(request: Request) -> Response:
        """End the session and take its cookie away: a copy of it opens nothing either."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        door.access.end_session(request, pages.clock.now())
        answer = pages.go(SIGN_IN)
        answer.delete_cookie(DESK_COOKIE, httponly=True, samesite="strict")
        return answer

    return routes


def local(then: str) -> str:
    """Return a page of this console to go to, the first one for anything else.

    >>> local("/incidents/inc_1?tab=2"), local("//evil.example"), local("https://evil.example"), local("/\\\\evil")
    ('/incidents/inc_1?tab=2', '/', '/', '/')
    """
    is_path = then.startswith("/") and not then.startswith(("//", "/v1/", SIGN_IN, SIGN_OUT)) and "\\" not in then
    return then if is_path and then.isascii() and then.isprintable() else "/"

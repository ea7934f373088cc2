"""The door before every route of the desk: who is not known gets no further, whatever a route thinks of ranks."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from vcci_platform.incidents.access import API, SAFE, Access, Actor, visitor
from vcci_platform.incidents.hooks.certificates import client_names
from vcci_platform.origin import misuse
from vcci_platform.problems import Problem, problem_response

__all__ = ["SIGN_IN", "SIGN_OUT", "Door"]

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"

OPEN = ("/health/", "/v1/hooks/", "/assets/", "/docs/assets/")
"""Probes, hooks with tokens of their own, and files that say nothing of incidents."""

OF_HOOKS = ("/health/", "/v1/hooks/")
"""All that is served on the port where clients show certificates: those of programs, which nobody signs in with."""

NO_PAGES = (API, "/openapi.json")


class Door:
    """Lets in whom the desk knows; browsers are shown where to sign in, programs get 401.

    `away` answers while the store that knows people does not. `names` are those under which the desk is reached: where
    nobody signs in, another name or another site's page gets nothing.
    """

    def __init__(
        self, app: ASGIApp, access: Access, away: Callable[[Request], Response], names: frozenset[str] = frozenset()
    ) -> None:
        self._app = app
        self._access = access
        self._away = away
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and client_names(scope) is not None and not scope["path"].startswith(OF_HOOKS):
            detail = "This port serves the hooks and /health alone."
            await problem_response(Problem(status=404, code="only-hooks", detail=detail))(scope, receive, send)
            return
        if scope["type"] == "http" and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            detail = "A zero byte stands for nothing in an address."
            await problem_response(Problem(status=400, code="zero-byte", detail=detail))(scope, receive, send)
            return
        if scope["type"] != "http" or is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            actor = await run_in_threadpool(self._access.actor, request)
        except Problem as problem:
            await _refused(request, problem)(scope, receive, send)
            return
        except SQLAlchemyError:
            await self._away(request)(scope, receive, send)
            return
        why = "" if actor.signed_in else misuse(request.headers, self._names, safe=request.method in SAFE)
        if why:
            await problem_response(Problem(status=403, code="another-site", detail=why))(scope, receive, send)
            return
        await self._with(actor, request, receive, send)

    async def _with(self, actor: Actor, request: Request, receive: Receive, send: Send) -> None:
        request.state.actor = actor
        token = visitor.set(actor)
        try:
            await self._app(request.scope, receive, send)
        finally:
            visitor.reset(token)


def is_open(path: str) -> bool:
    """Return whether a path is for everybody.

    >>> is_open("/health/live"), is_open("/v1/hooks/alertmanager"), is_open("/sign-in"), is_open("/v1/incidents")
    (True, True, True, False)
    """
    return path.startswith(OPEN) or path in {SIGN_IN, SIGN_OUT, "/favicon.ico"}


def _refused(request: Request, problem: Problem) -> Response:
    path: str = request.scope["path"]
    if path.startswith(NO_PAGES):
        return problem_response(problem)
    if request.method in SAFE:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{SIGN_IN}?then={quote(path + query, safe='/')}", status_code=303)
    then = quote(_page_of(request), safe="/")
    return RedirectResponse(f"{SIGN_IN}?then={then}&unsent=yes", status_code=303)


def _page_of(request: Request) -> str:
    """Return the page on which a form was sent, as far as the browser tells."""
    try:
        return urlsplit(request.headers.get("referer", "")).path or "/"
    except ValueError:
        return "/"

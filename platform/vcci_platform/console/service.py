"""The service's pages: signing in with an API key, the files that were sent, and what they emit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Cookie, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, Response

from vcci_platform.carbon.intake import DateOrder, DecimalMark, Reading
from vcci_platform.carbon.reader import Reader
from vcci_platform.carbon.reception import Reception
from vcci_platform.carbon.results import Results
from vcci_platform.carbon.uploads import Uploads
from vcci_platform.clock import Clock
from vcci_platform.console.chrome import Chrome
from vcci_platform.console.pages import Pages, assets
from vcci_platform.console.results import result_pages
from vcci_platform.console.session import COOKIE, LASTS, Sessions
from vcci_platform.problems import Problem
from vcci_platform.telemetry import logs
from vcci_platform.telemetry.metrics import ServiceMetrics
from vcci_platform.tenancy import Caller, Tenancy
from vcci_platform.tenancy.access import recognised
from vcci_platform.tenancy.model import AuthenticationError

__all__ = ["ServiceDoor", "service_console"]

SECTION = "results"
UPLOADS = 50
UNAUTHENTICATED = 401
UNPROCESSABLE = 422

log = logs.get(__name__)
Session = Annotated[str, Cookie(alias=COOKIE)]


@dataclass(frozen=True)
class ServiceDoor:
    """What the pages reach of the service: who may come in, what was sent, what came of it."""

    tenancy: Tenancy
    uploads: Uploads
    results: Results
    reception: Reception
    metrics: ServiceMetrics
    sessions: Sessions
    clock: Clock

    def caller(self, session: str) -> Caller | None:
        """Return who has signed in, None when nobody has or the key does not hold any more."""
        key_id = self.sessions.key_id(session, self.clock.now())
        if key_id is None:
            return None
        try:
            return recognised(self.tenancy.caller(key_id))
        except AuthenticationError:
            return None

    def sign_in(self, key: str) -> tuple[Caller, str]:
        """Return who shows this key, and the cookie to give, or raise `AuthenticationError`."""
        try:
            caller = self.tenancy.authenticate(key.strip())
        except AuthenticationError as error:
            self.metrics.auth_failures.labels(error.reason).inc()
            # The manual's words, by which its dashboards and searches find the event.
            log.warning("authentication failed", reason=error.reason, key_prefix=error.prefix, path="/sign-in")
            raise
        return recognised(caller), self.sessions.cookie(caller.key_id, self.clock.now())


def service_console(door: ServiceDoor, chrome: Chrome) -> APIRouter:
    """Return the service's pages. Whoever is signed in sees what belongs to the key's tenant, and nothing else."""
    pages = Pages(chrome, door.clock)
    routes = APIRouter(include_in_schema=False)
    routes.include_router(assets())
    routes.include_router(_entrance(pages, door))
    routes.include_router(_sending(pages, door))
    routes.include_router(result_pages(pages, door.uploads, door.results, door.caller))
    return routes


def _entrance(pages: Pages, door: ServiceDoor) -> APIRouter:
    routes = APIRouter()

    @routes.post("/sign-in")
    def sign_in(request: Request, key: Annotated[str, Form()] = "", then: Annotated[str, Form()] = "/") -> Response:
        """Take a key and give a cookie for it."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        try:
            _, cookie = door.sign_in(key)
        except AuthenticationError as error:
            trouble = "Paste an API key." if not key.strip() else str(error)
            return pages.show("sign_in.html", section=SECTION, code=UNAUTHENTICATED, trouble=trouble, then=_local(then))
        answer = pages.go(_local(then))
        secure = request.url.scheme == "https"
        seconds = round(LASTS.total_seconds())
        answer.set_cookie(COOKIE, cookie, max_age=seconds, httponly=True, samesite="strict", secure=secure)
        return answer

    @routes.post("/sign-out")
    def sign_out(request: Request) -> Response:
        """Take the cookie away."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        answer = pages.go("/")
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    return routes


def _sending(pages: Pages, door: ServiceDoor) -> APIRouter:
    routes = APIRouter()

    @routes.get("/", response_class=HTMLResponse)
    def all_uploads(session: Session = "", before: str | None = None) -> HTMLResponse:
        """Show the files that were sent, and the form that sends one."""
        caller = door.caller(session)
        if caller is None:
            return pages.show("sign_in.html", section=SECTION, trouble="", then="/")
        return _list(pages, door, caller, before)

    @routes.post("/uploads")
    def send(
        request: Request,
        session: Session = "",
        file: Annotated[UploadFile | None, File()] = None,
        date_order: Annotated[str, Form()] = "",
        decimal_mark: Annotated[str, Form()] = "",
        once: Annotated[str, Form(max_length=64)] = "",
    ) -> Response:
        """Take a file in, as the API does."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        caller = door.caller(session)
        if caller is None:
            return pages.show("sign_in.html", section=SECTION, code=UNAUTHENTICATED, trouble="", then="/")
        if file is None or not file.filename:
            return _list(pages, door, caller, trouble="Choose a CSV file first.", code=UNPROCESSABLE)
        try:
            reading = Reading(
                date_order=DateOrder(date_order) if date_order else None,
                decimal_mark=DecimalMark(decimal_mark) if decimal_mark else None,
            )
            taken = door.reception.take(caller, file, reading, once or None)
        except ValueError as error:
            return _list(pages, door, caller, trouble=str(error), code=UNPROCESSABLE)
        except Problem as problem:
            return _list(pages, door, caller, trouble=problem.detail, errors=problem.errors, code=problem.status)
        return pages.go(f"/uploads/{taken.upload.id}")

    return routes


def _list(
    pages: Pages,
    door: ServiceDoor,
    caller: Caller,
    before: str | None = None,
    *,
    trouble: str = "",
    errors: tuple[object, ...] = (),
    code: int = 200,
) -> HTMLResponse:
    found = door.uploads.page(caller.tenant_id, before=before, limit=UPLOADS + 1)
    shown = found[:UPLOADS]
    return pages.show(
        "uploads.html",
        section=SECTION,
        code=code,
        caller=caller,
        uploads=Reader(door.uploads, door.results).views(shown),
        following=shown[-1].id if len(found) > UPLOADS else None,
        trouble=trouble,
        errors=errors[:10],
        once=uuid4().hex,
        orders=list(DateOrder),
        marks=list(DecimalMark),
    )


def _local(then: str) -> str:
    """Return a page of ours to go to, the first one for anything else.

    >>> _local("/uploads/upl_1/lines?after=11"), _local("//evil.example"), _local("https://evil.example")
    ('/uploads/upl_1/lines?after=11', '/', '/')
    """
    return then if then.startswith("/uploads/") and then.isascii() and then.isprintable() else "/"

"""The runbook site beside the platform: built from the platform's own plan, served as static files.

Whoever has just been woken types a name from memory, so every spelling of an alert's name leads to its page, and a name
that nothing has gets a page with those that come near.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vcci_platform.errors import PlatformError
from vcci_platform.generate import OUTPUTS
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_runbooks_site import RunbooksError, website
from vcci_slo.plan import Plan

__all__ = ["RunbooksFailed", "build", "create_app", "plan_here", "serve", "site_folder"]

INDEX: Final = "runbooks.json"
END_SECONDS: Final = 2
NEAR: Final = 5
NEAR_CUTOFF: Final = 0.45
_NOT_FOUND: Final = re.compile(r"<h1>404[^<]*</h1>")
_SECURITY: Final = (
    # The site needs nobody else; should a page ever ask, the browser refuses.
    ("content-security-policy", "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-cache"),
)


class RunbooksFailed(PlatformError):
    """The site could not be built or served; the text says why."""


def site_folder(settings: Settings) -> Path:
    """Return where the site lies."""
    return settings.home / "runbooks"


def plan_here(settings: Settings) -> Plan:
    """Return the platform's plan with the places of this machine, so that its buttons lead somewhere from here.

    Embedded there is neither Prometheus nor Alertmanager; their buttons are left out rather than lead nowhere.
    """
    plan = platform_plan(settings)
    own = {"prometheus": settings.prometheus_url or "", "alertmanager": settings.alertmanager_url or ""}
    if settings.prometheus_url:
        found = {name: url.rstrip("/") for name, url in own.items() if url}
        found |= {"desk": settings.desk_url, "api": settings.api_url}
        return replace(plan, links=replace(plan.links, **{name: url for name, url in found.items() if url}))
    return replace(plan, links=replace(plan.links, **own, desk=settings.desk_at, api=settings.service_at))


def build(plan: Plan, out: Path) -> bool:
    """Build the site of a plan into `out`, unless what is there is made of the same pages; return whether it was built.

    Raises RunbooksFailed with the builder's words.
    """
    try:
        files = OUTPUTS["runbooks"].render(plan)
        stamp = out.with_name(f"{out.name}.sha256")
        digest = _digest(files)
        if (out / "index.html").is_file() and stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
            return False
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".pages-", dir=out.parent) as scratch:
            for path, text in files.items():
                target = Path(scratch, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            website.build(Path(scratch), out)
        stamp.write_text(digest, encoding="utf-8")
    except RunbooksError as error:
        raise RunbooksFailed(str(error)) from error
    except OSError as error:
        raise RunbooksFailed(f"the runbook site cannot be written to {out}: {error.strerror or error}") from error
    return True


def _digest(files: Mapping[str, str]) -> str:
    found = hashlib.sha256()
    for path, text in sorted(files.items()):
        found.update(f"{path}\0{len(text)}\0{text}\0".encode())
    return found.hexdigest()


# --- serving ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Names:
    """Every spelling that leads to a page, and the titles of pages. A page is its address without slashes."""

    exact: frozenset[str]
    spellings: Mapping[str, str]
    titles: Mapping[str, str]

    def page(self, asked: str) -> str | None:
        """Return the page that is meant, or None."""
        if asked in self.exact:
            return asked
        return self.spellings.get(_plain(asked))

    def near(self, asked: str) -> list[str]:
        """Return the pages whose names come near, the nearest first."""
        wanted = _plain(asked.rpartition("/")[2])
        inside = [page for spelling, page in self.spellings.items() if len(wanted) > 2 and wanted in spelling]
        close = get_close_matches(wanted, self.spellings, n=NEAR, cutoff=NEAR_CUTOFF)
        return list(dict.fromkeys([*inside, *(self.spellings[spelling] for spelling in close)]))[:NEAR]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9/]", "", name.lower())


def _names(site: Path) -> _Names:
    try:
        listed = json.loads((site / INDEX).read_text(encoding="utf-8"))["pages"]
    except (OSError, ValueError, KeyError) as error:
        raise RunbooksFailed(f"expected a built runbook site in {site}, found none; `vcci runbooks build`") from error
    aliases = {name: entry["page"] for entry in listed for name in entry["names"]}
    titles = {entry["page"]: entry["title"] for entry in listed}
    folders = (path.parent.relative_to(site).as_posix() for path in site.rglob("index.html"))
    exact = frozenset(page for page in folders if page != "." and page not in aliases)
    spellings = {_plain(page): page for page in sorted(exact)}
    for name, page in aliases.items():
        spellings.setdefault(_plain(name), page)
    for page, title in titles.items():
        spellings.setdefault(_plain(title), page)
    return _Names(exact, spellings, titles)


class _Site(StaticFiles):
    """The files of the site, with addresses that forgive."""

    def __init__(self, site: Path) -> None:
        super().__init__(directory=site, html=True)
        self._names = _names(site)
        page = site / "404.html"
        self._not_found = page.read_text(encoding="utf-8") if page.is_file() else "<h1>404</h1>"

    async def get_response(self, path: str, scope: Scope) -> Response:
        asked = scope["path"].strip("/")
        page = self._names.page(asked)
        if page is not None and scope["path"] != f"/{page}/":
            # Only the address of a page that exists, so that no address can send anybody elsewhere.
            query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            return RedirectResponse(f"/{quote(page)}/{query}", status_code=301)
        try:
            found = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404:
                raise
            return self._lost(asked)
        return self._lost(asked) if found.status_code == 404 else found

    def _lost(self, asked: str) -> Response:
        near = self._names.near(asked)
        links = "".join(
            f'<li><a href="/{quote(page)}/">{html.escape(self._names.titles.get(page, page))}</a></li>' for page in near
        )
        guess = f"<p>Did you mean one of these?</p><ul>{links}</ul>" if links else ""
        body = (
            f"<h1>There is no page {html.escape(asked)!r}</h1>{guess}"
            '<p>All of them: <a href="/alerts/">by name</a>, <a href="/services/">by service</a>, or press / to '
            'search. Woken just now? <a href="/">Start here</a>.</p>'
        )
        text, count = _NOT_FOUND.subn(lambda _: body, self._not_found, count=1)
        return HTMLResponse(text if count else body, status_code=404)


class _Headers:
    """Puts the same headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY:
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, with_headers)


def create_app(site: Path) -> ASGIApp:
    """Return the application that serves a built site. Raises RunbooksFailed if there is none."""
    return _Headers(Starlette(routes=[Mount("/", _Site(site))]))


def serve(settings: Settings, *, on_ready: Callable[[str], None] = lambda _address: None) -> None:
    """Build the site if its pages changed, and serve it on loopback until SIGINT or SIGTERM.

    `on_ready` is told the address; port 0 means any that is free.
    """
    out = site_folder(settings)
    with _listen(settings.host, settings.runbooks_port) as listener:
        build(plan_here(settings), out)
        app = create_app(out)
        host, port = listener.getsockname()[:2]
        on_ready(f"http://{host}:{port}/")
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=END_SECONDS,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise RunbooksFailed(
            f"{host}:{port} cannot be opened ({error.strerror}); set VCCI_RUNBOOKS_PORT to a free port"
        ) from error
    return listener

"""Running the sandbox: one process, one loop, a plain listener and a TLS listener, and a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from vcci_platform.errors import PlatformError
from vcci_platform.sandbox.app import create_app
from vcci_platform.sandbox.certificates import authority_file, ensure_authority, server_context
from vcci_platform.sandbox.constants import DEFAULT_COMPONENTS, SLACK_WEBHOOK_PATH
from vcci_platform.sandbox.edge import with_connection
from vcci_platform.sandbox.state import Sandbox
from vcci_platform.settings import Settings

__all__ = ["Addresses", "PortTaken", "running", "serve"]

LOOPBACK: Final = "127.0.0.1"
JOURNAL_FILE: Final = "sandbox.jsonl"


class PortTaken(PlatformError):
    """A port of the sandbox cannot be opened."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running sandbox answers, and what a client of its TLS port must trust."""

    host: str
    port: int
    tls_port: int
    certificate_authority: Path

    @property
    def page(self) -> str:
        """The page that shows what was received; Statuspage's base URL too."""
        return f"http://{self.host}:{self.port}"

    @property
    def pagerduty(self) -> str:
        """The base URL of PagerDuty's Events API."""
        return f"https://{self.host}:{self.tls_port}"

    @property
    def statuspage(self) -> str:
        """The base URL of Statuspage's API, without its /v1."""
        return self.page

    @property
    def slack_webhook(self) -> str:
        """The URL of the incoming webhook."""
        return self.page + SLACK_WEBHOOK_PATH


class _Server(uvicorn.Server):
    """A server that leaves the signals to the one who runs two of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def serve(
    settings: Settings,
    components: Sequence[str] = DEFAULT_COMPONENTS,
    *,
    host: str = LOOPBACK,
    on_ready: Callable[[Addresses], None] = lambda _addresses: None,
) -> None:
    """Run the sandbox until SIGINT or SIGTERM; `on_ready` is told where it answers."""
    with _listeners(settings, host) as (plain, tls, context, addresses):
        app = create_app(Sandbox(components=components, journal=settings.home / JOURNAL_FILE))
        asyncio.run(_run(app, plain, tls, context, lambda _stop: on_ready(addresses), signals=True))


@contextlib.contextmanager
def running(
    settings: Settings, components: Sequence[str] = DEFAULT_COMPONENTS, *, sandbox: Sandbox | None = None
) -> Generator[tuple[Addresses, Sandbox]]:
    """Run the sandbox in a thread while the block runs, for tests; port 0 in the settings means any free one."""
    state = sandbox or Sandbox(components=components, journal=settings.home / JOURNAL_FILE)
    ready, stops = Event(), list[Callable[[], None]]()

    def on_ready(stop: Callable[[], None]) -> None:
        stops.append(stop)
        ready.set()

    with _listeners(settings, LOOPBACK) as (plain, tls, context, addresses):
        work = _run(create_app(state), plain, tls, context, on_ready, signals=False)
        thread = Thread(target=asyncio.run, args=(work,), name="sandbox", daemon=True)
        thread.start()
        try:
            if not ready.wait(timeout=30):
                raise PortTaken("the sandbox did not start within 30 s")
            yield addresses, state
        finally:
            for stop in stops:
                stop()
            thread.join(timeout=30)


@contextlib.contextmanager
def _listeners(
    settings: Settings, host: str
) -> Generator[tuple[socket.socket, socket.socket, ssl.SSLContext, Addresses]]:
    """Open both ports before anything else, so that a taken one is told in one sentence."""
    ensure_authority(settings.home)
    with (
        _listen(host, settings.sandbox_port, "VCCI_SANDBOX_PORT") as plain,
        _listen(host, settings.sandbox_tls_port, "VCCI_SANDBOX_TLS_PORT") as tls,
    ):
        ports = (plain.getsockname()[1], tls.getsockname()[1])
        yield plain, tls, server_context(settings.home, host), Addresses(host, *ports, authority_file(settings.home))


def _listen(host: str, port: int, variable: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortTaken(f"{host}:{port} cannot be opened ({error.strerror}); set {variable} to a free port") from error
    return listener


async def _run(
    app: ASGIApp,
    plain: socket.socket,
    tls: socket.socket,
    context: ssl.SSLContext,
    on_ready: Callable[[Callable[[], None]], None],
    *,
    signals: bool,
) -> None:
    """Run both listeners until they are told to stop; when one ends, the other does too."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    app = with_connection(app, stopping)
    servers = (_Server(_config(app)), _Server(_config(app, context)))

    def stop() -> None:
        stopping.set()
        for server in servers:
            server.should_exit = True

    def stop_soon() -> None:
        """Stop from another thread; a loop that has ended needs no telling."""
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stop)

    if signals:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
    tasks = [
        loop.create_task(server.serve(sockets=[listener]))
        for server, listener in zip(servers, (plain, tls), strict=True)
    ]
    while not all(server.started for server in servers) and not any(task.done() for task in tasks):
        await asyncio.sleep(0.01)
    if not any(task.done() for task in tasks):
        on_ready(stop_soon)
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop()
    await asyncio.gather(*tasks)


def _config(app: ASGIApp, context: ssl.SSLContext | None = None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )

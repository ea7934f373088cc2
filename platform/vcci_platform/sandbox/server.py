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
from vcci_platform.sandbox.mail.server import serve_mail
from vcci_platform.sandbox.pagerduty import sender
from vcci_platform.sandbox.pagerduty.references import Links
from vcci_platform.sandbox.state import Sandbox
from vcci_platform.settings import Settings

__all__ = ["Addresses", "PortTaken", "running", "serve"]

LOOPBACK: Final = "127.0.0.1"
JOURNAL_FILE: Final = "sandbox.jsonl"
DOOR_SECONDS: Final = 0.05


class PortTaken(PlatformError):
    """A port of the sandbox cannot be opened."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running sandbox answers, and what a client of its TLS port must trust."""

    host: str
    port: int
    tls_port: int
    certificate_authority: Path
    smtp_port: int | None = None  # None: no mail is taken

    @property
    def smtp(self) -> str | None:
        """The URL of the mail server, if there is one."""
        return f"smtp://{self.host}:{self.smtp_port}" if self.smtp_port is not None else None

    @property
    def page(self) -> str:
        """The page that shows what was received; Statuspage's base URL too."""
        return f"http://{self.host}:{self.port}"

    @property
    def pagerduty(self) -> str:
        """The base URL of PagerDuty's Events API and of its REST API."""
        return f"https://{self.host}:{self.tls_port}"

    @property
    def statuspage(self) -> str:
        """The base URL of Statuspage's API, without its /v1."""
        return self.page

    @property
    def slack_webhook(self) -> str:
        """The URL of the incoming webhook."""
        return self.page + SLACK_WEBHOOK_PATH


@dataclass(frozen=True, slots=True)
class _Listeners:
    """Both ports, open, and what the second one shows."""

    plain: socket.socket
    tls: socket.socket
    context: ssl.SSLContext
    addresses: Addresses
    smtp: socket.socket | None = None


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
    webhook_url: str | None = None,
    furnish: Callable[[Sandbox], None] | None = None,
    on_ready: Callable[[Addresses], None] = lambda _addresses: None,
) -> None:
    """Run the sandbox until SIGINT or SIGTERM; `on_ready` is told where it answers.

    PagerDuty's webhooks go to `webhook_url` from the start, signed with `PAGERDUTY_WEBHOOK_SECRET`; `furnish`
    configures the account of a new one.
    """
    with _listeners(settings, host) as listeners:
        journal = settings.home / JOURNAL_FILE
        state = Sandbox(components=components, journal=journal, webhook_url=webhook_url, furnish=furnish)
        asyncio.run(_run(state, listeners, lambda _stop: on_ready(listeners.addresses), signals=True))


@contextlib.contextmanager
def running(
    settings: Settings,
    components: Sequence[str] = DEFAULT_COMPONENTS,
    *,
    sandbox: Sandbox | None = None,
    webhook_url: str | None = None,
) -> Generator[tuple[Addresses, Sandbox]]:
    """Run the sandbox in a thread while the block runs, for tests; port 0 in the settings means any free one."""
    journal = settings.home / JOURNAL_FILE
    state = sandbox or Sandbox(components=components, journal=journal, webhook_url=webhook_url)
    ready, stops = Event(), list[Callable[[], None]]()

    def on_ready(stop: Callable[[], None]) -> None:
        stops.append(stop)
        ready.set()

    with _listeners(settings, LOOPBACK) as listeners:
        work = _run(state, listeners, on_ready, signals=False)
        thread = Thread(target=asyncio.run, args=(work,), name="sandbox", daemon=True)
        thread.start()
        try:
            if not ready.wait(timeout=30):
                raise PortTaken("the sandbox did not start within 30 s")
            yield listeners.addresses, state
        finally:
            for stop in stops:
                stop()
            thread.join(timeout=30)


@contextlib.contextmanager
def _listeners(settings: Settings, host: str) -> Generator[_Listeners]:
    """Open both ports before anything else, so that a taken one is told in one sentence."""
    ensure_authority(settings.home)
    with (
        _listen(host, settings.sandbox_port, "VCCI_SANDBOX_PORT") as plain,
        _listen(host, settings.sandbox_tls_port, "VCCI_SANDBOX_TLS_PORT") as tls,
    ):
        ports = (plain.getsockname()[1], tls.getsockname()[1])
        context = server_context(settings.home, host)
        if settings.sandbox_smtp_port is None:
            yield _Listeners(plain, tls, context, Addresses(host, *ports, authority_file(settings.home)))
            return
        with _listen(host, settings.sandbox_smtp_port, "VCCI_SANDBOX_SMTP_PORT") as smtp:
            addresses = Addresses(host, *ports, authority_file(settings.home), smtp.getsockname()[1])
            yield _Listeners(plain, tls, context, addresses, smtp)


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
    sandbox: Sandbox, listeners: _Listeners, on_ready: Callable[[Callable[[], None]], None], *, signals: bool
) -> None:
    """Run both listeners until they are told to stop; when one ends, the other does too."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    addresses = listeners.addresses
    sandbox.links = Links(api=addresses.pagerduty, page=addresses.page)
    app = with_connection(create_app(sandbox), stopping)
    plain, tls = _Server(_config(app)), _Server(_config(app, listeners.context))
    servers = (plain, tls)

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
        for server, listener in zip(servers, (listeners.plain, listeners.tls), strict=True)
    ]
    while not all(server.started for server in servers) and not any(task.done() for task in tasks):
        await asyncio.sleep(0.01)
    beside = [loop.create_task(sender.run(sandbox, stopping))]
    beside.append(loop.create_task(_keep_door(sandbox, tls, listeners, stopping)))
    if listeners.smtp is not None:
        beside.append(loop.create_task(serve_mail(sandbox, listeners.smtp, stopping)))
    if not any(task.done() for task in tasks):
        on_ready(stop_soon)
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop()
    await asyncio.gather(*tasks, *beside)


async def _keep_door(sandbox: Sandbox, tls: _Server, listeners: _Listeners, stopping: asyncio.Event) -> None:
    """Close PagerDuty's port for as long as a fault switch says: a connection is refused then, not dropped."""
    address = (listeners.addresses.host, listeners.addresses.tls_port)
    while not stopping.is_set():
        fault = sandbox.faults.take_refusal()
        if fault is None:
            await _pause(stopping, DOOR_SECONDS)
            continue
        for server in tls.servers:
            server.close()
        listeners.tls.close()
        for connection in tuple(tls.server_state.connections):
            connection.transport.abort()
        await _pause(stopping, fault.refuse_seconds)
        if not stopping.is_set():
            await tls.startup(sockets=[_listen(*address, "VCCI_SANDBOX_TLS_PORT")])


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


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

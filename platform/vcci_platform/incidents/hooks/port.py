"""A port for the hooks alone, beside the desk's own: TLS, and every client shows a certificate.

It is served by the same process and the same application. What came through it carries the names in its client's
certificate, and by those the routes know it; the door refuses everything there that is neither a hook nor health.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from vcci_platform.errors import PlatformError
from vcci_platform.incidents.hooks.certificates import CLIENT_NAMES, Certificates, WrongCertificates, names_in
from vcci_platform.settings import Settings

__all__ = ["DeskServer", "HookPort", "PortTaken", "hook_port"]

GRACE_SECONDS = 5


class PortTaken(PlatformError):
    """The port of the hooks cannot be opened."""


@dataclass(frozen=True)
class HookPort:
    """Where the hooks are served under certificates."""

    host: str
    port: int
    certificates: Certificates


def hook_port(settings: Settings) -> HookPort | None:
    """Return the port that the settings ask for, None without one. Raises WrongCertificates when a file is missing."""
    if settings.hook_tls_port is None:
        return None
    files = {
        "DESK_HOOK_TLS_CERT_FILE": settings.hook_tls_cert_file,
        "DESK_HOOK_TLS_KEY_FILE": settings.hook_tls_key_file,
        "DESK_HOOK_CLIENT_CA_FILE": settings.hook_client_ca_file,
    }
    missing = [name for name, path in files.items() if path is None]
    given = [path for path in files.values() if path is not None]
    if missing:
        raise WrongCertificates(f"VCCI_DESK_HOOK_TLS_PORT: expected {', '.join(missing)} beside it, found nothing")
    return HookPort(settings.host, settings.hook_tls_port, Certificates(*given))


class DeskServer(uvicorn.Server):
    """The desk's server, and beside it the port of its hooks if it has one.

    Hooks are heard from when the desk has started, and end before it does.
    """

    def __init__(self, config: uvicorn.Config, port: HookPort | None) -> None:
        super().__init__(config)
        self._port = port
        self._hooks: _Hooks | None = None
        self._heard: asyncio.Task[None] | None = None
        self._listener: socket.socket | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop. Raises PortTaken and WrongCertificates before anything has begun."""
        if self._port is None:
            super().run(sockets)
            return
        context = self._port.certificates.context()
        with _listening(self._port) as self._listener:
            self._hooks = _Hooks(_config(self.config.app, context))
            super().run(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._hooks is not None and self._listener is not None:
            self._heard = asyncio.create_task(self._hooks.serve([self._listener]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._hooks is not None and self._heard is not None:
            self._hooks.should_exit = True
            await self._heard
        await super().shutdown(sockets)


class _Hooks(uvicorn.Server):
    """A server that leaves the signals to the desk's own."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class _Certified(HttpToolsProtocol):
    """HTTP of clients that have shown a certificate: each request holds the names in it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        names = names_in(self.transport.get_extra_info("peercert"))
        self.scope["state"] = {**self.app_state, CLIENT_NAMES: names}


def _config(app: Any, context: ssl.SSLContext) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Certified,
        ws="none",
        lifespan="off",  # the desk's own server begins and ends what the application holds
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_context_factory=lambda _config, _default: context,
    )


@contextmanager
def _listening(port: HookPort) -> Generator[socket.socket]:
    """Open the port before anything else, so that a taken one is told in one sentence."""
    with socket.socket(socket.AF_INET6 if ":" in port.host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((port.host, port.port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise PortTaken(
                f"{port.host}:{port.port} cannot be opened ({reason}); set VCCI_DESK_HOOK_TLS_PORT to a free port"
            ) from error
        yield listener

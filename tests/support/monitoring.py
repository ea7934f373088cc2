"""Prometheus and Alertmanager of a test's own, with the configuration that the test gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from support import web
from support.components import absent, program
from support.ports import free_port
from support.processes import Server

__all__ = ["Alertmanager", "Prometheus"]


class _Monitor(Server):
    """What the two have in common: an address, `/-/ready`, and a configuration that is read again on a signal."""

    url: str

    def reload(self) -> None:
        """Have it read its configuration again."""
        web.post(f"{self.url}/-/reload").raise_for_status()

    def _is_ready(self) -> bool:
        try:
            return web.get(f"{self.url}/-/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


class Prometheus(_Monitor):
    """A Prometheus; rule files in `configuration` are found relative to its folder."""

    def __init__(
        self, configuration: Path, folder: Path, *flags: str, port: int | None = None, command: str | None = None
    ) -> None:
        command = command or program("prometheus")
        if not command:
            absent("prometheus", "not installed")
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            [
                command,
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / f'prometheus-{port}'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--web.enable-lifecycle",
                *flags,
            ],
            log=folder / f"prometheus-{port}.log",
            ready=self._is_ready,
        )

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the result of an instant query."""
        reply = web.get(f"{self.url}/api/v1/query", params={"query": expression})
        reply.raise_for_status()
        result: list[dict[str, Any]] = reply.json()["data"]["result"]
        return result


class Alertmanager(_Monitor):
    """An Alertmanager that belongs to no cluster."""

    def firing(self, **labels: str) -> list[str]:
        """Return the names of its active alerts with these labels, the inhibited ones too."""
        wanted = [f'{name}="{value}"' for name, value in labels.items()]
        reply = web.get(f"{self.url}/api/v2/alerts", params={"filter": wanted, "active": "true"})
        reply.raise_for_status()
        return sorted(alert["labels"]["alertname"] for alert in reply.json())

    def __init__(self, configuration: Path, folder: Path, *flags: str, port: int | None = None) -> None:
        command = program("prometheus-alertmanager", "alertmanager")
        if not command:
            absent("alertmanager", "not installed")
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            [
                command,
                f"--config.file={configuration}",
                f"--storage.path={folder / f'alertmanager-{port}'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                *flags,
            ],
            log=folder / f"alertmanager-{port}.log",
            ready=self._is_ready,
        )

"""The desk with everything that people see of it, in a process of its own beside the sandbox.

It looks at no service: what is observed and what fires is what a test says.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from support.desk import Vendor
from support.ports import free_port
from support.processes import Server, wait_until
from vcci_platform import sandbox
from vcci_platform.reliability.store import Increment, IncrementStore
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_platform.storage.database import connect

__all__ = ["WholeDesk", "whole_desk"]

SPEC = Path(__file__).resolve().parents[2] / "slo/specs/vcci.yaml"
HOOK_TOKEN = "hook-token-12"
RUN = """
from dataclasses import replace
from vcci_platform import desk
from vcci_platform.settings import Settings
from vcci_platform.wiring.desk import desk_parts

settings = Settings()
parts = desk_parts(settings)
watched = parts.extend
desk.run(settings, replace(parts, extend=lambda app, own: [loop for loop in watched(app, own) if loop.name != "watch"]))
"""


class WholeDesk:
    """The running desk, and what tests say to it."""

    def __init__(self, settings: Settings, vendor: Vendor, folder: Path) -> None:
        self.settings, self.vendor = settings, vendor
        self.url = f"http://127.0.0.1:{settings.desk_port}"
        self.process = Server(
            [sys.executable, "-c", RUN],
            log=folder / "desk.log",
            ready=self._lives,
            environment={
                "VCCI_HOME": str(settings.home),
                "VCCI_SPEC": str(SPEC),
                "VCCI_DESK_PORT": str(settings.desk_port),
                "VCCI_API_PORT": str(settings.api_port),
                "VCCI_SANDBOX_PORT": str(settings.sandbox_port),
                "VCCI_SANDBOX_TLS_PORT": str(settings.sandbox_tls_port),
                "VCCI_TIME_SCALE": str(settings.time_scale),
                "DESK_HOOK_TOKEN": HOOK_TOKEN,
            },
        )
        self._admin = ""

    @staticmethod
    def bearer(token: str) -> dict[str, str]:
        """Return the header that says who asks."""
        return {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, path: str, token: str = "") -> Any:
        """Return what the API answers; unless a token says otherwise, the first admin asks."""
        return self._answer("GET", path, token).json()

    def tell(self, path: str, body: Mapping[str, Any], token: str = "") -> httpx.Response:
        """Send something to the API."""
        return self._answer("POST", path, token, json=body)

    def _answer(self, method: str, path: str, token: str, **content: Any) -> httpx.Response:
        headers = self.bearer(token or self._admin)
        return httpx.request(method, self.url + path, headers=headers, timeout=20, **content).raise_for_status()

    def add(self, name: str, rank: str, contact: str = "") -> str:
        """Add a person and return their token; the first one is the admin who adds the others."""
        made: str = self.tell("/v1/desk/people", {"name": name, "rank": rank, "contact": contact}).json()["token"]
        self._admin = self._admin or made
        return made

    def take_away(self, name: str, token: str) -> None:
        """Take a person's access away, as this admin."""
        self._answer("DELETE", f"/v1/desk/people/{quote(name)}", token)

    def observed(self, span: timedelta) -> None:
        """Let every promise be kept, and seen to be, from this long ago until this long ahead."""
        now = datetime.now(UTC)
        database = connect(self.settings.incident_database)
        try:
            slos = platform_plan(self.settings).slos
            IncrementStore(database).keep([Increment(slo.name, now - span, now + span, 0, 10_000) for slo in slos], {})
        finally:
            database.close()

    def alert(self, status: str, began: datetime, alert: Mapping[str, Mapping[str, str]]) -> None:
        """Say what Alertmanager says of one alert."""
        labels = alert["labels"]
        group = f'{{}}/{{priority="{labels["priority"]}"}}:{{system="{labels["system"]}"}}'
        one = {**alert, "status": status, "startsAt": began.isoformat(), "endsAt": "0001-01-01T00:00:00Z"}
        one["fingerprint"] = hashlib.sha256(labels["alertname"].encode()).hexdigest()[:16]
        body = {"version": "4", "groupKey": group, "status": status, "alerts": [one]}
        self.tell("/v1/hooks/alertmanager", body, HOOK_TOKEN)

    def incident(self) -> str:
        """Wait for the only incident, and return its id."""
        self.until(lambda: self.ask("/v1/incidents")["items"], "no incident was opened")
        (only,) = self.ask("/v1/incidents")["items"]
        found: str = only["id"]
        return found

    def until(self, ready: Any, what: str) -> None:
        try:
            wait_until(ready, what=what)
        except TimeoutError:
            raise TimeoutError(f"{what}\n{self.process.log[-6000:]}") from None

    def _lives(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/live", timeout=5).is_success
        except httpx.TransportError:
            return False


@contextmanager
def whole_desk(folder: Path, *, time_scale: float = 1.0) -> Generator[WholeDesk]:
    """Yield a desk that runs, and a sandbox that stands in for everybody it calls."""
    settings = Settings(
        home=folder / "home",
        spec=SPEC,
        time_scale=time_scale,
        desk_port=free_port(),
        api_port=free_port(),
        sandbox_port=0,
        sandbox_tls_port=0,
    )
    settings.home.mkdir()
    with sandbox.running(settings) as (addresses, state):
        settings.sandbox_port, settings.sandbox_tls_port = addresses.port, addresses.tls_port
        desk = WholeDesk(settings, Vendor(state), folder)
        desk.process.start()
        try:
            yield desk
        finally:
            desk.process.stop()

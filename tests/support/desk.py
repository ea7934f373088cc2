"""A desk in a process of its own, with the sandbox beside it, as `vcci up` runs them."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from support.births import ForkedServer
from support.ports import free_port
from support.processes import Server, wait_until
from vcci_platform import desk, sandbox
from vcci_platform.incidents.office import DeskParts
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.sandbox.faults import Fault
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan

__all__ = ["DeskAndSandbox", "Vendor", "desk_and_sandbox"]

TOKEN = "desk-token-11"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PATIENCE_SECONDS = 30


def _run(sabotage: str) -> None:
    """Be the desk with the spec's rules and nobody who evaluates: only what a test says is heard."""
    exec(sabotage, {})
    settings = Settings()
    rules = IncidentPolicy.from_plan(platform_plan(settings))
    desk.run(settings, DeskParts(replace(rules, links={**rules.links, "desk": settings.desk_at})))


class Vendor:
    """What the sandbox received."""

    def __init__(self, state: sandbox.Sandbox) -> None:
        self.state = state

    @property
    def pages(self) -> list[tuple[str, str, int]]:
        """Key, status and rings of each PagerDuty incident, the oldest first."""
        incidents = sorted(self.state.pagerduty.incidents, key=lambda incident: incident.number)
        return [(incident.dedup_key, incident.status, incident.notifications) for incident in incidents]

    @property
    def posts(self) -> list[tuple[str, int]]:
        """Status of each incident on the status page, and how many updates its readers were mailed."""
        return [(incident.status, len(incident.updates)) for incident in self.state.statuspage.incidents]

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.state.slack.messages]

    def spoil(self, **fault: Any) -> None:
        self.state.faults.set(Fault(**fault))


class DeskAndSandbox:
    """A desk that can be started, killed and started again on the same store."""

    def __init__(self, settings: Settings, vendor: Vendor, folder: Path, database_url: str, time_scale: float) -> None:
        self.settings = settings
        self.vendor = vendor
        self.port = free_port()
        self._folder = folder
        self._environment = {
            "VCCI_HOME": str(settings.home),
            "VCCI_DESK_PORT": str(self.port),
            "VCCI_SANDBOX_PORT": str(settings.sandbox_port),
            "VCCI_SANDBOX_TLS_PORT": str(settings.sandbox_tls_port),
            "VCCI_TIME_SCALE": str(time_scale),
            "DESK_HOOK_TOKEN": TOKEN,
            "INCIDENT_DATABASE_URL": database_url,
        }
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        self.process: Server | None = None

    def start(self, sabotage: str = "") -> Server:
        """Start the desk; `sabotage` is Python that runs in its process before it."""
        log = self._folder / "desk.log"
        self.process = ForkedServer(_run, sabotage, log=log, ready=self._lives, environment=self._environment)
        return self.process.start()

    def follow(self, spec: Path) -> None:
        """Let the next start read this spec."""
        self._environment["VCCI_SPEC"] = str(spec)

    def give(self, **variables: object) -> None:
        """Let the next start find these variables in its environment."""
        self._environment |= {name: str(value) for name, value in variables.items()}

    def scale_time(self, factor: float) -> None:
        """Let every clock of the next start run faster."""
        self._environment["VCCI_TIME_SCALE"] = str(factor)

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()

    def _lives(self) -> bool:
        try:
            return self.http.get("/health/live").status_code == 200
        except httpx.TransportError:
            return False

    def notify(self, **document: Any) -> httpx.Response:
        return self.http.post("/v1/hooks/alertmanager", content=json.dumps(document), headers=BEARER)

    def report(self, **changes: str) -> None:
        """Report a fault; the desk may be killed before it answers, and that is not an error."""
        report = {"title": "Requests fail", "priority": "P0", "system": "vcci", "by": "ada", "component": "api"}
        with suppress(httpx.TransportError):
            self.http.post("/v1/incidents", json=report | changes, headers={"Idempotency-Key": "report-12"})

    def incidents(self, query: str = "") -> list[dict[str, Any]]:
        return self.http.get(f"/v1/incidents{query}").json()["items"]

    def incident(self) -> dict[str, Any]:
        (only,) = self.incidents()
        return self.http.get(f"/v1/incidents/{only['id']}").json()

    def until(self, ready: Callable[[], bool], what: str, within: float = PATIENCE_SECONDS) -> None:
        try:
            wait_until(ready, within=within, what=what)
        except TimeoutError:
            log = self.process.log[-6000:] if self.process else ""
            raise TimeoutError(f"{what}\npages {self.vendor.pages}\nposts {self.vendor.posts}\n{log}") from None

    def until_quiet(self) -> None:
        """Wait until the desk has nothing left to understand or to send."""

        def quiet() -> bool:
            desk = self.http.get("/v1/desk").json()
            return not any(target["waiting"] for target in desk["outbox"]) and not desk["inbox"].get("waiting")

        self.until(quiet, "the desk did not come to rest")


@contextmanager
def desk_and_sandbox(
    folder: Path, database_url: str = "", *, time_scale: float = 1.0, spec: Path | None = None
) -> Generator[DeskAndSandbox]:
    """Yield a desk that is not started yet, on the shipped spec or another one, and a sandbox that runs."""
    settings = Settings(home=folder / "home", sandbox_port=0, sandbox_tls_port=0)
    settings.home.mkdir()
    with sandbox.running(settings) as (addresses, state):
        settings.sandbox_port, settings.sandbox_tls_port = addresses.port, addresses.tls_port
        desk = DeskAndSandbox(settings, Vendor(state), folder, database_url, time_scale)
        if spec is not None:
            desk.follow(spec)
        try:
            yield desk
        finally:
            desk.stop()
            desk.http.close()

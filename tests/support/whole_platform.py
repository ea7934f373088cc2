"""The whole platform in real processes on free ports, as its customers, its vendors and its on-call engineer see it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from support import web
from support.monitored import GROUP_FORGOTTEN_SECONDS, Monitoring
from support.ports import free_port
from support.processes import Server
from support.traffic import Traffic, traffic
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_slo.plan import Plan, Probe

__all__ = ["TIME_SCALE", "Platform", "moment", "running_platform"]

TIME_SCALE = 60
"""An hour in a minute, a minute in a second.

Slower, and a fault with its recovery takes longer than a suite may; faster, and what must be told apart comes closer
together than two busy cores can keep it: how long a P1 waits for a P0 is five seconds here, the shortest window of a
promise is five too, and ten scrapes fit into it.
"""

VCCI = (sys.executable, "-P", "-m", "vcci_platform.cli")
SPEC = Path(__file__).resolve().parents[2] / "slo/specs/vcci.yaml"
TOKEN = "hook-token-11"
START_SECONDS = 120
QUIET_SECONDS = 180
RESOLVE_SECONDS = 180
CALM_MARGIN_SECONDS = 3
LOOK_SECONDS = 0.25
"""Seldom enough that what is watched is not kept busy by being watched."""

LAST_LINES = 12
ROUTINE = '"level":"info","event":"request_handled"'


class Platform:
    """Everything that runs, and what can be seen of it. The desk, the service and a database may be stopped."""

    def __init__(self, folder: Path, *, database_url: str = "", prometheus: bool = False) -> None:
        home = folder / "home"
        home.mkdir()
        self.settings = Settings(
            home=home,
            spec=SPEC,
            time_scale=TIME_SCALE,
            api_port=free_port(),
            desk_port=free_port(),
            sandbox_port=free_port(),
            sandbox_tls_port=free_port(),
            runbooks_port=free_port(),
            database_url=database_url,
            hook_token=TOKEN,
            faults_enabled=True,
        )
        self.settings.runbooks_url = f"http://127.0.0.1:{self.settings.runbooks_port}"
        self.plan = _local(platform_plan(self.settings), self.settings)
        self.monitoring = Monitoring(folder, self.plan, self.settings, TOKEN) if prometheus else None
        if self.monitoring is not None:
            self.settings.prometheus_url = self.monitoring.prometheus.url
            self.settings.alertmanager_url = self.monitoring.alertmanager.url
        self._loud = {severity.priority for severity in self.plan.severities if severity.page}
        self._forgotten_at = time.monotonic()
        self._folder = folder
        self.service = self._vcci("service", "api", port=self.settings.api_port)
        self.desk = self._vcci("desk", "desk", port=self.settings.desk_port)
        self.sandbox = self._vcci("sandbox", "sandbox", port=self.settings.sandbox_port)
        self.runbooks = self._vcci("runbooks", "runbooks", "serve", port=self.settings.runbooks_port, ready="/")
        self._stream: Traffic | None = None

    @property
    def servers(self) -> dict[str, Server]:
        """Every process by its name, in the order in which they start."""
        own = {"sandbox": self.sandbox, "service": self.service, "runbooks": self.runbooks, "desk": self.desk}
        return {**own, **(self.monitoring.servers if self.monitoring else {})}

    def _vcci(self, name: str, *arguments: str, port: int, ready: str = "/health/ready") -> Server:
        def answers() -> bool:
            try:
                return web.get(f"http://127.0.0.1:{port}{ready}").is_success
            except httpx.TransportError:
                return False

        return Server(
            [*VCCI, *arguments],
            log=self._folder / f"{name}.log",
            ready=answers,
            environment=_environment(self.settings),
            ready_seconds=START_SECONDS,
        )

    @contextmanager
    def running(self) -> Generator[None]:
        """Run everything, with customers, while the block runs."""
        with ExitStack() as stack:
            for server in self.servers.values():
                stack.callback(server.stop)
            with self.explained():
                for together in (("sandbox", "service", "runbooks"), ("desk",)):
                    for name in together:
                        self.servers[name].launch()
                    for name in together:
                        self.servers[name].settle()
            self._stream = stack.enter_context(traffic(f"{self.settings.service_at}/v1/uploads", self._customer()))
            with self.explained():
                self.until(
                    lambda: self._stream is not None and self._stream.answers["200"] > 50,
                    "no traffic",
                    within=START_SECONDS,
                )
                if self.monitoring is not None:
                    self.monitoring.start(stack)
            yield

    def _customer(self) -> str:
        """Return the key of a new customer."""
        command = [*VCCI, "tenant", "create", "acme"]
        environment = {**os.environ, **_environment(self.settings)}
        made = subprocess.run(
            command,
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=START_SECONDS,
        )
        return made.stdout.strip()

    # --- what can be seen ---------------------------------------------------------------------------------------------

    def ask(self, path: str) -> Any:
        """Return what the desk answers."""
        return _json(f"{self.settings.desk_at}{path}")

    def received(self) -> Any:
        """Return everything that the sandbox received."""
        return _json(f"http://127.0.0.1:{self.settings.sandbox_port}/sandbox/state")

    def rings(self) -> list[dict[str, Any]]:
        """Return the pages that rang somebody, the oldest first."""
        incidents = self.received()["pagerduty"]["incidents"]
        return [incident for incident in reversed(incidents) if incident["urgency"] == "high"]

    def incident(self, system: str = "vcci") -> dict[str, Any]:
        """Return the newest incident of a system with its timeline."""
        newest = self.ask(f"/v1/incidents?system={system}&limit=1")["items"]
        return self.ask(f"/v1/incidents/{newest[0]['id']}") if newest else {}

    def loud(self) -> list[str]:
        """Return what fires now and may ring somebody."""
        active = self.ask("/v1/alerts")["active"]
        firing = [one for one in active if one["state"] == "firing" and one["priority"] in self._loud]
        if firing and self.monitoring is not None:
            self._forgotten_at = time.monotonic() + GROUP_FORGOTTEN_SECONDS + CALM_MARGIN_SECONDS
        return sorted(f"{one['alert']}/{one['priority']}" for one in firing)

    def page_component(self, name: str) -> str:
        """Return the status of a component of the status page."""
        return {one["name"]: one["status"] for one in self.received()["statuspage"]["components"]}[name]

    # --- what is done -------------------------------------------------------------------------------------------------

    def fail(self, share: float) -> None:
        """Let a share of the requests fail from now on."""
        fault = {"kind": "error", "share": share, "seconds": 120}
        web.put(f"{self.settings.service_at}/v1/faults", json=fault).raise_for_status()

    def heal(self) -> None:
        """Let no request fail any more."""
        web.delete(f"{self.settings.service_at}/v1/faults").raise_for_status()

    def until(self, ready: Callable[[], object], what: str, *, within: float) -> float:
        """Wait until `ready` is true, and return how long that took; what does not answer is not ready yet."""
        began = time.monotonic()
        while not _true(ready):
            if time.monotonic() - began > within:
                raise TimeoutError(f"{what} within {within:g} s")
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - began

    def stays(self, holds: Callable[[], object], what: str, *, during: float) -> None:
        """Watch for a while, and fail as soon as `holds` is not true any more."""
        end = time.monotonic() + during
        while time.monotonic() < end:
            assert holds(), what
            time.sleep(LOOK_SECONDS)

    def until_quiet(self) -> None:
        """Wait until customers are served, nothing that rings fires, and what did is forgotten."""

        def quiet() -> bool:
            known = self.ask("/v1/slos/api-errors")["state"] != "unknown"
            pages = [one for one in self.ask("/v1/incidents?state=open")["items"] if one["priority"] in self._loud]
            calm = not self.loud() and time.monotonic() > self._forgotten_at
            return calm and known and not pages and self._is_served()

        self.until(quiet, "it did not become quiet", within=QUIET_SECONDS)

    def _is_served(self) -> bool:
        assert self._stream is not None
        served = self._stream.answers["200"]
        time.sleep(LOOK_SECONDS)
        return self._stream.answers["200"] > served

    def until_resolved(self, system: str = "vcci") -> None:
        """Wait until the incident is over, nothing that rings fires, and everybody has been told."""

        def over() -> bool:
            if self.loud() or self.incident(system).get("state") != "resolved":
                return False
            # Asked last: what the end of the incident has to tell anybody waits here since the same transaction.
            desk = self.ask("/v1/desk")
            return not any(target["waiting"] for target in desk["outbox"]) and not desk["inbox"].get("waiting")

        self.until(over, f"the incident of {system} did not resolve", within=RESOLVE_SECONDS)

    # --- when something is wrong --------------------------------------------------------------------------------------

    @contextmanager
    def explained(self) -> Generator[None]:
        """Add what everybody knew and wrote last to whatever goes wrong in the block."""
        try:
            yield
        except Exception as error:
            error.add_note("\n".join(self._evidence()))
            raise

    def _evidence(self) -> Iterator[str]:
        yield from _told("alerts", lambda: self.ask("/v1/alerts")["active"])
        yield from _told(
            "incidents",
            lambda: [self.ask(f"/v1/incidents/{one['id']}")["timeline"] for one in self.ask("/v1/incidents")["items"]],
        )
        yield from _told("pages", lambda: self.received()["pagerduty"]["incidents"])
        yield from _told("dropped", lambda: self.received()["pagerduty"]["dropped"])
        yield from _told("status page", lambda: self.received()["statuspage"]["incidents"])
        yield from _told("desk", lambda: [self.ask("/v1/desk")])
        if self._stream is not None:
            yield f"--- traffic: {dict(self._stream.answers)}"
        for name, server in self.servers.items():
            yield f"--- {name} {'runs' if server.running else 'does not run'}; its last words:"
            lines = [line for line in server.log.splitlines() if ROUTINE not in line]
            yield from (line[:400] for line in lines[-LAST_LINES:])


@contextmanager
def running_platform(folder: Path, *, database_url: str = "", prometheus: bool = False) -> Generator[Platform]:
    """Yield the platform, which runs and has customers; with `prometheus` its database must be a PostgreSQL."""
    platform = Platform(folder, database_url=database_url, prometheus=prometheus)
    with platform.running():
        yield platform


def moment(text: str) -> datetime:
    """Return a moment as every API writes it."""
    return datetime.fromisoformat(text)


def _local(plan: Plan, settings: Settings) -> Plan:
    """Return the plan with the probes and the links of this machine; all else is as it was resolved."""
    bases = {"api": settings.service_at, "desk": settings.desk_at}

    def here(name: str, probe: Probe | None) -> Probe | None:
        return replace(probe, url=f"{bases[name]}/health/ready") if probe is not None and name in bases else probe

    components = tuple(replace(one, probe=here(one.name, one.probe)) for one in plan.components)
    return replace(plan, components=components, links=replace(plan.links, desk=settings.desk_at))


def _environment(settings: Settings) -> dict[str, str]:
    given = {
        "VCCI_HOME": settings.home,
        "VCCI_SPEC": settings.spec,
        "VCCI_TIME_SCALE": settings.time_scale,
        "VCCI_API_PORT": settings.api_port,
        "VCCI_DESK_PORT": settings.desk_port,
        "VCCI_SANDBOX_PORT": settings.sandbox_port,
        "VCCI_SANDBOX_TLS_PORT": settings.sandbox_tls_port,
        "VCCI_RUNBOOKS_PORT": settings.runbooks_port,
        "VCCI_RUNBOOKS_URL": settings.runbooks_url,
        "VCCI_FAULTS": 1,
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "DESK_HOOK_TOKEN": TOKEN,
        "PROMETHEUS_URL": settings.prometheus_url,
        "ALERTMANAGER_URL": settings.alertmanager_url,
        "PYTHONUNBUFFERED": 1,
    }
    return {name: str(value) for name, value in given.items() if value}


def _json(url: str) -> Any:
    answer = web.get(url)
    answer.raise_for_status()
    return answer.json()


def _true(ready: Callable[[], object]) -> bool:
    try:
        return bool(ready())
    except httpx.HTTPError:
        return False


def _told(name: str, ask: Callable[[], list[Any]]) -> Iterator[str]:
    yield f"--- {name}:"
    try:
        for one in ask():
            if isinstance(one, list):
                yield from (f"  {entry['received_at']} {entry['kind']}: {entry['text']}" for entry in one)
            else:
                yield f"  {one}"
    except (httpx.HTTPError, LookupError) as error:
        yield f"  {error!r}"

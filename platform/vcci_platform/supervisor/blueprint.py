"""The blueprint: from settings to children, ports, environments and addresses. What runs is decided here."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vcci_platform.errors import PlatformError
from vcci_platform.incidents.vendors.targets import VendorTargets
from vcci_platform.settings import Settings
from vcci_platform.supervisor.child import ChildSpec
from vcci_platform.supervisor.policy import Wish, choose

__all__ = ["Blueprint", "Move", "TwoPrometheus", "clean_environment", "draw", "environment_of", "is_free", "variable"]

MONITORING_PORTS: Final = {"prometheus": 9090, "alertmanager": 9093, "blackbox": 9115}
"""The usual ones. No setting names them: an address of one's own is given as PROMETHEUS_URL."""

_PORTS: Final = {
    "service": "api_port",
    "desk": "desk_port",
    "sandbox": "sandbox_port",
    "sandbox-tls": "sandbox_tls_port",
    "runbooks": "runbooks_port",
}
_HANDED_DOWN: Final = ("api_port", "desk_port", "sandbox_port", "sandbox_tls_port", "runbooks_port", "time_scale")
SLOWEST_START_SECONDS: Final = 60.0


class TwoPrometheus(PlatformError):
    """One Prometheus was given by its address, and another one asked for."""

    exit_code = 2


@dataclass(frozen=True)
class Move:
    """A default port was taken, so another one is used."""

    name: str
    wished: int
    port: int


@dataclass(frozen=True)
class Blueprint:
    """What `vcci up` will run. `settings` has every port and address decided; `files` must be there before the start.

    `not_judged` are alerts that Prometheus on this machine cannot judge, `notes` what else a person should know.
    """

    settings: Settings
    ports: Mapping[str, int]
    moves: tuple[Move, ...]
    environment: Mapping[str, str] = field(repr=False)
    stages: tuple[tuple[ChildSpec, ...], ...]
    sandboxed: tuple[str, ...]
    files: Mapping[Path, str] = field(repr=False, default_factory=dict[Path, str])
    not_judged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        """Where the service answers."""
        return _local(self.settings, self.ports["service"])

    @property
    def desk(self) -> str:
        """Where the desk answers."""
        return _local(self.settings, self.ports["desk"])

    @property
    def sandbox(self) -> str:
        """Where the sandbox shows what it received."""
        return f"http://127.0.0.1:{self.ports['sandbox']}"

    @property
    def runbooks(self) -> str:
        """Where the runbook site is."""
        return _local(self.settings, self.ports["runbooks"])


def draw(
    settings: Settings,
    *,
    base: Mapping[str, str] | None = None,
    monitoring: bool = False,
    first_port: int | None = None,
) -> Blueprint:
    """Return the blueprint for these settings; children see the environment `base`, and over it what is decided here.

    With `first_port` every port is a free one from there on, whatever the settings say.
    """
    if monitoring and settings.prometheus_url:
        raise TwoPrometheus(
            f"--prometheus: expected no PROMETHEUS_URL, found {settings.prometheus_url}; leave out the one or the other"
        )
    settings = settings.model_copy()
    settings.home = settings.home.absolute()
    sandboxed = VendorTargets.from_settings(settings).sandboxed
    wishes = _wishes(settings, monitoring=monitoring, first_port=first_port)
    ports = choose(wishes, lambda port: is_free(settings.host, port))
    moves = tuple(
        Move(wish.name, wish.port, ports[wish.name])
        for wish in wishes
        if first_port is None and ports[wish.name] != wish.port
    )
    for name, setting in _PORTS.items():
        setattr(settings, setting, ports[name])
    settings.api_url = settings.api_url or _local(settings, ports["service"])
    settings.desk_url = settings.desk_url or _local(settings, ports["desk"])
    settings.runbooks_url = settings.runbooks_url or _local(settings, ports["runbooks"])
    environment = environment_of(settings, os.environ if base is None else base)
    if not monitoring:
        return Blueprint(
            settings, ports, moves, environment, _stages(settings, environment, ports, sandboxed), sandboxed
        )
    settings.prometheus_url = f"http://127.0.0.1:{ports['prometheus']}"
    settings.alertmanager_url = f"http://127.0.0.1:{ports['alertmanager']}"
    return _with_monitoring(settings, ports, moves, environment, sandboxed)


def _with_monitoring(
    settings: Settings,
    ports: Mapping[str, int],
    moves: tuple[Move, ...],
    environment: Mapping[str, str],
    sandboxed: tuple[str, ...],
) -> Blueprint:
    from vcci_platform.supervisor import monitoring  # noqa: PLC0415 - only who asks for it pays for the renderers

    token = settings.hook_token.get_secret_value() if settings.hook_token else secrets.token_urlsafe(32)
    beside = monitoring.monitoring(settings, monitoring.find_programs(), ports, token)
    environment = {
        **environment,
        variable("prometheus_url"): settings.prometheus_url or "",
        variable("alertmanager_url"): settings.alertmanager_url or "",
        variable("hook_token"): token,
    }
    stages = _stages(settings, environment, ports, sandboxed)
    return Blueprint(
        settings,
        ports,
        moves,
        environment,
        (*stages, beside.children),
        sandboxed,
        files=beside.files,
        not_judged=beside.not_judged,
        notes=beside.notes,
    )


def environment_of(settings: Settings, base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the children: `base`, and over it every port and address that was decided."""
    decided = {
        "VCCI_HOME": str(settings.home),
        "VCCI_API_URL": settings.api_url,
        "VCCI_DESK_URL": settings.desk_url,
        "VCCI_RUNBOOKS_URL": settings.runbooks_url or "",
        "VCCI_FAULTS": "1" if settings.faults_enabled else "0",
        "PYTHONUNBUFFERED": "1",
        **{variable(name): f"{getattr(settings, name):g}" for name in _HANDED_DOWN},
    }
    return {**base, **decided}


def clean_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return `base` without any setting of the platform, so that nothing real is reached; the spec stays the same."""
    settings = {variable(name) for name in Settings.model_fields} - {variable("spec")}
    return {name: value for name, value in base.items() if name not in settings}


def variable(name: str) -> str:
    """Return the environment variable of a setting.

    >>> variable("api_port")
    'VCCI_API_PORT'
    """
    return Settings.model_fields[name].alias or name


def is_free(host: str, port: int) -> bool:
    """Return whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _wishes(settings: Settings, *, monitoring: bool, first_port: int | None) -> list[Wish]:
    wishes: list[Wish] = []
    for name, setting in _PORTS.items():
        asked_by = variable(setting) if setting in settings.model_fields_set else ""
        wishes.append(Wish(name, getattr(settings, setting), asked_by))
    if not settings.embedded_worker:
        wishes += [Wish("worker", settings.worker_port), Wish("scheduler", settings.worker_port + 1)]
    if monitoring:
        wishes += [Wish(name, port) for name, port in MONITORING_PORTS.items()]
    if first_port is None:
        return wishes
    return [Wish(wish.name, first_port + number) for number, wish in enumerate(wishes)]


def _stages(
    settings: Settings, environment: Mapping[str, str], ports: Mapping[str, int], sandboxed: tuple[str, ...]
) -> tuple[tuple[ChildSpec, ...], ...]:
    """Return what starts together. The desk comes after what it watches, or it would page for a mere start."""

    def vcci(name: str, *arguments: str, ready: str = "", **more: str) -> ChildSpec:
        command = (sys.executable, "-P", "-m", "vcci_platform.cli", *arguments)
        return ChildSpec(name, command, {**environment, **more}, ready, SLOWEST_START_SECONDS)

    first = [
        vcci("service", "api", ready=f"{_local(settings, ports['service'])}/health/ready"),
        vcci("runbooks", "runbooks", "serve", ready=f"{_local(settings, ports['runbooks'])}/"),
    ]
    if sandboxed:
        hook = settings.sandbox_webhook_url or f"{_local(settings, ports['desk'])}/v1/hooks/pagerduty"
        ready = f"http://127.0.0.1:{ports['sandbox']}/health/ready"
        first.append(vcci("sandbox", "sandbox", ready=ready, VCCI_SANDBOX_WEBHOOK_URL=hook))
    for name in ("worker", "scheduler"):
        if name in ports:
            ready = f"{_local(settings, ports[name])}/health/ready"
            first.append(vcci(name, name, ready=ready, VCCI_WORKER_PORT=str(ports[name])))
    desk = vcci("desk", "desk", ready=f"{_local(settings, ports['desk'])}/health/ready")
    return tuple(first), (desk,)


def _local(settings: Settings, port: int) -> str:
    """Return an address for this machine: a server that listens everywhere is reached by loopback."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"

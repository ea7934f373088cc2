"""Prometheus, Alertmanager and the blackbox exporter of this machine, with the generated configuration.

What no exporter here can see is left out of the rules, so that a missing PostgreSQL of the embedded mode is not taken
for a dead one; it is named, since what is not judged must not look healthy.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import vcci_alerts
from vcci_alerts import alertmanager, prometheus_config, rules
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.vendors.targets import VendorTargets
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_platform.supervisor.child import ChildSpec
from vcci_slo import Plan
from vcci_slo.plan import Component, ProbeDown, ProbeIndicator, Slo

__all__ = ["Monitoring", "MonitoringMissing", "Programs", "find_programs", "here", "monitoring"]

FOLDER: Final = "prometheus"
HOOK_PATH: Final = "/v1/hooks/alertmanager"
EVENTS_PATH: Final = "/v2/enqueue"
TOKEN_FILE: Final = "desk-hook-token"  # noqa: S105 - a name, under the home folder
ROUTING_KEY_FILE: Final = "pagerduty-routing-key"
START_SECONDS: Final = 30.0
USUAL_OFFSET_SECONDS: Final = 0.5  # blackbox_exporter, --timeout-offset

# Debian's names first.
_PROMETHEUS: Final = ("prometheus",)
_ALERTMANAGER: Final = ("prometheus-alertmanager", "alertmanager")
_BLACKBOX: Final = ("prometheus-blackbox-exporter", "blackbox_exporter")


class MonitoringMissing(PlatformError):
    """A program that `--prometheus` needs is not installed."""

    exit_code = 2


@dataclass(frozen=True)
class Programs:
    """Where the programs are. Without a blackbox exporter nothing is probed from outside."""

    prometheus: str
    alertmanager: str
    blackbox: str | None


@dataclass(frozen=True)
class Monitoring:
    """Everything to run: secret and public files by their path, children, and what is not judged here."""

    files: Mapping[Path, str]
    children: tuple[ChildSpec, ...]
    not_judged: tuple[str, ...]
    notes: tuple[str, ...]


def find_programs(search: str | None = None) -> Programs:
    """Return the installed programs; the sentence of MonitoringMissing names Debian's packages."""
    prometheus, manager, blackbox = (_first(names, search) for names in (_PROMETHEUS, _ALERTMANAGER, _BLACKBOX))
    if prometheus is None or manager is None:
        gone = [names[0] for names, path in ((_PROMETHEUS, prometheus), (_ALERTMANAGER, manager)) if path is None]
        raise MonitoringMissing(
            f"--prometheus: expected {' and '.join(gone)} to be installed, found nothing of that name; on Debian: "
            f"apt-get install {' '.join(gone)}. Without --prometheus the desk judges by itself."
        )
    return Programs(prometheus, manager, blackbox)


def here(plan: Plan, watched: frozenset[str], *, probed: Mapping[str, str]) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan without what cannot be seen on this machine, and the names of the alerts that were left out.

    `watched` are the components whose metrics are scraped, `probed` the addresses of those that are asked from outside.
    """

    def judged(component: str, *, by_probe: bool) -> bool:
        return component in (probed if by_probe else watched)

    alerts = [alert for alert in plan.alerts if judged(alert.component, by_probe=isinstance(alert.measure, ProbeDown))]
    slos = [slo for slo in plan.slos if judged(slo.component, by_probe=isinstance(slo.indicator, ProbeIndicator))]
    left_out = [alert.name for alert in plan.alerts if alert not in alerts]
    left_out += [name for slo in plan.slos if slo not in slos for name in _names(slo)]
    components = tuple(_probed_here(component, probed.get(component.name)) for component in plan.components)
    local = replace(plan, alerts=tuple(alerts), slos=tuple(slos), components=components)
    return local, tuple(dict.fromkeys(left_out))


def monitoring(settings: Settings, programs: Programs, ports: Mapping[str, int], hook_token: str) -> Monitoring:
    """Return what runs beside the platform whose settings these are; `ports` are those of the programs too."""
    folder = settings.home / FOLDER
    whole = platform_plan(settings)
    links = {"prometheus": settings.prometheus_url or "", "alertmanager": settings.alertmanager_url or ""}
    whole = replace(whole, links=replace(whole.links, **links, desk=settings.desk_at, api=settings.service_at))
    bases = {"api": settings.service_at, "desk": settings.desk_at}
    targets = {name: (_netloc(base),) for name, base in bases.items()}
    if "worker" in ports:
        targets["worker"] = (f"127.0.0.1:{ports['worker']}",)
    probes = {name: f"{base}/health/ready" for name, base in bases.items()} if programs.blackbox else {}
    known = {component.name for component in whole.components}
    watched = frozenset(name for name in (*targets, "worker") if name in known)
    probes = {name: url for name, url in probes.items() if name in known}
    plan, not_judged = here(whole, watched, probed=probes)
    blackbox = f"127.0.0.1:{ports['blackbox']}"
    files = {
        **rules.render(plan),
        **prometheus_config.render(plan),
        **vcci_alerts.with_targets(
            plan,
            {name: addresses for name, addresses in targets.items() if name in known},
            probes=probes,
            blackbox=(blackbox,) if programs.blackbox else (),
            alertmanager=(f"127.0.0.1:{ports['alertmanager']}",),
            prometheus=(f"127.0.0.1:{ports['prometheus']}",),
        ),
        alertmanager.PATH: alertmanager.configuration(plan, _receivers(settings, folder)),
        TOKEN_FILE: hook_token,
        ROUTING_KEY_FILE: VendorTargets.from_settings(settings).pagerduty_key.get_secret_value(),
    }
    notes: list[str] = []
    if programs.blackbox is None:
        notes.append(
            f"{_BLACKBOX[0]} is not installed, so nothing is probed from outside and availability is not judged. "
            f"On Debian: apt-get install {_BLACKBOX[0]}"
        )
    return Monitoring(
        files={folder / path: text for path, text in files.items()},
        children=_children(folder, programs, ports, settings, plan),
        not_judged=not_judged,
        notes=tuple(notes),
    )


def _receivers(settings: Settings, folder: Path) -> vcci_alerts.Receivers:
    vendors = VendorTargets.from_settings(settings)
    trusted = vendors.pagerduty_ca_file
    return vcci_alerts.Receivers(
        desk_url=settings.desk_at + HOOK_PATH,
        token_file=str(folder / TOKEN_FILE),
        pagerduty_url=vendors.pagerduty_url + EVENTS_PATH,
        routing_key_file=str(folder / ROUTING_KEY_FILE),
        pagerduty_ca_file=str(trusted.absolute()) if trusted else None,
    )


def _children(
    folder: Path, programs: Programs, ports: Mapping[str, int], settings: Settings, plan: Plan
) -> tuple[ChildSpec, ...]:
    prometheus = f"127.0.0.1:{ports['prometheus']}"
    manager = f"127.0.0.1:{ports['alertmanager']}"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    found = [
        ChildSpec(
            "prometheus",
            (
                programs.prometheus,
                f"--config.file={folder / prometheus_config.CONFIGURATION}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={prometheus}",
                f"--web.external-url={settings.prometheus_url}",
                "--web.enable-lifecycle",
                "--enable-feature=exemplar-storage",
            ),
            environment,
            f"http://{prometheus}/-/ready",
            START_SECONDS,
        ),
        ChildSpec(
            "alertmanager",
            (
                programs.alertmanager,
                f"--config.file={folder / alertmanager.PATH}",
                f"--storage.path={folder / 'alertmanager-data'}",
                f"--web.listen-address={manager}",
                f"--web.external-url={settings.alertmanager_url}",
                "--cluster.listen-address=",  # it belongs to no cluster
            ),
            environment,
            f"http://{manager}/-/ready",
            START_SECONDS,
        ),
    ]
    if programs.blackbox is not None:
        listen = f"127.0.0.1:{ports['blackbox']}"
        # It answers so much before the scrape ends. Its own half a second is all that a scaled scrape has.
        offset = min(USUAL_OFFSET_SECONDS, plan.scrape_every.total_seconds() / 5)
        found.append(
            ChildSpec(
                "blackbox",
                (
                    programs.blackbox,
                    f"--config.file={folder / prometheus_config.BLACKBOX}",
                    f"--web.listen-address={listen}",
                    f"--timeout-offset={offset:g}",
                ),
                environment,
                f"http://{listen}/-/healthy",
                START_SECONDS,
            )
        )
    return tuple(found)


def _probed_here(component: Component, url: str | None) -> Component:
    """Return the component as it is probed on this machine: the exporter refuses plain HTTP where the spec says TLS."""
    if component.probe is None or url is None:
        return component
    return replace(component, probe=replace(component.probe, url=url))


def _names(slo: Slo) -> tuple[str, str]:
    return slo.burn_alert, slo.no_data_alert


def _first(names: tuple[str, ...], search: str | None) -> str | None:
    return next((path for name in names if (path := shutil.which(name, path=search))), None)


def _netloc(base: str) -> str:
    return base.partition("://")[2].rstrip("/")

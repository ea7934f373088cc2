"""The real Prometheus, Alertmanager and exporters around a platform, with the configuration generated from its plan."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import make_url

import vcci_alerts
from support.exporters import exporter
from support.monitoring import Alertmanager, Prometheus
from support.processes import Server, wait_until
from vcci_alerts import alertmanager, prometheus_config, rules
from vcci_platform.sandbox import constants
from vcci_platform.settings import Settings
from vcci_slo.plan import Plan

__all__ = ["GROUP_FORGOTTEN_SECONDS", "Monitoring"]

# The blackbox exporter takes half a second from the time of a scrape for itself, which is half of it under a time
# scale; so it is told to take less.
BLACKBOX_MARGIN_SECONDS = 0.1

RESEND, SELDOM = "--rules.alert.resend-delay", "30m"
"""For a quarter of an hour Prometheus says again that an alert has ended, and each time Alertmanager knows its group
for half a minute more, in which what is new does not wait for a P0. Both are times of the wall: under this clock they
would last from one fault into the next. So it is said once.
"""

GROUP_FORGOTTEN_SECONDS = 30
"""Source: alertmanager, dispatch/dispatch.go, the cleanup of empty groups. A group that is known waits no more."""

START_SECONDS = 60


class Monitoring:
    """What watches a platform. Nothing in its rules or routes is made for a test: only addresses and secrets are."""

    def __init__(self, folder: Path, plan: Plan, settings: Settings, hook_token: str) -> None:
        self._folder = folder / "monitoring"
        self._plan = plan
        self._settings = settings
        self._hook_token = hook_token
        self._folder.mkdir()
        flags = [flag for flag in prometheus_config.flags(plan) if not flag.startswith(RESEND)]
        configuration = self._folder / prometheus_config.CONFIGURATION
        self.prometheus = Prometheus(configuration, self._folder, *flags, f"{RESEND}={SELDOM}")
        self.alertmanager = Alertmanager(self._folder / alertmanager.PATH, self._folder)

    @property
    def servers(self) -> dict[str, Server]:
        """What writes a log that is worth reading."""
        return {"prometheus": self.prometheus, "alertmanager": self.alertmanager}

    def start(self, stack: ExitStack) -> None:
        """Start everything; `stack` ends the exporters."""
        self._write(prometheus_config.render(self._plan))
        database = make_url(self._settings.service_database).update_query_dict({"sslmode": "disable"})
        source = database.set(drivername="postgresql").render_as_string(hide_password=False)
        margin = f"--timeout-offset={BLACKBOX_MARGIN_SECONDS}"
        modules = f"--config.file={self._folder / prometheus_config.BLACKBOX}"
        # Two of them, since the spec wants the service to be looked at from two places.
        places = [exporter(stack, self._place(name), "blackbox", modules, margin) for name in ("here", "there")]
        postgres = exporter(stack, self._folder, "postgres", DATA_SOURCE_NAME=source)
        targets = {
            "api": (f"127.0.0.1:{self._settings.api_port}",),
            "desk": (f"127.0.0.1:{self._settings.desk_port}",),
            "postgres": (postgres,),
        }
        probes = {component.name: component.probe.url for component in self._plan.components if component.probe}
        self._write(
            vcci_alerts.with_targets(
                self._plan,
                targets,
                probes=probes,
                blackbox=places,
                alertmanager=(self.alertmanager.url.removeprefix("http://"),),
                prometheus=(self.prometheus.url.removeprefix("http://"),),
            )
        )
        self._write({alertmanager.PATH: alertmanager.configuration(self._plan, self._receivers())})
        self.alertmanager.start()
        self.prometheus.start()
        # Prometheus finds its targets within five seconds, which are five minutes of silence here. So it reads rules
        # once there is something to judge.
        wait_until(self._sees_everything, within=START_SECONDS, what="Prometheus did not see everything")
        self._write(rules.render(self._plan))
        self.prometheus.reload()

    def _sees_everything(self) -> bool:
        wanted = {"vcci-api", "vcci-desk", "postgres", "probe-api", "probe-desk"}
        seen = self.prometheus.query("count by (job) (count_over_time(up[5s]) >= 4)")
        return wanted <= {str(one["metric"]["job"]) for one in seen}

    def _receivers(self) -> vcci_alerts.Receivers:
        secrets = {"desk-hook-token": self._hook_token, "pagerduty-routing-key": constants.ROUTING_KEY}
        self._write(secrets)
        return vcci_alerts.Receivers(
            desk_url=f"{self._settings.desk_at}/v1/hooks/alertmanager",
            token_file=str(self._folder / "desk-hook-token"),
            pagerduty_url=f"https://127.0.0.1:{self._settings.sandbox_tls_port}/v2/enqueue",
            routing_key_file=str(self._folder / "pagerduty-routing-key"),
            pagerduty_ca_file=str(self._settings.home / constants.CERTIFICATE_AUTHORITY_FILE),
        )

    def _place(self, name: str) -> Path:
        place = self._folder / name
        place.mkdir()
        return place

    def _write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")

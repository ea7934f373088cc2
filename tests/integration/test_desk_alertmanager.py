"""A real Alertmanager pages PagerDuty itself and tells the desk: one page, whose key the desk knows and resolves."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from support.desk import TOKEN, DeskAndSandbox, desk_and_sandbox
from support.monitoring import Alertmanager
from vcci_platform.sandbox import constants

pytestmark = pytest.mark.needs("alertmanager")

CONFIGURATION = """
route:
  receiver: page
  group_by: [system]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - matchers: [alertname="Watchdog"]
      receiver: heartbeat
      group_by: [alertname]
      group_interval: 1s
      repeat_interval: 1s
receivers:
  - name: heartbeat
    webhook_configs: [{{url: "{desk}", http_config: &desk {{authorization: {{credentials: "{token}"}}}}}}]
  - name: page
    pagerduty_configs:
      - routing_key: "{key}"
        url: "{pagerduty}/v2/enqueue"
        severity: critical
        send_resolved: false
        http_config: {{tls_config: {{ca_file: "{ca}"}}}}
    webhook_configs: [{{url: "{desk}", http_config: *desk}}]
"""


@pytest.fixture
def desk(tmp_path: Path) -> Generator[DeskAndSandbox]:
    with desk_and_sandbox(tmp_path, time_scale=300) as made:
        made.start()
        yield made


@pytest.fixture
def alertmanager(
    desk: DeskAndSandbox, tmp_path: Path, alertmanager_process: Callable[..., Alertmanager]
) -> Alertmanager:
    configuration = tmp_path / "alertmanager.yml"
    configuration.write_text(
        CONFIGURATION.format(
            desk=f"http://127.0.0.1:{desk.port}/v1/hooks/alertmanager",
            token=TOKEN,
            key=constants.ROUTING_KEY,
            pagerduty=f"https://127.0.0.1:{desk.settings.sandbox_tls_port}",
            ca=desk.settings.home / constants.CERTIFICATE_AUTHORITY_FILE,
        )
    )
    return alertmanager_process(configuration)


def tell(alertmanager: Alertmanager, name: str, *, ends: timedelta) -> None:
    """Tell Alertmanager of an alert as Prometheus does; one that ends in the past is resolved."""
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": name, "priority": "P0", "system": "vcci", "component": "api"},
        "annotations": {"summary": "7 % of requests fail", "runbook_url": "http://runbooks/x"},
        "startsAt": (now - timedelta(minutes=1)).isoformat(),
        "endsAt": (now + ends).isoformat(),
    }
    httpx.post(f"{alertmanager.url}/api/v2/alerts", json=[alert], timeout=10).raise_for_status()


def test_the_desk_adopts_the_page_of_alertmanager_and_resolves_it(
    desk: DeskAndSandbox, alertmanager: Alertmanager
) -> None:
    tell(alertmanager, "APIHighErrorRate", ends=timedelta(hours=1))
    desk.until(lambda: bool(desk.incidents() and desk.vendor.pages and desk.vendor.posts), "nothing arrived")
    incident = desk.incident()
    assert incident["pager_keys"][0] == desk.vendor.pages[0][0]

    tell(alertmanager, "APIHighErrorRate", ends=timedelta(seconds=-1))
    desk.until(lambda: desk.incident()["state"] == "resolved", "it did not resolve")
    desk.until_quiet()

    assert desk.vendor.pages[0][1:] == ("resolved", 1)
    assert desk.vendor.posts[0][0] == "resolved"


def test_while_the_desk_is_stopped_alertmanager_pages_and_the_desk_learns_of_it_when_it_is_back(
    desk: DeskAndSandbox, alertmanager: Alertmanager
) -> None:
    desk.stop()
    tell(alertmanager, "APIHighErrorRate", ends=timedelta(hours=1))
    desk.until(lambda: len(desk.vendor.pages) == 1, "Alertmanager did not page while the desk was away")

    desk.start()
    desk.until(lambda: len(desk.incidents()) == 1, "the desk did not learn of it", within=60)
    desk.until_quiet()

    assert desk.incident()["pager_keys"][0] == desk.vendor.pages[0][0]
    assert desk.vendor.pages[0][1:] == ("triggered", 1)


def test_the_watchdog_of_alertmanager_is_the_desks_heartbeat(desk: DeskAndSandbox, alertmanager: Alertmanager) -> None:
    tell(alertmanager, "Watchdog", ends=timedelta(hours=1))
    desk.until(lambda: bool(desk.http.get("/v1/desk").json()["heartbeats"]), "no heartbeat")
    first = desk.http.get("/v1/desk").json()["heartbeats"][0]
    desk.until(
        lambda: desk.http.get("/v1/desk").json()["heartbeats"][0]["seen_at"] > first["seen_at"], "it beat only once"
    )

    assert desk.incidents() == []

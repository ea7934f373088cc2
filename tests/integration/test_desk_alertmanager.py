"""A real Alertmanager pages PagerDuty itself and tells the desk: one page, whose key the desk knows and resolves."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from support import web
from support.desk import TOKEN, DeskAndSandbox, desk_and_sandbox
from support.monitoring import Alertmanager
from support.ports import free_port
from vcci_alerts import Certificate, Receivers
from vcci_alerts import alertmanager as generated
from vcci_platform.sandbox import constants
from vcci_platform.specs import platform_plan

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
    web.post(f"{alertmanager.url}/api/v2/alerts", json=[alert], timeout=30).raise_for_status()


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
    desk.until(lambda: len(desk.incidents()) == 1, "the desk did not learn of it")
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


def test_alertmanager_shows_a_certificate_instead_of_the_token(
    tmp_path: Path, alertmanager_process: Callable[..., Alertmanager]
) -> None:
    """As it is generated for a spec that says `incidents: {hook: certificate}`; only the places differ."""
    authority, port = trustme.CA(), free_port()
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    for name, certificate in (("desk", "127.0.0.1"), ("alertmanager", "alertmanager.example")):
        issued = authority.issue_cert(certificate)
        issued.private_key_pem.write_to_path(tmp_path / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.crt")
    shown = Certificate(*(str(tmp_path / name) for name in ("alertmanager.crt", "alertmanager.key", "ca.crt")))
    url = f"https://127.0.0.1:{port}/v1/hooks/alertmanager"
    receivers = Receivers(desk_url=url, routing_key_file=str(tmp_path / "none"), certificate=shown)
    configuration = tmp_path / "alertmanager.yml"

    with desk_and_sandbox(tmp_path) as desk:
        configuration.write_text(generated.configuration(platform_plan(desk.settings), receivers))
        desk.give(
            VCCI_DESK_HOOK_TLS_PORT=port,
            DESK_HOOK_TLS_CERT_FILE=tmp_path / "desk.crt",
            DESK_HOOK_TLS_KEY_FILE=tmp_path / "desk.key",
            DESK_HOOK_CLIENT_CA_FILE=tmp_path / "ca.crt",
            DESK_HOOK_CLIENT_NAMES="alertmanager.example",
        )
        desk.start()
        tell(alertmanager_process(configuration), "Watchdog", ends=timedelta(hours=1))

        desk.until(lambda: bool(desk.http.get("/v1/desk").json()["heartbeats"]), "no heartbeat came over TLS")

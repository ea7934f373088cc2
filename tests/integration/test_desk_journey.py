"""The desk as a process, with the sandbox as its vendors: in by the webhook, out to everybody, and back."""

from __future__ import annotations

import hashlib
import os
import signal
import ssl
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.databases import PostgreSQL
from support.desk import DeskAndSandbox, desk_and_sandbox
from vcci_platform.incidents.vendors import targets as vendors
from vcci_platform.sandbox import constants

GROUP_KEY = '{}/{priority="P0"}:{system="vcci"}'
PAGER_KEY = hashlib.sha256(GROUP_KEY.encode()).hexdigest()
FAST = 900  # fifteen minutes in a second


@pytest.fixture
def desk(tmp_path: Path) -> Generator[DeskAndSandbox]:
    with desk_and_sandbox(tmp_path, time_scale=FAST) as made:
        made.start()
        yield made


def notification(status: str, began: str) -> dict[str, Any]:
    labels = {"alertname": "APIHighErrorRate", "priority": "P0", "system": "vcci", "component": "api"}
    annotations = {"summary": "7 % of requests fail", "runbook_url": "http://runbooks/x", "dashboard_url": "http://g/d"}
    return {
        "version": "4",
        "groupKey": GROUP_KEY,
        "status": status,
        "alerts": [
            {
                "status": status,
                "labels": labels,
                "annotations": annotations,
                "startsAt": began,
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": "fp-13",
            }
        ],
    }


def page_as_alertmanager_does(desk: DeskAndSandbox) -> None:
    ca = str(desk.settings.home / constants.CERTIFICATE_AUTHORITY_FILE)
    event = {
        "routing_key": constants.ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": PAGER_KEY,
        "payload": {"summary": "7 % of requests fail", "source": "alertmanager", "severity": "critical"},
    }
    url = f"https://127.0.0.1:{desk.settings.sandbox_tls_port}/v2/enqueue"
    answer = httpx.post(url, json=event, verify=ssl.create_default_context(cafile=ca))
    assert answer.status_code == 202


def test_the_constants_of_the_sandbox_are_the_desks() -> None:
    assert vendors.SANDBOX_ROUTING_KEY == constants.ROUTING_KEY
    assert vendors.SANDBOX_PAGE == constants.PAGE_ID
    assert vendors.SANDBOX_STATUSPAGE_KEY == constants.STATUSPAGE_API_KEY
    assert vendors.SANDBOX_SLACK_PATH == constants.SLACK_WEBHOOK_PATH
    assert vendors.SANDBOX_CA_FILE == constants.CERTIFICATE_AUTHORITY_FILE
    assert vendors.SANDBOX_API_TOKEN == constants.PAGERDUTY_API_KEY
    assert vendors.SANDBOX_FROM == constants.PAGERDUTY_FROM
    assert vendors.SANDBOX_WEBHOOK_SECRET == constants.PAGERDUTY_WEBHOOK_SECRET


def test_an_alert_goes_in_by_the_webhook_and_out_to_everybody_and_its_resolve_flows_through(
    desk: DeskAndSandbox,
) -> None:
    began = desk.http.get("/v1/desk").json()["now"]
    page_as_alertmanager_does(desk)
    assert desk.notify(**notification("firing", began)).status_code == 202
    desk.until(lambda: bool(desk.vendor.posts and desk.vendor.texts), "nothing went out")
    assert desk.vendor.pages[0] == (PAGER_KEY, "triggered", 1)
    assert desk.notify(**notification("resolved", began)).status_code == 202

    desk.until(lambda: desk.incident()["state"] == "resolved", "it did not resolve after its watch")
    desk.until_quiet()

    assert desk.vendor.pages[0] == (PAGER_KEY, "resolved", 1)
    assert {status for _, status, _ in desk.vendor.pages} == {"resolved"}
    assert desk.vendor.posts[0][0] == "resolved"
    assert {component.status for component in desk.vendor.state.statuspage.components} == {"operational"}
    kinds = [entry["kind"] for entry in desk.incident()["timeline"]]
    wanted = ["opened", "page_adopted", "alert_resolved", "state_monitoring", "state_resolved", "resolve_delivered"]
    assert [kind for kind in kinds if kind in wanted] == wanted
    assert any("APIHighErrorRate: 7 % of requests fail" in text for text in desk.vendor.texts)
    assert any("run 900 times faster" in text for text in desk.vendor.texts)


def test_a_report_pages_once(tmp_path: Path) -> None:
    with desk_and_sandbox(tmp_path) as desk:
        desk.start()
        desk.report()
        desk.until(lambda: bool(desk.vendor.pages), "no page")
        desk.until_quiet()

        (page,) = desk.vendor.state.pagerduty.incidents
        (asked,) = (effect for effect in desk.incident()["effects"] if effect["target"] == "pagerduty")
        assert page.opened_at.timestamp() >= _seconds(asked["created_at"])


def test_a_desk_that_is_told_to_stop_stops_cleanly_and_its_metrics_were_there(tmp_path: Path) -> None:
    with desk_and_sandbox(tmp_path) as desk:
        process = desk.start()
        desk.until(lambda: desk.http.get("/health/ready").status_code == 200, "it did not become ready")
        metrics = desk.http.get("/health/metrics").text
        os.kill(process.pid, signal.SIGTERM)
        desk.until(lambda: not process.running, "it did not stop")

    for series in (
        'vcci_desk_inbox_total{outcome="accepted",source="alertmanager"} 0.0',
        'vcci_desk_effects_waiting{target="pagerduty"} 0.0',
        'circuit_breaker_state{circuit="pagerduty",state="closed"} 1.0',
        'vcci_desk_open_incidents{priority="P0"} 0.0',
    ):
        assert series in metrics
    assert "Traceback" not in process.log


@pytest.mark.needs("postgresql")
def test_while_its_store_is_away_the_hook_says_503_and_afterwards_nothing_is_lost(
    tmp_path: Path, private_postgresql: PostgreSQL
) -> None:
    with desk_and_sandbox(tmp_path, private_postgresql.url) as desk:
        desk.start()
        began = desk.http.get("/v1/desk").json()["now"]
        private_postgresql.crash()
        assert desk.notify(**notification("firing", began)).status_code == 503
        away = desk.http.get("/v1/incidents")
        assert (away.status_code, away.json()["code"]) == (503, "store-unavailable")

        private_postgresql.start()
        desk.until(lambda: desk.notify(**notification("firing", began)).status_code == 202, "it did not recover")
        desk.until(lambda: bool(desk.vendor.posts), "nothing went out after the store was back")
        desk.until_quiet()
        assert len(desk.incidents()) == 1


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()

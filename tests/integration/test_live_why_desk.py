"""`vcci why` in embedded mode: a real desk whose service is down."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import pytest

from support import web
from support.ports import free_port
from support.processes import Server, wait_until

ROOT = Path(__file__).resolve().parents[2]
FAST = 60


@pytest.fixture(scope="module")
def why(tmp_path_factory: pytest.TempPathFactory) -> Generator[Callable[..., subprocess.CompletedProcess[str]]]:
    """A function that asks; the desk's clocks run fast, and nothing answers where the service should be."""
    folder = tmp_path_factory.mktemp("desk")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "VCCI_HOME": str(folder / "home"),
        "VCCI_DESK_PORT": str(port),
        "VCCI_API_PORT": str(free_port()),
        "VCCI_SPEC": str(ROOT / "slo/specs/vcci.yaml"),
        "VCCI_TIME_SCALE": str(FAST),
    }

    def answers() -> bool:
        try:
            return web.get(f"{url}/health/live").is_success
        except httpx.TransportError:
            return False

    def fires() -> bool:
        active = web.get(f"{url}/v1/alerts").json()["active"]
        held = web.get(f"{url}/v1/incidents").json()["items"]
        names = {one["alert"] for one in active if one["state"] == "firing"}
        return bool(held) and {"ApiProbeDown", "ApiAvailabilityBudgetBurn"} <= names

    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "vcci_platform.cli", "why", *arguments]
        given = {**os.environ, **environment, "COLUMNS": "200"}
        return subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)

    with Server(
        [sys.executable, "-P", "-m", "vcci_platform.cli", "desk"],
        log=folder / "desk.log",
        ready=answers,
        environment=environment,
    ):
        wait_until(fires, what="the desk did not see that the service is down")
        yield ask


def test_a_dead_service_fires_and_its_incident_and_page_are_named(why):
    said = why("ApiProbeDown").stdout

    assert said.startswith("ApiProbeDown fires since ")
    assert (
        "Wakes        PagerDuty rings whoever is on call for platform (schedule $PD_PRIMARY, then $PD_SECONDARY)"
        in said
    )
    assert "Incident     inc_" in said
    assert "page for P0" in said
    assert "Runbook      https://runbooks.vcci-platform.com/api-probe-down" in said


def test_a_burn_shows_the_desks_own_counts(why):
    said = why("api-availability/fast").stdout

    assert said.splitlines()[0].endswith("error ratio in the last 1m (long window): 100%, limit 1.44%")
    assert "if nothing bad happens from now: " in said


def test_what_needs_prometheus_is_not_called_quiet(why):
    first = why("HighQueueDepth").stdout.splitlines()[0]

    assert (
        first == "HighQueueDepth is not judged: the desk does not judge it: rabbitmq needs an exporter and Prometheus"
    )


def test_a_service_that_counts_nothing_is_not_called_quiet(why):
    first = why("api-errors/fast").stdout.splitlines()[0]

    assert first.startswith("ApiErrorsBudgetBurn is not judged: no data for error ratio in the last 1m")


def test_a_wrong_name_ends_with_2_and_a_suggestion(why):
    done = why("ApiProbeDwn")

    assert done.returncode == 2
    assert "did you mean ApiProbeDown?" in done.stderr

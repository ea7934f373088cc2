"""The commands that a person types at night, against a real desk."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from support.ports import free_port
from support.processes import Server
from vcci_platform.cli.words import ago

ROOT = Path(__file__).resolve().parents[2]


class RunningDesk:
    """The whole desk, with its recorder, on a free port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = Server(
            [sys.executable, "-P", "-m", "vcci_platform.cli", "desk"],
            log=folder / "desk.log",
            ready=self._answers,
            environment={
                "VCCI_HOME": str(folder / "home"),
                "VCCI_DESK_PORT": str(self.port),
                "VCCI_API_PORT": str(free_port()),
                "VCCI_SPEC": str(ROOT / "slo/specs/vcci.yaml"),
            },
        )

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/live", timeout=5).is_success
        except httpx.TransportError:
            return False

    def incident(self) -> str:
        """Return the id of the only incident."""
        (only,) = httpx.get(f"{self.url}/v1/incidents", timeout=5).json()["items"]
        found: str = only["id"]
        return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningDesk]:
    running = RunningDesk(tmp_path_factory.mktemp("commands"))
    running.process.start()
    yield running
    running.process.stop()


@pytest.fixture
def vcci(desk, tmp_path):
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "vcci_platform.cli", *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                "VCCI_DESK_PORT": str(desk.port),
                "VCCI_SPEC": str(ROOT / "slo/specs/vcci.yaml"),
                "USER": "ada",
                "COLUMNS": "200",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_a_fault_is_reported_read_and_taken_care_of(vcci, desk):
    reported = vcci("incident", "report", "Suppliers cannot sign in", "--priority", "P1")
    incident = desk.incident()
    acknowledged = vcci("incident", "act", incident, "acknowledge")
    shown = vcci("incident", "show", incident)

    assert reported.stdout == f"{incident}: P1, detected\n"
    assert acknowledged.stdout == f"{incident} is acknowledged\n"
    assert "P1 Suppliers cannot sign in" in shown.stdout
    assert "ada: " in shown.stdout
    assert incident in vcci("incident", "list").stdout


def test_an_action_that_the_state_does_not_allow_is_explained(vcci, desk):
    vcci("incident", "report", "Suppliers cannot sign in", "--priority", "P1")

    refused = vcci("incident", "act", desk.incident(), "reopen")

    assert refused.returncode == 1
    assert "409" in refused.stderr
    assert "cannot reopen" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_one_screen_says_what_to_do_now(vcci):
    vcci("incident", "report", "Suppliers cannot sign in", "--priority", "P1")

    screen = vcci("now").stdout

    assert "Something is wrong, at worst P1" in screen
    assert "Suppliers cannot sign in" in screen
    assert "judged by the desk (" in screen
    assert "alerts are not evaluated here" in screen
    assert "hands over Monday 09:00 America/New_York" in screen
    assert "schedules $PD_PRIMARY and $PD_SECONDARY" in screen


def test_every_promise_has_a_line(vcci):
    printed = vcci("slo", "status")

    assert printed.returncode == 0
    assert "api-availability" in printed.stdout
    assert "inventory-freshness" in printed.stdout
    assert "self-reported" in printed.stdout


def test_one_promise_can_be_asked_for_as_json(vcci):
    import json

    (only,) = json.loads(vcci("slo", "status", "api-errors", "--json").stdout)

    assert (only["name"], only["objective"]) == ("api-errors", "99.9%")


def test_an_unknown_promise_is_told_with_the_nearest(vcci):
    refused = vcci("slo", "status", "api-error")

    assert refused.returncode == 1
    assert "Did you mean api-errors?" in refused.stderr


@pytest.mark.parametrize("command", [("now",), ("slo", "status"), ("incident", "list")])
def test_a_desk_that_is_not_there_is_said_in_a_sentence(vcci, command):
    refused = vcci(*command, VCCI_DESK_PORT=str(free_port()))

    assert refused.returncode == 1
    assert "expected the desk at http://127.0.0.1:" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_times_are_told_as_people_tell_them():
    from datetime import UTC, datetime

    assert ago("2026-03-02T09:00:00+00:00", datetime(2026, 3, 2, 10, 30, tzinfo=UTC)) == "1 hour 30 minutes ago"

"""The commands that a person types at night, against a real desk."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from support import web
from support.ports import free_port
from support.processes import Server, wait_until
from vcci_platform.cli.words import ago

ROOT = Path(__file__).resolve().parents[2]
TITLE = "Suppliers cannot sign in"


class RunningDesk:
    """The whole desk, with its recorder, on a free port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.home = folder / "home"
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = Server(
            [sys.executable, "-P", "-m", "vcci_platform.cli", "desk"],
            log=folder / "desk.log",
            ready=self._answers,
            environment={
                "VCCI_HOME": str(self.home),
                "VCCI_DESK_PORT": str(self.port),
                "VCCI_API_PORT": str(free_port()),
                "VCCI_SPEC": str(ROOT / "slo/specs/vcci.yaml"),
            },
        )

    def _answers(self) -> bool:
        try:
            return web.get(f"{self.url}/health/live", timeout=30).is_success
        except httpx.TransportError:
            return False

    def is_followed(self) -> bool:
        """Return whether somebody follows an incident as it happens."""
        return "http_streams_open 1.0" in web.get(f"{self.url}/health/metrics", timeout=30).text

    def incident(self) -> str:
        """Return the id of the incident that suppliers cannot sign in; no other test needs to have reported it.

        After some minutes this desk opens incidents by itself too: nothing takes its pages, and no service answers.
        """
        if not self._reported():
            reported = {"by": "ada", "title": TITLE, "priority": "P1", "system": "vcci"}
            web.post(f"{self.url}/v1/incidents", json=reported, timeout=30).raise_for_status()
            wait_until(self._reported, what="the report opened no incident")
        return self._reported()[0]

    def _reported(self) -> list[str]:
        items = web.get(f"{self.url}/v1/incidents?system=vcci&state=open", timeout=30).json()["items"]
        return [item["id"] for item in items if item["title"] == TITLE]


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
    reported = vcci("incident", "report", TITLE, "--priority", "P1")
    incident = desk.incident()
    acknowledged = vcci("incident", "act", incident, "acknowledge")
    shown = vcci("incident", "show", incident)

    assert reported.stdout == f"{incident}: P1, detected\n"
    assert acknowledged.stdout == f"{incident} is acknowledged\n"
    assert "P1 Suppliers cannot sign in" in shown.stdout
    assert "ada: " in shown.stdout
    assert incident in vcci("incident", "list").stdout


def test_an_incident_is_shown_with_what_was_around_it(vcci, desk):
    wait_until(lambda: has_context(desk), what="the context of the incident was not gathered")

    shown = vcci("incident", "show", desk.incident()).stdout

    assert "Around it, as it was at " in shown
    assert "  Affected tenants: not to be had, " in shown  # no service runs beside this desk
    assert "    logs from " in shown
    assert "https://kibana.vcci-platform.com" in shown
    (line,) = (line for line in shown.splitlines() if "Z desk: " in line and "Releases and changes: " in line)
    assert "http" not in line.replace("the service at http", "")


def has_context(desk):
    return web.get(f"{desk.url}/v1/incidents/{desk.incident()}/context", timeout=30).is_success


def test_an_action_that_the_state_does_not_allow_is_explained(vcci, desk):
    vcci("incident", "report", TITLE, "--priority", "P1")

    refused = vcci("incident", "act", desk.incident(), "reopen")

    assert refused.returncode == 1
    assert "cannot reopen; it can: " in refused.stderr
    assert "Traceback" not in refused.stderr


def test_one_screen_says_what_to_do_now(vcci):
    vcci("incident", "report", TITLE, "--priority", "P1")

    screen = vcci("now").stdout

    assert "Something is wrong, at worst P1" in screen
    assert TITLE in screen
    assert "judged by the desk (" in screen
    assert "alerts are not evaluated here" in screen
    assert "hands over Mondays at 09:00 America/New_York" in screen
    assert "platform: primary not known (" in screen


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

    assert refused.returncode == 2
    assert "Did you mean api-errors?" in refused.stderr


def test_everything_that_is_done_to_an_incident_has_a_command(vcci, desk):
    vcci("incident", "report", TITLE, "--priority", "P1")
    incident = desk.incident()

    said = [
        vcci("incident", "note", incident, "a look at the logs"),
        vcci("incident", "update", incident, "we roll back", "--impact", "no sign-in", "--eta", "15:30"),
        vcci("incident", "priority", incident, "P0", "--why", "nobody gets in"),
        vcci("incident", "assign", incident, "commander", "grace"),
        vcci("incident", "hold", incident, "--minutes", "30", "--why", "enough hands"),
        vcci("incident", "hold", incident, "--release", "--why", "not enough after all"),
        vcci("incident", "escalate", incident, "3", "--why", "more hands"),
        vcci("incident", "task", incident, "tell the finance team"),
        vcci("incident", "publish", incident, "--words", "Signing in does not work."),
        vcci("incident", "declare", incident, "data-breach", "--why", "rows were copied"),
        vcci("incident", "security", incident, "--why", "somebody was inside"),
    ]
    number = said[7].stdout.split()[-1]
    said += [
        vcci("incident", "tick", incident, number),
        vcci("incident", "tick", incident, number, "--undo"),
        vcci("incident", "show", incident),
    ]

    assert [(each.returncode, each.stderr) for each in said] == [(0, "")] * len(said)
    assert f"[ ] {number} tell the finance team" in said[-1].stdout
    assert "Commander: grace" in said[-1].stdout
    assert "ada: data-breach declared (rows were copied)" in said[-1].stdout


def test_a_command_that_is_asked_wrongly_says_what_was_expected(vcci, desk):
    incident = desk.incident()

    both = vcci("incident", "hold", incident, "--minutes", "5", "--release", "--why", "?")
    nothing = vcci("incident", "tick", incident, "4711")
    nobody = vcci("incident", "note", incident, "words", USER="")

    assert [each.returncode for each in (both, nothing, nobody)] == [2, 2, 2]
    assert "either --minutes or --release" in both.stderr
    assert "has no task 4711" in nothing.stderr
    assert "expected a name: give --by, or a token in VCCI_DESK_TOKEN" in nobody.stderr


@pytest.mark.parametrize("command", [("now",), ("slo", "status"), ("incident", "list")])
def test_a_desk_that_is_not_there_is_said_in_a_sentence(vcci, command):
    refused = vcci(*command, VCCI_DESK_PORT=str(free_port()))

    assert refused.returncode == 2
    assert "expected the desk at http://127.0.0.1:" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_times_are_told_as_people_tell_them():
    from datetime import UTC, datetime

    assert ago("2026-03-02T09:00:00+00:00", datetime(2026, 3, 2, 10, 30, tzinfo=UTC)) == "1 hour 30 minutes ago"


def test_a_timeline_is_followed_until_the_incident_is_resolved(vcci, desk):
    reported = vcci("incident", "report", "The queue is stuck", "--priority", "P2", "--system", "queue")
    incident = reported.stdout.split(":")[0]
    said: list[subprocess.CompletedProcess[str]] = []
    followed = threading.Thread(target=lambda: said.append(vcci("incident", "watch", incident, "--lines", "1")))
    followed.start()
    wait_until(desk.is_followed, what="nobody follows the incident")

    vcci("incident", "note", incident, "a look at the logs")
    vcci("incident", "act", incident, "resolve", "--why", "it moves again")
    followed.join(60)

    (watched,) = said
    assert (watched.returncode, watched.stderr) == (0, "")
    first, *lines = watched.stdout.splitlines()
    assert first == "P2 detected: The queue is stuck"
    assert [line.split(" ", 1)[1] for line in lines if " ada: " in line][-2:] == [
        "ada: a look at the logs",
        "ada: resolved by ada (it moves again)",
    ]


def test_the_words_for_the_public_are_read_before_they_are_sent(vcci):
    reported = vcci(
        "incident", "report", "Signing in is slow", "--priority", "P1", "--system", "entrance", "--component", "api"
    )
    incident = reported.stdout.split(":")[0]

    usual = vcci("incident", "publish", incident, "--preview")
    own = vcci("incident", "publish", incident, "--preview", "--words", "We know of it.")
    vcci("incident", "security", incident, "--why", "somebody was inside")
    never = vcci("incident", "publish", incident, "--preview")

    assert usual.stdout.startswith("Problem with API (investigating)\n")
    assert "API: partial outage\nNot shown: How many tenants are affected is " in usual.stdout
    assert "We know of it. Next update by" in own.stdout
    assert (never.returncode, "The public is not told of" in never.stderr) == (1, True)


def test_a_ready_sentence_of_the_spec_is_listed_and_sent_by_its_name(vcci):
    reported = vcci(
        "incident", "report", "Uploads are slow", "--priority", "P1", "--system", "uploads", "--component", "worker"
    )
    incident = reported.stdout.split(":")[0]

    listed = vcci("incident", "update", incident, "--ready", "list")
    sent = vcci("incident", "update", incident, "--ready", "rolled-back")
    unknown = vcci("incident", "update", incident, "--ready", "rolledback")
    too_early = vcci("incident", "update", incident, "--ready", "rolled-back", "--to-public")
    nothing = vcci("incident", "update", incident)
    shown = vcci("incident", "show", incident)

    sentence = "We undid a recent change, and Calculations should recover now. We keep watching."
    assert f"rolled-back: {sentence}\n" in listed.stdout
    assert sent.stdout.startswith(f"{incident}: told; the next update is due ")
    assert (unknown.returncode, "did you mean rolled-back?" in unknown.stderr) == (2, True)
    assert (too_early.returncode, "a commander lets it know first" in too_early.stderr) == (1, True)
    assert (nothing.returncode, "--ready" in nothing.stderr) == (2, True)
    assert shown.stdout.count(sentence) == 1


def test_whether_the_desk_does_its_work_and_what_was_done_has_a_command(vcci, desk):
    vcci("incident", "note", desk.incident(), "a look at the desk")

    state = vcci("desk", "state")
    audit = vcci("desk", "audit")

    assert "dispatch-pagerduty" in state.stdout
    assert "Sandbox: nobody will be woken." in state.stdout
    assert (state.returncode, "vcci: " in state.stderr) in {(0, False), (1, True)}, "nothing takes this desk's pages"
    assert "ada" in audit.stdout
    assert "note" in audit.stdout


def test_from_the_first_person_on_a_command_needs_a_token_and_acts_in_its_name(vcci, desk, tmp_path):
    home = str(desk.home)
    incident = vcci("incident", "report", "Rows were read", "--priority", "P2", "--system", "rows").stdout.split(":")[0]
    vcci("incident", "security", incident, "--why", "by somebody who was let go")
    made = vcci("desk", "people", "add", "Grace Hopper", "--rank", "admin", VCCI_HOME=home)
    viewer = vcci("desk", "people", "add", "Vi", "--rank", "viewer", VCCI_HOME=home).stdout.strip()
    token = made.stdout.strip()

    unknown = vcci("incident", "list")
    noted = vcci("incident", "note", incident, "signed", VCCI_DESK_TOKEN=token)
    another = vcci("incident", "note", incident, "forged", "--by", "ada", VCCI_DESK_TOKEN=token)
    shown = vcci("incident", "show", incident, VCCI_DESK_TOKEN=token)
    refused = vcci("desk", "outbox", "retry", "1", VCCI_DESK_TOKEN=viewer)
    hidden = vcci("incident", "show", incident, VCCI_DESK_TOKEN=viewer)
    listed = vcci("desk", "people", "list", VCCI_HOME=home)

    assert token.startswith("vcci_desk_")
    assert unknown.returncode == 2
    assert "VCCI_DESK_TOKEN" in unknown.stderr
    assert noted.returncode == 0, noted.stderr
    assert "Grace Hopper: signed" in shown.stdout
    assert "You are Grace Hopper" in another.stderr
    assert "This takes an admin; Vi is a viewer." in refused.stderr
    assert "There is no incident" in hidden.stderr, "it was called a security incident"
    assert token not in listed.stdout
    assert "Grace Hopper" in listed.stdout

    outbox = vcci("desk", "outbox", VCCI_DESK_TOKEN=token)
    inbox = vcci("desk", "inbox", "--state", "understood", VCCI_DESK_TOKEN=token)
    again = vcci("desk", "inbox", "retry", "1", VCCI_DESK_TOKEN=token)
    revoked = vcci("desk", "people", "revoke", "Vi", VCCI_HOME=home)
    gone = vcci("incident", "list", VCCI_DESK_TOKEN=viewer)

    assert "trigger to pagerduty" in outbox.stdout
    assert "person" in inbox.stdout
    assert (again.returncode, "Only what is in quarantine" in again.stderr) == (1, True)
    assert revoked.returncode == 0
    assert gone.returncode == 2

"""`vcci oncall`: who is on call at a time, and notes that hold up when nobody answers."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from support.ports import free_port
from support.sandboxed_pagerduty import SandboxTransport
from vcci_platform.cli import oncall
from vcci_platform.incidents.oncall import place
from vcci_platform.incidents.vendors.pagerduty_connection import Connection
from vcci_slo.testing import a_spec

ROTA = {
    "shift": "1w",
    "starts": "2026-01-05",
    "primary": {"members": ["ben@sandbox.test", "ada@sandbox.test"]},
    "secondary": {"pagerduty_schedule": "$PD_SECONDARY"},
}


@pytest.fixture
def vcci(tmp_path, monkeypatch):
    """Run `vcci oncall` in an empty folder, where no desk runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("VCCI_DESK_URL", f"http://127.0.0.1:{free_port()}")
    for name in ("PAGERDUTY_API_TOKEN", "PD_SECONDARY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **sections):
        said = {"calendar": {"timezone": "America/New_York"}, "on_call": {"crew": ROTA}} | sections
        (tmp_path / "vcci.yaml").write_text(a_spec(**said), encoding="utf-8")
        return CliRunner().invoke(oncall.app, list(arguments))

    return run


@pytest.fixture
def sandboxed(monkeypatch):
    """Let the sandbox be PagerDuty, whose second schedule has Ben and Ada in turns since 6 January 2020."""
    transport = SandboxTransport()
    monkeypatch.setattr(
        place,
        "connect",
        lambda settings, clock, **_: Connection(
            place.SANDBOX_API_TOKEN, clock, sender=place.SANDBOX_FROM, transport=transport
        ),
    )


def test_who_is_on_call_before_and_after_the_clocks_change(vcci, sandboxed):
    shown = vcci("show", "--at", "2026-03-08T06:30Z", "--days", "10", "--sandbox")

    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.split()) for line in shown.output.splitlines()]
    assert lines[0].startswith("At Sun 2026-03-08 01:30 EST, 2026-03-08 06:30 UTC, as told by ")
    assert "crew, hands over Mondays at 09:00 America/New_York" in lines
    assert "primary: ben@sandbox.test (by the spec)" in lines
    assert "secondary: Ada Primary (by the sandbox)" in lines
    assert "until Mon 2026-03-09 09:00 EDT, 2026-03-09 13:00 UTC" in lines
    assert "Mon 2026-03-09 09:00 EDT 2026-03-09 13:00 ada@sandbox.test Ben Secondary" in lines
    assert "Mon 2026-03-16 09:00 EDT 2026-03-16 13:00 ben@sandbox.test Ada Primary" in lines


def test_json_has_the_same_turns_in_both_zones(vcci, sandboxed):
    shown = json.loads(vcci("show", "--at", "2026-03-08T06:30Z", "--days", "0", "--sandbox", "--json").output)

    (rota,) = shown["rotas"]
    assert rota["now"]["end"] == "2026-03-09T13:00:00Z"
    assert rota["now"]["local_end"] == "2026-03-09T09:00:00-04:00"
    assert rota["now"]["local_start"] == "2026-03-02T09:00:00-05:00"
    assert [duty["who"] for duty in rota["now"]["duties"]] == [["ben@sandbox.test"], ["Ada Primary"]]


def test_a_name_that_nobody_can_tell_ends_with_two(vcci):
    shown = vcci("show", "--at", "2026-03-08T06:30Z")

    assert shown.exit_code == 2
    assert "not known, since PagerDuty cannot be asked: PagerDuty has the roster in $PD_SECONDARY" in shown.output
    assert "  secondary: not known\n" in shown.output
    assert "since expected the desk at http://127.0.0.1:" in " ".join(shown.output.split())
    assert "primary: ben@sandbox.test" in shown.output


def test_a_moment_without_a_zone_is_refused(vcci):
    shown = vcci("show", "--at", "2026-03-08 06:30")

    assert shown.exit_code == 2
    assert "expected a moment with its zone" in shown.output


def test_a_spec_without_a_rota_is_refused(vcci):
    result = vcci("show", on_call=None)

    assert isinstance(result.exception, oncall.NoRota)
    assert "expected a rota under on_call, found none" in str(result.exception)


def test_notes_without_a_desk_say_what_is_not_known(vcci, tmp_path):
    written = vcci("handoff", "--since", "2026-03-02T14:00Z", "--out", "notes.md")

    assert written.exit_code == 0, written.output
    text = (tmp_path / "notes.md").read_text(encoding="utf-8")
    assert text.startswith("# Handoff of crew: shop\n")
    assert "From Mon 02 Mar 09:00 to" in text
    assert text.count("Not known: expected the desk at http://127.0.0.1:") == 1
    assert text.count("Not known, for the same reason.") == 8
    assert "maintenance window: Sat" in text


def test_notes_of_a_team_that_has_no_rota_are_refused(vcci):
    result = vcci("handoff", "--team", "other")

    assert "expected one of crew, found 'other'" in str(result.exception)

"""`vcci drill` and `vcci spec simulate`: what they print, write and end with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.ports import free_port
from vcci_platform.cli import drill, spec
from vcci_platform.shipped import shipped

SPEC = ("--spec", str(shipped("spec")))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("VCCI_DESK_URL", f"http://127.0.0.1:{free_port()}")
    return tmp_path


def test_a_drill_that_keeps_every_deadline_ends_with_0_and_writes_its_report(folder: Path) -> None:
    shown = CliRunner().invoke(drill.app, ["P0", *SPEC, "--out", "report.md"])

    assert shown.exit_code == 0, shown.output
    assert "| acknowledged | +0:05:00 | +0:04:00 | met, 1 minute to spare |" in shown.stdout
    assert (folder / "report.md").read_text() == shown.stdout


def test_a_drill_that_misses_one_ends_with_1(folder: Path) -> None:
    (folder / "late.yaml").write_text("steps: [{after: 6m, do: acknowledge}, {after: 7m, do: monitor}]")

    shown = CliRunner().invoke(drill.app, ["P0", *SPEC, "--script", "late.yaml", "--json"])

    assert shown.exit_code == 1
    report = json.loads(shown.stdout)
    assert report["passed"] is False
    missed = {one["name"]: one["spare_minutes"] for one in report["deadlines"] if one["verdict"] == "missed"}
    assert missed == {"acknowledged": -1.0, "review written": -1.0}


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (None, "expected a script at day.yaml, found nothing"),
        ("component: apy\nsteps: [{after: 1m, do: acknowledge}]", "day.yaml: component: expected one of"),
    ],
)
def test_a_script_that_cannot_be_played_is_refused(folder: Path, script: str | None, told: str) -> None:
    if script is not None:
        (folder / "day.yaml").write_text(script)

    shown = CliRunner().invoke(drill.app, ["P0", *SPEC, "--script", "day.yaml"])

    assert getattr(shown.exception, "exit_code", None) == 2
    assert told in str(shown.exception)


def test_a_live_drill_without_a_desk_ends_with_2(folder: Path) -> None:
    shown = CliRunner().invoke(drill.app, ["P0", *SPEC, "--live"])

    assert getattr(shown.exception, "exit_code", None) == 2
    assert "expected the desk at" in str(shown.exception)


def test_what_an_incident_would_do_is_a_table_for_people() -> None:
    shown = CliRunner().invoke(spec.app, ["simulate", *SPEC, "--minutes", "20", "--acknowledge-after", "6m"])

    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert "0 Incident P0 detected: APIHighErrorRate" in lines
    assert any(line.startswith("PagerDuty itself level 2: platform.secondary, engineering-manager") for line in lines)
    assert any(line.startswith("30 Ahead platform.secondary, engineering-manager") for line in lines)
    assert lines[-1] == "After 20 minutes its state is: acknowledged."


def test_a_long_incident_is_told_in_hours_and_minutes() -> None:
    """A P2 that begins in the night of Saturday was told at minute 2010."""
    night = ("--severity", "P2", "--at", "2026-03-07T23:30", "--minutes", "2900")

    shown = CliRunner().invoke(spec.app, ["simulate", *SPEC, *night])

    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert "h:mm through to what" in lines
    assert any(line.startswith("33:30 Incident nobody has acknowledged") for line in lines)


def test_what_an_incident_would_do_is_json_for_programs() -> None:
    shown = CliRunner().invoke(spec.app, ["simulate", *SPEC, "--severity", "P2", "--minutes", "60", "--json"])

    seen = json.loads(shown.stdout)
    assert (seen["severity"], seen["minutes"], seen["state_at_the_end"]) == ("P2", 60, "detected")
    assert {"minute": 60, "channel": "Incident", "to": "", "what": "nobody has acknowledged this P2 for 60 min"} in (
        seen["happenings"]
    )


def test_a_time_that_is_none_is_refused() -> None:
    shown = CliRunner().invoke(spec.app, ["simulate", *SPEC, "--acknowledge-after", "soon"])

    assert shown.exit_code == 2
    assert "never" in shown.output


def test_without_a_spec_here_a_simulation_follows_the_shipped_one_as_a_drill_does() -> None:
    """It asked for a spec of this folder, where `vcci up` and `vcci drill` took the one that is shipped."""
    shown = CliRunner().invoke(spec.app, ["simulate", "--json"])
    named = CliRunner().invoke(spec.app, ["simulate", *SPEC, "--json"])

    assert shown.exit_code == 0, shown.output
    assert shown.stdout == named.stdout

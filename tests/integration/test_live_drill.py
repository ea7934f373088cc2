"""`vcci drill P0 --live` as a person types it: on a desk in a process of its own, with the sandbox as its vendors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from support.desk import DeskAndSandbox, desk_and_sandbox
from vcci_platform.shipped import shipped

FAST = 600
"""An hour in six seconds. People of such a drill may be late on a busy machine, which the report then says."""

# The last step is the last thing that the desk must still allow, however late it comes.
SCRIPT = """
title: Half of the requests fail
component: api
steps:
  - {after: 2m, do: acknowledge, by: ada}
  - {after: 3m, do: command, by: ada}
  - {after: 5m, do: investigate, by: ada}
  - {after: 8m, do: update, by: bob, say: We roll back.}
  - {after: 9m, do: escalate, by: bob, level: 2, say: We need the database team.}
  - {after: 10m, do: hold, by: ada, for: 4h, say: The fix is on its way.}
  - {after: 15m, do: monitor, by: ada}
"""
DEADLINES = {"page delivered", "status page told", "acknowledged", "assessed", "update 1", "escalated to level 2"}

Vcci = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Generator[DeskAndSandbox]:
    with desk_and_sandbox(tmp_path_factory.mktemp("drill"), time_scale=FAST) as made:
        made.start()
        yield made


@pytest.fixture
def vcci(desk: DeskAndSandbox, tmp_path: Path) -> Vcci:
    (tmp_path / "day.yaml").write_text(SCRIPT, encoding="utf-8")

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "vcci_platform.cli", *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                "VCCI_HOME": str(desk.settings.home),
                "VCCI_DESK_PORT": str(desk.port),
                "VCCI_SPEC": str(shipped("spec")),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def drilled(vcci: Vcci, **environment: str) -> dict[str, Any]:
    """Return the report of a drill, whose exit status says whether everybody was in time."""
    played = vcci("drill", "P0", "--live", "--script", "day.yaml", "--json", **environment)
    assert played.returncode in {0, 1}, played.stderr
    report: dict[str, Any] = json.loads(played.stdout)
    assert played.returncode == (0 if report["passed"] else 1)
    return report


def test_a_live_drill_plays_the_whole_incident_and_reports_every_deadline(vcci: Vcci, desk: DeskAndSandbox) -> None:
    report = drilled(vcci)

    desk.until(lambda: desk.vendor.pages[0][1] == "resolved", "the page is resolved")
    desk.until(lambda: desk.vendor.posts[0][0] == "resolved", "the public is told that it is over")
    assert (report["refused"], report["state_at_the_end"]) == ([], "resolved")
    assert {one["name"] for one in report["deadlines"]} >= DEADLINES
    happened = {one["name"] for one in report["deadlines"] if one["happened_minute"] is not None}
    assert happened >= {"page delivered", "acknowledged", "assessed", "escalated to level 2"}
    said = {(line["by"], line["what"]) for line in report["course"]}
    assert said >= {("ada", "acknowledged by ada"), ("ada", "ada is commander"), ("bob", "We roll back.")}
    assert ("responders", "PagerDuty asks level 2") in said
    assert desk.incidents("?state=open") == []


def test_where_people_sign_in_their_token_plays_it(vcci: Vcci, desk: DeskAndSandbox) -> None:
    vcci("desk", "people", "add", "Ada Lovelace", "--rank", "admin")
    token = vcci("desk", "people", "add", "Grace Hopper", "--rank", "commander").stdout.strip()

    stranger = vcci("drill", "P0", "--live")
    report = drilled(vcci, VCCI_DESK_TOKEN=token)

    assert stranger.returncode == 2
    assert "put a token into VCCI_DESK_TOKEN" in stranger.stderr
    assert (report["refused"], report["state_at_the_end"]) == ([], "resolved")
    people = {line["by"] for line in report["course"]}
    assert people & {"Grace Hopper", "ada", "bob", "the drill"} == {"Grace Hopper"}
    assert "Grace Hopper is commander" in {line["what"] for line in report["course"]}

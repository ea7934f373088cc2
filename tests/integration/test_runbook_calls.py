"""What the runbooks tell a person to type at three in the morning, typed against a desk on which people sign in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from support.whole_desk import WholeDesk, whole_desk

ROOT = Path(__file__).resolve().parents[2]
PROCEDURES = ROOT / "runbooks_site/content/procedures"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"`(vcci [^`]+)`")
SECTION = "### Root Cause\n"

Type = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def desk(tmp_path: Path) -> Generator[WholeDesk]:
    with whole_desk(tmp_path) as running:
        yield running


@pytest.fixture
def typed(desk: WholeDesk, tmp_path: Path) -> Type:
    """Type lines of a page into a shell that knows `vcci`, with somebody's token."""
    program = tmp_path / "bin/vcci"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m vcci_platform.cli "$@"\n')
    program.chmod(0o755)
    editor = tmp_path / "bin/editor"
    editor.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\nfile = pathlib.Path(sys.argv[1])\n"
        f"file.write_text(file.read_text().replace({SECTION!r}, {SECTION + chr(10) + 'A release.' + chr(10)!r}))\n"
    )
    editor.chmod(0o755)

    def run(lines: str, token: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", lines],
            cwd=tmp_path,
            env={
                **os.environ,
                "PATH": f"{program.parent}:{os.environ['PATH']}",
                "VCCI_DESK_URL": desk.url,
                "VCCI_DESK_TOKEN": token,
                "EDITOR": str(editor),
                "COLUMNS": "200",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def page(name: str) -> str:
    return (PROCEDURES / f"{name}.md").read_text(encoding="utf-8")


def test_the_call_for_a_breach_tells_few_and_asks_the_level_that_a_breach_asks(desk: WholeDesk, typed: Type) -> None:
    """The runbook's own call made a public incident of a breach: on the status page, open to all, level 4 not asked."""
    token = desk.add("Grace Hopper", "admin")
    viewer = desk.add("Vi", "viewer")

    done = typed(BLOCK.findall(page("security-incident"))[0], token)

    assert done.returncode == 0, done.stderr
    found = desk.ask(f"/v1/incidents/{desk.incident()}")
    assert (found["nature"], found["publication"], found["level"]) == ("security", "none", 4)
    assert [line["kind"] for line in found["timeline"]].count("declared") == 1
    assert any(task["checklist"] == "security" for task in found["tasks"])
    assert desk.ask("/v1/incidents", viewer)["items"] == []
    desk.until(lambda: desk.vendor.pages, "nobody was paged")
    assert desk.vendor.posts == []


def test_an_incident_is_run_by_the_commands_of_its_page(desk: WholeDesk, typed: Type) -> None:
    token, other = desk.add("Grace Hopper", "admin"), desk.add("Ada Lovelace", "commander")
    typed('vcci incident report "Uploads fail" --priority P2 --component api', token).check_returncode()
    incident = desk.incident()
    text = page("run-an-incident")

    first = typed(BLOCK.findall(text)[0].replace("inc_0000", incident), token)

    assert (first.returncode, "P2 Uploads fail" in first.stdout) == (0, True), first.stderr
    acts, after = text.split("## The next day")
    commands = COMMAND.findall(acts)
    assert len(commands) == 20
    for command in commands:
        done = typed(f"INCIDENT={incident}\n{command}", token)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    typed(f'vcci incident act {incident} resolve --why "over"', token).check_returncode()
    desk.until(lambda: typed(f"vcci incident review show {incident}", token).returncode == 0, "no review was drafted")
    for command in COMMAND.findall(after):
        done = typed(f"INCIDENT={incident}\n{command}", other if "publish" in command else token)
        assert done.returncode == 0, f"{command}\n{done.stderr}"

    found = desk.ask(f"/v1/incidents/{incident}")
    assert (found["state"], found["priority"], found["publication"]) == ("reviewed", "P1", "published")
    assert {role["role"]: role["person"] for role in found["roles"]}["commander"] == "Grace Hopper"
    assert [one for one in desk.vendor.posts if one[1] > 1], "the public heard of it, and how it went on"

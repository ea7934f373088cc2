"""Every `vcci` command that a runbook has somebody type exists, with these options; none is run here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from vcci_platform.cli.root import root

CONTENT = Path(__file__).resolve().parents[2] / "runbooks_site/content"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GIVEN = {"INCIDENT": "inc_0000", "NUMBER": "1", "DAY": "2026-03-02", "NAME": "ada"}
"""What a reader puts in where a page has a variable."""


def commands() -> list[tuple[str, str]]:
    """Return each command of a block with the page that it stands on."""
    found: list[tuple[str, str]] = []
    for path in sorted(CONTENT.rglob("*.md")):
        for block in BLOCK.findall(path.read_text(encoding="utf-8")):
            parts = (part.strip() for line in block.splitlines() for part in re.split(r"&&|\||>", line))
            found += [(path.relative_to(CONTENT).as_posix(), part) for part in parts if part.startswith("vcci ")]
    return found


def parsed(command: str) -> None:
    """Read a command line as the program does, and stop before it acts. Raises what the program would say."""
    words = shlex.split(re.sub(r"\$(\w+)", lambda match: GIVEN.get(match[1], match[0]), command))[1:]
    found: Any = root()
    while isinstance(found, TyperGroup) and words and not words[0].startswith("-"):
        _, found, words = found.resolve_command(found.context_class(found), words)
    found.make_context("vcci", words)


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_of_a_runbook_is_one_that_there_is(page: str, command: str) -> None:
    parsed(command)


@pytest.mark.parametrize("command", ["vcci incident act inc_0000 forget", "vcci incident list --colour red"])
def test_one_that_there_is_not_is_noticed(command: str) -> None:
    with pytest.raises(Exception, match=r"forget|--colour"):
        parsed(command)

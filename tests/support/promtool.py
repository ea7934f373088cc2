"""promtool and amtool as functions: files in, verdicts out."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from math import ceil
from pathlib import Path

import pytest

from support.components import absent, program

__all__ = ["UNPROVEN", "failures", "of_prometheus_3", "run", "write"]

FIRST_3 = 3
PROMTOOL_3 = "VCCI_PROMTOOL_3"
UNPROVEN = "unproven:"

MOST_FILES = 10
"""In one run, so that it ends in time on a busy machine too, however many there are."""

_UNHURRIED = {"GOGC": "off", "GOMEMLIMIT": "400MiB", "GOMAXPROCS": "1"}
"""A fifth of promtool's work is to collect garbage; so it waits until much is there."""

_VERDICT = re.compile(r"^Unit Testing:\s+(?P<path>\S+)\n(?P<said>.*?)(?=^Unit Testing:|\Z)", re.MULTILINE | re.DOTALL)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder, and return the folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@cache
def of_prometheus_3() -> str:
    """Return promtool of Prometheus 3: the one that VCCI_PROMTOOL_3 names, or the one that is installed.

    Debian's stable release has version 2, so without one the test is skipped everywhere, and says what is unproven.
    """
    wanted = os.environ.get(PROMTOOL_3) or program("promtool")
    said = f"{PROMTOOL_3} names none, and none is installed"
    if wanted:
        done = subprocess.run([wanted, "--version"], capture_output=True, text=True, timeout=30, check=False)
        version = re.search(r"promtool, version (\d+)\.(\S+)", done.stdout + done.stderr)
        if version and int(version[1]) >= FIRST_3:
            return wanted
        said = f"{wanted} is of version {version[1]}.{version[2]}" if version else f"{wanted} is no promtool"
    pytest.skip(f"{UNPROVEN} that the generated rules work in Prometheus 3; no promtool of version 3, {said}")


def run(tool: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool in a folder; what it says on both streams is in `stdout`, in its order."""
    command = program(tool)
    if not command:
        absent("alertmanager" if tool == "amtool" else "prometheus", f"{tool} is not installed")
    return subprocess.run(
        [command, *arguments],
        cwd=folder,
        env={**os.environ, **_UNHURRIED},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )


def failures(folder: Path, tests: Iterable[str], *, tool: str = "promtool") -> dict[str, str]:
    """Run promtool's unit tests, as many at once as there are cores, and return what the failing ones say.

    Another `tool` than the installed one may be of version 3, which does not say which file it speaks of.
    """
    todo = sorted(tests)
    if tool != "promtool":
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            done = list(pool.map(lambda path: run(tool, "test", "rules", path, folder=folder), todo))
        return {path: one.stdout for path, one in zip(todo, done, strict=True) if one.returncode}
    workers = max(1, min(os.cpu_count() or 1, len(todo)))
    count = max(workers, ceil(len(todo) / MOST_FILES))
    shares = [todo[index::count] for index in range(count)]
    with ThreadPoolExecutor(workers) as pool:
        said = list(pool.map(lambda share: run(tool, "test", "rules", *share, folder=folder).stdout, shares))
    verdicts = {found["path"]: found["said"] for text in said for found in _VERDICT.finditer(text)}
    assert sorted(verdicts) == todo, "".join(said)
    return {path: text for path, text in verdicts.items() if "SUCCESS" not in text}

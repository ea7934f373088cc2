"""promtool and amtool as functions: files in, verdicts out."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.components import absent, program

__all__ = ["failures", "run", "write"]

_VERDICT = re.compile(r"^Unit Testing:\s+(?P<path>\S+)\n(?P<said>.*?)(?=^Unit Testing:|\Z)", re.MULTILINE | re.DOTALL)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder, and return the folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def run(tool: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool in a folder; what it says on both streams is in `stdout`, in its order."""
    command = program(tool)
    if not command:
        absent("alertmanager" if tool == "amtool" else "prometheus", f"{tool} is not installed")
    return subprocess.run(
        [command, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )


def failures(folder: Path, tests: Iterable[str]) -> dict[str, str]:
    """Run promtool's unit tests, as many at once as there are cores, and return what the failing ones say."""
    todo = sorted(tests)
    workers = max(1, min(os.cpu_count() or 1, len(todo)))
    shares = [todo[index::workers] for index in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        said = list(pool.map(lambda share: run("promtool", "test", "rules", *share, folder=folder).stdout, shares))
    verdicts = {found["path"]: found["said"] for text in said for found in _VERDICT.finditer(text)}
    assert sorted(verdicts) == todo, "".join(said)
    return {path: text for path, text in verdicts.items() if "SUCCESS" not in text}

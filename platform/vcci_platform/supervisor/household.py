"""The home folder of a running platform: one at a time, `up.json` with what runs where, and secrets kept once."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from vcci_platform.errors import PlatformError

__all__ = ["STATE_FILE", "AlreadyRunning", "forget_state", "keep_private", "occupied", "read_state", "write_state"]

LOCK_FILE: Final = "up.lock"
STATE_FILE: Final = "up.json"


class AlreadyRunning(PlatformError):
    """The home folder belongs to a platform that runs."""


@contextmanager
def occupied(home: Path) -> Generator[None]:
    """Hold the home folder while the block runs; the kernel lets go of it however this process ends.

    Raises AlreadyRunning, which says where the other one answers.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_where(home)) from None
        forget_state(home)  # what a killed one left behind
        try:
            yield
        finally:
            forget_state(home)
    finally:
        os.close(descriptor)


def write_state(home: Path, state: Mapping[str, Any]) -> None:
    """Say what runs where, in one step: a reader sees the old state or the new one."""
    keep_private(home / STATE_FILE, json.dumps(state, indent=2) + "\n")


def read_state(home: Path) -> dict[str, Any] | None:
    """Return what runs where, or None when nothing says so."""
    try:
        state: dict[str, Any] = json.loads((home / STATE_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return state


def forget_state(home: Path) -> None:
    """Say that nothing runs."""
    (home / STATE_FILE).unlink(missing_ok=True)


def keep_private(path: Path, text: str) -> None:
    """Put the text into a file that only its owner can read, at once."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def _where(home: Path) -> str:
    state = read_state(home)
    if state is None:
        return f"a platform starts or stops in {home} at this moment; ask again, or choose another folder with --home"
    addresses = "\n".join(f"  {name:<16} {url}" for name, url in state["addresses"].items())
    return (
        f"the platform of {home} runs already, as process {state['pid']} since {state['started_at']}:\n{addresses}\n"
        "End it with Ctrl-C where it runs, or start another one with --home and a folder of its own."
    )

"""A platform that runs while a block runs: its home held, its children kept, `up.json` beside them, a clean end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from vcci_platform.supervisor.blueprint import Blueprint
from vcci_platform.supervisor.household import keep_private, occupied, write_state
from vcci_platform.supervisor.keeper import Crash, Keeper

__all__ = ["Audience", "Interrupted", "Running", "interruptible", "running"]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody asked for the end. Not an error: whoever catches errors must let it pass."""


class Running:
    """A platform whose children all answer."""

    def __init__(self, blueprint: Blueprint, keeper: Keeper) -> None:
        self.blueprint = blueprint
        self.keeper = keeper
        self._state: dict[str, Any] = {}
        keeper.on_start = self._note_again

    def note(self, addresses: dict[str, str]) -> None:
        """Write what runs where into `up.json`, now and whenever a child is started again."""
        settings = self.blueprint.settings
        self._state = {
            "pid": os.getpid(),
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "home": str(settings.home),
            "time_scale": settings.time_scale,
            "addresses": addresses,
        }
        self._note_again()

    def _note_again(self) -> None:
        if self._state:
            write_state(self.blueprint.settings.home, {**self._state, "children": self.keeper.pids()})


class Audience(Protocol):
    """Whoever is told what happens. `crashed` is called by another thread."""

    def drawn(self, blueprint: Blueprint) -> None:
        """Ports and addresses are decided."""
        ...

    def starting(self, names: tuple[str, ...]) -> None:
        """These children begin to start."""
        ...

    def crashed(self, crash: Crash) -> None:
        """A child ended by itself and is started again."""
        ...

    def stopping(self) -> None:
        """Everything is told to end."""
        ...


@contextmanager
def running(home: Path, blueprint_of: Callable[[], Blueprint], audience: Audience) -> Generator[Running]:
    """Hold the home folder, start every stage once the one before answers, and end all of it after the block."""
    with occupied(home):
        blueprint = blueprint_of()
        audience.drawn(blueprint)
        if blueprint.sandboxed:
            from vcci_platform.sandbox import ensure_authority  # noqa: PLC0415 - brings cryptography

            ensure_authority(blueprint.settings.home)  # the desk and Alertmanager read it as they start
        _put(blueprint.files)
        keeper = Keeper(blueprint.settings.home / "logs", on_crash=audience.crashed)
        ending = threading.Event()
        with interruptible(keeper, ending):
            try:
                for stage in blueprint.stages:
                    audience.starting(tuple(spec.name for spec in stage))
                    keeper.start(stage)
                    keeper.wait()
                yield Running(blueprint, keeper)
            finally:
                ending.set()
                audience.stopping()
                keeper.stop()


def _put(files: Mapping[Path, str]) -> None:
    """Write the files, and remove what an earlier run left beside them: a rule that is gone must not fire."""
    for folder in {path.parent for path in files}:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob("*.yml"):
            if left not in files:
                left.unlink()
    for path, text in files.items():
        keep_private(path, text)


@contextmanager
def interruptible(keeper: Keeper, ending: threading.Event) -> Generator[None]:
    """Raise Interrupted in the block at SIGINT, SIGTERM or SIGHUP; kill the children once the end has begun."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone; who runs this elsewhere stops it
        return

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if ending.is_set():
            keeper.hurry()
            return
        ending.set()
        raise Interrupted

    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

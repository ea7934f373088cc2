"""Loops: work that a process does again and again, each in a thread of its own, started and stopped together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vcci_platform.clock import Clock
from vcci_platform.telemetry import logs

__all__ = ["Loop", "LoopState", "Loops"]

STOP_SECONDS = 15

log = logs.get(__name__)


@dataclass
class LoopState:
    """How a loop is doing: when it last went round without an error, and what went wrong since."""

    completed_at: datetime | None = None
    failures: int = 0
    error: str = ""


@dataclass(frozen=True)
class Loop:
    """`run` is called every `every`, again at once while it returns true, and sooner when `wake` is set.

    A loop that is `counted` is part of a cycle: without it the desk does not call itself alive.
    """

    name: str
    run: Callable[[], object]
    every: timedelta
    wake: threading.Event = field(default_factory=threading.Event)
    counted: bool = True
    state: LoopState = field(default_factory=LoopState)


class Loops:
    """The loops of a process. One that fails is logged and goes on: a store that is away comes back."""

    def __init__(self, loops: Sequence[Loop], clock: Clock, on_round: Callable[[str, bool], None]) -> None:
        self.loops = tuple(loops)
        self._clock = clock
        self._on_round = on_round
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start every loop."""
        for loop in self.loops:
            thread = threading.Thread(target=self._run, args=(loop,), name=f"desk-{loop.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Let every loop finish what it is at, and end."""
        self._stopping.set()
        for loop in self.loops:
            loop.wake.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
            if thread.is_alive():
                log.warning("loop_did_not_stop", loop=thread.name)

    def completed_since(self, moment: datetime) -> bool:
        """Return whether every counted loop has gone round without an error after this moment."""
        return all(
            loop.state.completed_at is not None and loop.state.completed_at > moment
            for loop in self.loops
            if loop.counted
        )

    def _run(self, loop: Loop) -> None:
        while not self._stopping.is_set():
            loop.wake.clear()
            if not self._round(loop):
                loop.wake.wait(loop.every.total_seconds())

    def _round(self, loop: Loop) -> bool:
        """Go round once; true when there is more to do at once."""
        state = loop.state
        try:
            more = bool(loop.run())
        except Exception as error:
            state.failures += 1
            state.error = f"{type(error).__name__}: {error}"[:500]
            if state.failures == 1:
                log.exception("loop_failed", loop=loop.name)
            self._on_round(loop.name, False)
            return False
        if state.failures:
            log.info("loop_recovered", loop=loop.name, after_failures=state.failures)
        state.failures = 0
        state.error = ""
        state.completed_at = self._clock.now()
        self._on_round(loop.name, True)
        return more

"""The keeper: one thread that starts the children, starts them again when they crash, and ends them all."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from vcci_platform.errors import PlatformError
from vcci_platform.supervisor.child import Child, ChildSpec
from vcci_platform.supervisor.policy import Backoff

__all__ = ["ChildFailed", "Crash", "Keeper", "how_it_ended"]

LOOK_SECONDS: Final = 0.1
ASK_SECONDS: Final = 0.25
WAVE_SECONDS: Final = 2.5
"""How long one stage may take to end before the next is told to end as well."""

END_SECONDS: Final = 8.0
"""How long all of them together may take; what is left then is killed."""

ANSWER_SECONDS: Final = 2.0


class ChildFailed(PlatformError):
    """A child did not come up; the sentence ends with the last lines of its log."""


@dataclass(frozen=True)
class Crash:
    """A child ended by itself, and will be started again."""

    name: str
    exit_code: int
    ran_seconds: float
    again_in_seconds: float
    log: Path
    tail: str


class _Kept:
    """A child with what the keeper remembers of it."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.crashes = 0
        self.started_at = 0.0
        self.start_at: float | None = 0.0
        self.failure: str | None = None
        self.last_exit: int | None = None
        self.last_words = ""
        self.came_up = False


class Keeper:
    """Keeps children running from `start` to `stop`. Children of one `start` form a stage; the last stage ends first.

    All of them are started by the keeper's own thread, since each dies with the thread that started it.
    """

    def __init__(
        self, logs: Path, *, on_crash: Callable[[Crash], object] = lambda _: None, backoff: Backoff | None = None
    ) -> None:
        self.on_start: Callable[[], object] = lambda: None
        """Called by the keeper's thread whenever a process has been started."""

        self._logs = logs
        self._on_crash = on_crash
        self._backoff = backoff or Backoff()
        self._stages: list[list[_Kept]] = []
        self._new: queue.SimpleQueue[list[_Kept]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self, specs: Sequence[ChildSpec]) -> None:
        """Start these children; `wait` tells when they can be used."""
        stage = [_Kept(Child(spec, self._logs)) for spec in specs]
        self._stages.append(stage)
        self._new.put(stage)
        if not self._thread.is_alive():
            self._thread.start()
        self._wake.set()

    def wait(self) -> None:
        """Return once every child answers; raise ChildFailed for one that ends first or takes too long."""
        with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client:
            for kept in [kept for stage in self._stages for kept in stage if not kept.came_up]:
                self._wait_for(kept, client)
                kept.came_up = True

    def pids(self) -> dict[str, int]:
        """Return the process id of each child that runs."""
        every = [kept.child for stage in self._stages for kept in stage]
        return {child.spec.name: pid for child in every if (pid := child.pid) is not None}

    def log_of(self, name: str) -> Path:
        """Return where a child writes its log."""
        return self._logs / f"{name}.log"

    def stop(self) -> None:
        """End every child, the last stage first, and return when all of them are gone."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def hurry(self) -> None:
        """Kill what still runs; `stop` has been asked for already."""
        self._hurry.set()
        self._wake.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        kept: list[_Kept] = []
        while not self._stopping.is_set():
            while not self._new.empty():
                kept += self._new.get()
            for one in kept:
                self._look_at(one)
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
        self._end_all()

    def _look_at(self, kept: _Kept) -> None:
        now = time.monotonic()
        if kept.start_at is not None:
            if now >= kept.start_at and kept.failure is None:
                self._begin(kept, now)
            return
        code = kept.child.exit_code
        if code is None:
            return
        ran = now - kept.started_at
        kept.crashes = self._backoff.crashes(kept.crashes, ran)
        delay = self._backoff.delay_seconds(kept.crashes)
        kept.start_at = now + delay
        kept.last_words = kept.child.tail()
        kept.last_exit = code
        if kept.came_up:  # before that, whoever waits for it is told
            self._on_crash(Crash(kept.child.spec.name, code, ran, delay, kept.child.log, kept.last_words))

    def _begin(self, kept: _Kept, now: float) -> None:
        try:
            kept.child.start()
        except OSError as error:
            kept.failure = f"{error.filename or kept.child.spec.command[0]}: {error.strerror}"
            return
        kept.started_at, kept.start_at = now, None
        self.on_start()

    def _wait_for(self, kept: _Kept, client: httpx.Client) -> None:
        spec = kept.child.spec
        deadline = time.monotonic() + spec.ready_seconds
        while True:
            if kept.failure is not None:
                raise ChildFailed(f"{spec.name} could not be started: {kept.failure}")
            if kept.last_exit is not None:
                ended = f"{spec.name} {how_it_ended(kept.last_exit)} before it was ready"
                raise ChildFailed(_with_log(ended, kept.child.log, kept.last_words))
            if kept.start_at is None and (not spec.ready or _answers(client, spec.ready)):
                return
            if time.monotonic() > deadline:
                late = f"{spec.name} did not answer at {spec.ready} within {spec.ready_seconds:g} s"
                raise ChildFailed(_with_log(late, kept.child.log, kept.child.tail()))
            time.sleep(ASK_SECONDS)

    def _end_all(self) -> None:
        began = time.monotonic()
        ending: list[Child] = []
        for stage in reversed(self._stages):
            for kept in stage:
                kept.child.end(signal.SIGTERM)
                ending.append(kept.child)
            self._wait_for_end(ending, min(time.monotonic() + WAVE_SECONDS, began + END_SECONDS))
        self._wait_for_end(ending, began + END_SECONDS)
        for child in ending:
            child.end(signal.SIGKILL)
        self._wait_for_end(ending, time.monotonic() + ANSWER_SECONDS)

    def _wait_for_end(self, children: Sequence[Child], deadline: float) -> None:
        while any(child.pid is not None for child in children) and time.monotonic() < deadline:
            if self._hurry.is_set():
                for child in children:
                    child.end(signal.SIGKILL)
            self._wake.wait(LOOK_SECONDS / 2)
            self._wake.clear()


def how_it_ended(exit_code: int | None) -> str:
    """Return the end of a process in words.

    >>> how_it_ended(3), how_it_ended(-9)
    ('ended with exit code 3', 'was ended by SIGKILL')
    """
    if exit_code is None or exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was ended by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was ended by signal {-exit_code}"


def _with_log(sentence: str, log: Path, tail: str) -> str:
    return f"{sentence}. Its log {log} ends with:\n{tail}" if tail else f"{sentence}; its log {log} is empty"


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.TransportError:
        return False

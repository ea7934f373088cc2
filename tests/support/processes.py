"""A server that a test starts for itself, and may stop or crash."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self, TypeVar

import httpx

__all__ = ["PATIENCE_SECONDS", "Process", "Server", "eventually", "wait_until"]

Result = TypeVar("Result")

PATIENCE_SECONDS = 120.0
"""How long a test waits for what must come: on a busy machine that takes many times as long as on a quiet one."""

POLL_SECONDS = 0.05


def eventually(holds: Callable[[], Result], *, within: float = PATIENCE_SECONDS) -> Result:
    """Return what `holds` returns once nothing in it fails any more; its last failure goes on after `within` seconds.

    For assertions on what other processes reach in their own time, and on what a busy machine takes away for a moment:
    where a scrape ran out of time, a series is stale until the next.
    """
    deadline = time.monotonic() + within
    while True:
        try:
            return holds()
        except Exception:
            if time.monotonic() > deadline:
                raise
        time.sleep(POLL_SECONDS)


def wait_until(ready: Callable[[], object], *, within: float = PATIENCE_SECONDS, what: str) -> None:
    """Ask `ready` again and again until it says yes; fail with `what` after `within` seconds.

    What does not answer in time, or not with a success, is not ready yet: another look may find it less busy.
    """
    deadline = time.monotonic() + within
    while not _says_yes(ready):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} within {within:g} s")
        time.sleep(POLL_SECONDS)


def _says_yes(ready: Callable[[], object]) -> bool:
    try:
        return bool(ready())
    except httpx.HTTPError:
        return False


class Process(Protocol):
    """What a server is asked about its process, in the words of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def send_signal(self, number: int, /) -> None: ...

    def wait(self, timeout: float) -> int: ...

    def kill(self) -> None: ...


class Server:
    """One child process with a log file; it is ended by its own process id, also when the test run is killed."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        ready_seconds: float = PATIENCE_SECONDS,
        stop_signal: signal.Signals = signal.SIGTERM,
        crash_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        # The kernel ends the child when its starter dies, so that a killed run leaves nothing behind.
        guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        self._command = [*guard, *command]
        self._name = Path(command[0]).name
        self._log = log
        self._ready = ready
        self._environment = {**os.environ, **(environment or {})}
        self._user = user
        self._ready_seconds = ready_seconds
        self._stop_signal = stop_signal
        self._crash_signal = crash_signal
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process id; there is none before the first start."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self) -> Self:
        """Start it and wait until it answers."""
        return self.launch().settle()

    def launch(self) -> Self:
        """Start it and go on; `settle` waits. So several can start at the same time."""
        if self.running:
            return self
        with self._log.open("ab") as output:
            self._process = self._begin(output)
        return self

    def _begin(self, output: BinaryIO) -> Process:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=self._environment,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            start_new_session=True,
            cwd="/",
        )

    def settle(self) -> Self:
        """Wait until it answers."""
        try:
            wait_until(self._answers, within=self._ready_seconds, what=f"{self._name} did not answer")
        except BaseException:
            self.crash()
            raise
        return self

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._end(self._stop_signal)

    def crash(self) -> None:
        """End it without a chance to tidy up."""
        self._end(self._crash_signal)

    def freeze(self) -> None:
        """Hold it still: connections stay open and nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        os.kill(self.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        if not self.running:
            raise RuntimeError(f"{' '.join(self._command)} ended at once:\n{self.log[-4000:]}")
        return self._ready()

    def _end(self, how: signal.Signals, *, patience: float = 60) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(how)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(patience)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

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
from typing import Self

__all__ = ["Server", "wait_until"]

POLL_SECONDS = 0.05


def wait_until(ready: Callable[[], bool], *, within: float, what: str) -> None:
    """Ask `ready` again and again until it says yes; fail with `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} within {within:g} s")
        time.sleep(POLL_SECONDS)


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
        ready_seconds: float = 30,
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
        self._process: subprocess.Popen[bytes] | None = None

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
            self._process = subprocess.Popen(
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
        return self

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

    def _end(self, how: signal.Signals, *, patience: float = 20) -> None:
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

"""One child process: what it is, its log file, its start under the leash, its end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vcci_platform.supervisor.leash import leashed

__all__ = ["Child", "ChildSpec"]

LOGS_KEPT = 3
TAIL_LINES = 12
TAIL_BYTES = 64 * 1024
LINE_CHARACTERS = 400


@dataclass(frozen=True)
class ChildSpec:
    """A program to keep running. `ready` answers 2xx once it can be used; `environment` is all that it gets to see."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    ready: str = ""
    ready_seconds: float = 60.0


class Child:
    """A program and the process that it is at the moment. One thread starts it, and lives as long as it."""

    def __init__(self, spec: ChildSpec, logs: Path) -> None:
        self.spec = spec
        self.log = logs / f"{spec.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._began_at_byte = 0
        _rotate(self.log)

    @property
    def pid(self) -> int | None:
        """The process id, or None while it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """What it ended with (negative: the signal), or None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.log.open("ab") as output:
            self._began_at_byte = output.tell()
            self._process = subprocess.Popen(  # noqa: S603 - the commands are ours
                leashed(self.spec.command, os.getpid()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(self.spec.environment),
                start_new_session=True,
            )

    def end(self, how: signal.Signals) -> None:
        """Send the signal, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)

    def tail(self) -> str:
        """Return the last lines that it wrote since its last start."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as written:
            size = written.seek(0, os.SEEK_END)
            written.seek(max(self._began_at_byte, size - TAIL_BYTES))
            lines = written.read().decode(errors="replace").splitlines()
        return "\n".join(line[:LINE_CHARACTERS] for line in lines[-TAIL_LINES:])


def _rotate(log: Path) -> None:
    """Let a run begin with an empty log, and keep those of the runs before."""
    for number in range(LOGS_KEPT, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        newer = log.with_name(f"{log.name}.{number - 1}") if number > 1 else log
        if newer.exists():
            newer.replace(older)

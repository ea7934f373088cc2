"""Servers that are forked from a parent which has read the desk's code already: one such parent for each test worker.

To start costs a fork, not the second of processor time that the imports take. A child is a process of its own like any
other: it has its own id, environment and log, opens its own connections, draws its own random numbers, and SIGKILL ends
it without a word. The parent has one thread and no connection: there is nothing that a child could inherit half done.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import BinaryIO

from support.processes import Server

__all__ = ["ForkedServer", "nursery"]

PRELOADED = (
    "pytest",
    "support.desk",
    "support.deaths",
    # what they import when they first need it
    "anyio._backends._asyncio",
    "encodings.idna",
    "httpcore",
    "httpcore2",
    "pydantic.v1",
    "sqlalchemy.dialects.postgresql.psycopg",
    "psycopg",
    "sqlite3",
    "truststore",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)
PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html


def nursery() -> ForkServerContext:
    """Return the context whose processes are forked from the parent of this test worker; the first call starts it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    known = os.environ.get("PYTHONPATH")
    # The parent takes `sys.path` over only in the children that it forks, and finds what lies beside the tests by this.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), known]))
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if known is not None:
            os.environ["PYTHONPATH"] = known
    return context


class ForkedServer(Server):
    """A server that is a function of ours. What it is given must be picklable."""

    def __init__(
        self,
        run: Callable[[str], None],
        given: str = "",
        *,
        log: Path,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__([run.__name__], log=log, ready=ready, environment=environment)
        self._run, self._given = run, given

    def _begin(self, output: BinaryIO) -> _Child:
        given = (dict(self._environment), str(Path(output.name).absolute()), self._run, self._given)
        process = nursery().Process(target=_live, args=given, daemon=True)
        process.start()
        return _Child(process)


class _Child:
    """A process of the nursery in the words of `subprocess`."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self._process.name), timeout)
        return code


def _live(environment: dict[str, str], log: str, run: Callable[[str], None], given: str) -> None:
    """Become what `subprocess` would have made of this process, and run."""
    _die_with_the_parent()
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir("/")
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    run(given)


def _die_with_the_parent() -> None:
    """Let the kernel end this process when its parent ends, which does so when the test worker does."""
    alive = getattr(getattr(forkserver, "_forkserver"), "_forkserver_alive_fd")  # noqa: B009 - private, and ours alone
    os.close(alive)  # else a child would keep the parent alive
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

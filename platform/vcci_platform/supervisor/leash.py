"""A program that becomes another one and dies with whoever started it: `python -I leash.py PARENT COMMAND …`.

The kernel sends SIGKILL as soon as the starter is gone, however it went (`prctl(2)`, PR_SET_PDEATHSIG; it survives
`execve`). Asking for it here, after the fork and in a process of one thread, is safe where a hook between fork and
exec in a process of many is not. Only Linux has it; elsewhere the command runs as it is.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["leashed"]

PR_SET_PDEATHSIG = 1  # linux/prctl.h
WRONG_PARENT = 125
CANNOT_RUN = 127  # as shells say it


def leashed(command: Sequence[str], parent: int) -> list[str]:
    """Return the command that runs `command` and dies with the process `parent`, which must start it.

    The signal comes when the *thread* that started it ends, so that one has to live as long as its process.
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", str(Path(__file__)), str(parent), *command]


def _become(parent: int, command: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died before it was asked for
        sys.exit(WRONG_PARENT)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(CANNOT_RUN)


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])

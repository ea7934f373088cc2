"""The process in which one posted spec is worked on: it takes its limits, answers once, and ends.

Nothing of the service is in it, neither secrets nor connections: it is told everything on its standard input.
"""

from __future__ import annotations

import os
import resource
import signal
import sys

from vcci_platform.engine.model import MIB, Answer, Job, Limits
from vcci_platform.engine.tasks import carry_out

__all__ = ["main"]

GRACE_SECONDS = 5
OPEN_FILES = 64
NICENESS = 10
TOO_MUCH_MEMORY = 507
"""Tells the parent that memory ended; it never reaches the caller as it is."""


def main() -> None:
    """Read a job from standard input, take the limits that come with it, and write the answer to standard output."""
    line = sys.stdin.buffer.readline()
    if not line:  # the service ended before there was something to do
        return
    job, limits = Job.read(line)
    confine(limits)
    try:
        answer = carry_out(job)
    except MemoryError:
        answer = Answer(TOO_MUCH_MEMORY, "")
    written = answer.written()
    if len(written) > limits.answer_bytes:
        problem = {"code": "too-much-output", "detail": "The answer is too long; choose parts of it with `only`."}
        written = Answer(422, "application/problem+json", problem=problem).written()
    sys.stdout.buffer.write(written)
    sys.stdout.buffer.flush()


def confine(limits: Limits) -> None:
    """Take limits that cannot be shaken off: memory, processor time, files. The clock ends what only waits."""
    seconds = round(limits.seconds)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + GRACE_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.history_bytes + MIB, limits.history_bytes + MIB))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds + GRACE_SECONDS)
    os.nice(NICENESS)


if __name__ == "__main__":
    main()

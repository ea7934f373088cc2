"""Free ports that no other test of this run, and no outgoing connection, will take."""

from __future__ import annotations

import os
import random
import socket

__all__ = ["free_port"]

# Below Linux's ephemeral range (32768 and up), from which the kernel draws the ports of outgoing connections.
LOWEST, HIGHEST = 20_000, 32_000
SLICES = 12
"""Each worker of a run draws from a slice of its own, as a port is free again until its server listens."""

_given: set[int] = set()


def free_port() -> int:
    """Return a loopback port that nothing listens on, never the same twice in one process."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SLICES
    for _ in range(1000):
        port = random.randrange(LOWEST + worker, HIGHEST, SLICES)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True

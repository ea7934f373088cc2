"""What the supervisor decides: when a crashed child is started again, and which ports are taken. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vcci_platform.errors import PlatformError

__all__ = ["Backoff", "PortTaken", "Wish", "choose"]

PORTS_TRIED = 200
HIGHEST_PORT = 65_535


class PortTaken(PlatformError):
    """A port that somebody asked for is in use."""


@dataclass(frozen=True)
class Backoff:
    """How long to wait before each start after a crash: twice as long each time, never longer than `most_seconds`.

    A child that ran for `forgiven_seconds` starts with a clean slate.

    >>> [Backoff().delay_seconds(crashes) for crashes in (1, 2, 3, 9)]
    [0.5, 1.0, 2.0, 30.0]
    """

    first_seconds: float = 0.5
    most_seconds: float = 30.0
    forgiven_seconds: float = 60.0

    def delay_seconds(self, crashes: int) -> float:
        """Return the wait after this many crashes in a row."""
        return min(self.first_seconds * 2.0 ** min(crashes - 1, 32), self.most_seconds)

    def crashes(self, before: int, ran_seconds: float) -> int:
        """Return how many crashes in a row the present one makes.

        >>> Backoff().crashes(3, ran_seconds=61.0)
        1
        """
        return 1 if ran_seconds >= self.forgiven_seconds else before + 1


@dataclass(frozen=True)
class Wish:
    """The port that something would like. `asked_by` names the setting through which a person asked for it."""

    name: str
    port: int
    asked_by: str = ""


def choose(wishes: Iterable[Wish], is_free: Callable[[int], bool]) -> dict[str, int]:
    """Return a port for each name: the wished one, else the next that is free and nobody else wishes for.

    A port that a person asked for is never exchanged: taken, it is an error.

    >>> choose([Wish("service", 8000), Wish("worker", 8001)], lambda port: port != 8000)
    {'service': 8002, 'worker': 8001}
    """
    wanted = list(wishes)
    reserved = {wish.port for wish in wanted}
    chosen: dict[str, int] = {}
    for wish in wanted:
        if wish.port not in chosen.values() and is_free(wish.port):
            chosen[wish.name] = wish.port
            continue
        if wish.asked_by:
            owner = next((name for name, port in chosen.items() if port == wish.port), "")
            user = f"{owner} has it" if owner else "another program has it"
            raise PortTaken(f"{wish.asked_by}={wish.port}: expected a free port for {wish.name}, but {user}")
        chosen[wish.name] = _next_free(wish, reserved | set(chosen.values()), is_free)
    return chosen


def _next_free(wish: Wish, avoid: set[int], is_free: Callable[[int], bool]) -> int:
    tried = range(wish.port + 1, min(wish.port + PORTS_TRIED, HIGHEST_PORT) + 1)
    for port in tried:
        if port not in avoid and is_free(port):
            return port
    raise PortTaken(f"{wish.name}: expected a free port between {wish.port} and {tried[-1]}, found none")

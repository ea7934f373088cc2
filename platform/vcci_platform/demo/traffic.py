"""Background traffic: requests as a customer's program would make them, at a steady pace, for some minutes at most."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpx

__all__ = ["Counts", "Traffic", "paths_of"]

MOST_SECONDS: Final = 15 * 60
AT_ONCE: Final = 64
"""Requests that may be under way together; slow answers must not become a queue without an end."""

ANSWER_SECONDS: Final = 15.0
STOP_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Counts:
    """What the customer saw: requests sent, answered with a server error, and not answered at all."""

    sent: int = 0
    failed: int = 0
    lost: int = 0


def paths_of(upload_id: str, job_id: str) -> tuple[str, ...]:
    """Return what a customer reads, each once a round."""
    upload = f"/v1/uploads/{upload_id}"
    return (
        "/v1/tenant",
        "/v1/uploads?limit=5",
        upload,
        f"{upload}/results?by=sector&limit=10",
        f"{upload}/results?by=supplier&limit=10",
        f"{upload}/lines?limit=20",
        f"{upload}/gaps?limit=20",
        f"/v1/jobs/{job_id}",
    )


class Traffic:
    """Requests in a thread of their own while a block runs. It ends by itself after `seconds`."""

    def __init__(
        self, base: str, key: str, paths: Sequence[str], *, per_second: float, seconds: float = MOST_SECONDS
    ) -> None:
        self._base = base
        self._key = key
        self._paths = itertools.cycle(paths)
        self._pause = 1 / per_second
        self._seconds = min(seconds, MOST_SECONDS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="traffic", daemon=True)
        self._sent = self._failed = self._lost = 0

    @property
    def counts(self) -> Counts:
        """What happened so far."""
        return Counts(self._sent, self._failed, self._lost)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=AT_ONCE)
        headers = {"Authorization": f"Bearer {self._key}"}
        end = time.monotonic() + self._seconds
        due = time.monotonic()
        async with httpx.AsyncClient(
            base_url=self._base, headers=headers, limits=limits, timeout=ANSWER_SECONDS, trust_env=False
        ) as client:
            under_way: set[asyncio.Task[None]] = set()
            while not self._stopping.is_set() and time.monotonic() < end:
                if len(under_way) < AT_ONCE:
                    task = asyncio.create_task(self._ask(client, next(self._paths)))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                due += self._pause
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _ask(self, client: httpx.AsyncClient, path: str) -> None:
        self._sent += 1
        try:
            answer = await client.get(path)
        except httpx.HTTPError:
            self._lost += 1
            return
        self._failed += answer.is_server_error

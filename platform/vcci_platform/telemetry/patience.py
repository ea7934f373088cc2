"""Patience: a blocking call that is waited for only so long, and never piles up when it hangs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta

from opentelemetry.instrumentation.utils import suppress_instrumentation

__all__ = ["Patient"]

GIVEN_UP_AFTER_TIMEOUTS = 5
"""After so many timeouts a hanging call is left behind and another begun: it may hang on a connection long dead."""

MOST_HANGING = 4


class Patient:
    """A call that blocks, made in a thread of its own: at most one at a time, unless one hangs for very long.

    The thread is a daemon, so one that hangs never keeps the process from ending, and none of the threads that serve
    requests is taken. What it calls leaves no spans: nobody asked for them.
    """

    def __init__(self, name: str, call: Callable[[], object], timeout: timedelta) -> None:
        self._name = name
        self._call = call
        self._seconds = timeout.total_seconds()
        self._running: Future[Exception | None] | None = None
        self._began = 0.0
        self._hanging: list[Future[Exception | None]] = []

    async def attempt(self) -> Exception | None:
        """Return None when the call returns in time, the error when it raises, a TimeoutError when it does neither."""
        running = self._current()
        loop = asyncio.get_running_loop()
        finished = asyncio.Event()

        def wake(_: Future[Exception | None]) -> None:
            with suppress(RuntimeError):  # the loop may be gone by then
                loop.call_soon_threadsafe(finished.set)

        running.add_done_callback(wake)
        with suppress(TimeoutError):
            await asyncio.wait_for(finished.wait(), self._seconds)
        if running.done():
            return running.result()
        return TimeoutError(f"{self._name}: no answer within {self._seconds:g} s")

    def _current(self) -> Future[Exception | None]:
        self._hanging = [call for call in self._hanging if not call.done()]
        if self._running is not None and not self._running.done():
            stuck = time.monotonic() - self._began > GIVEN_UP_AFTER_TIMEOUTS * self._seconds
            if not stuck or len(self._hanging) >= MOST_HANGING:
                return self._running
            self._hanging.append(self._running)
        running: Future[Exception | None] = Future()
        self._running, self._began = running, time.monotonic()
        threading.Thread(target=self._run, args=(running,), name=f"check-{self._name}", daemon=True).start()
        return running

    def _run(self, running: Future[Exception | None]) -> None:
        try:
            with suppress_instrumentation():
                self._call()
        except Exception as error:  # noqa: BLE001  # any error is the answer: the dependency does not serve
            running.set_result(error)
        else:
            running.set_result(None)

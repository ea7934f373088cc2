"""A bounded stream of requests on loopback, as customers would send them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

import httpx

__all__ = ["Traffic", "traffic"]

SENDERS = 3
"""So that one slow answer does not silence the stream."""

REQUEST_SECONDS = 5


class Traffic:
    """Requests at a steady pace until told to stop, and never more than `most`."""

    def __init__(self, url: str, key: str, *, a_second: float = 18, most: int = 30_000) -> None:
        self.answers: Counter[str] = Counter()
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._pause = SENDERS / a_second
        self._left = most
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._senders = [threading.Thread(target=self._send, name=f"traffic-{n}", daemon=True) for n in range(SENDERS)]

    def start(self) -> None:
        """Begin to send."""
        for sender in self._senders:
            sender.start()

    def stop(self) -> None:
        """Send no more, and wait for the last answers."""
        self._stopping.set()
        for sender in self._senders:
            sender.join(2 * REQUEST_SECONDS)

    def _send(self) -> None:
        with httpx.Client(headers=self._headers, timeout=REQUEST_SECONDS, trust_env=False) as client:
            while not self._stopping.is_set() and self._another():
                began = time.monotonic()
                try:
                    answer = str(client.get(self._url).status_code)
                except httpx.HTTPError as error:
                    answer = type(error).__name__
                with self._lock:
                    self.answers[answer] += 1
                self._stopping.wait(max(0.0, self._pause - (time.monotonic() - began)))

    def _another(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0


@contextmanager
def traffic(url: str, key: str) -> Generator[Traffic]:
    """Yield a stream that flows while the block runs."""
    stream = Traffic(url, key)
    stream.start()
    try:
        yield stream
    finally:
        stream.stop()

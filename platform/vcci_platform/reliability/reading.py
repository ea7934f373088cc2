"""Reading from a target that may be ill: an answer has an end in size and in time, or it is no answer."""

from __future__ import annotations

from collections.abc import Callable

import httpx

__all__ = ["LIMIT_BYTES", "read"]

LIMIT_BYTES = 16 * 1024 * 1024
"""The service shows some hundred kilobytes. What shows a hundred times as much has lost control of its labels."""


def read(client: httpx.Client, url: str, *, accept: str, seconds: float, monotonic: Callable[[], float]) -> str:
    """Return the text of a successful answer.

    The client's own time limit is for each piece that arrives; `seconds` is for all of them, so that a target that
    drips does not hold up the round. Redirects are not followed: they lead to somebody else's metrics.

    Raises httpx.HTTPError if there is no such answer in time, ValueError if it is too large.
    """
    end = monotonic() + seconds
    headers = {"Accept": accept, "Accept-Encoding": "identity"}
    with client.stream("GET", url, headers=headers, timeout=seconds) as answer:
        answer.raise_for_status()
        pieces: list[bytes] = []
        size = 0
        for piece in answer.iter_bytes():
            size += len(piece)
            if size > LIMIT_BYTES:
                raise ValueError(f"more than {LIMIT_BYTES // 1024 // 1024} MiB")
            if monotonic() > end:
                raise httpx.ReadTimeout(f"the answer did not end within {seconds:g} s", request=answer.request)
            pieces.append(piece)
        return b"".join(pieces).decode("utf-8", errors="replace")

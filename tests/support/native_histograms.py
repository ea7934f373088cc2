"""A target with a native histogram: Prometheus reads those in protobuf only, which the Python client does not write.

Source: client_model, io/prometheus/client/metrics.proto; fields are written as the format of protobuf has them.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Timed", "serving"]

CONTENT = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
HISTOGRAM = 4
NUMBER, DOUBLE, BYTES = 0, 1, 2
"""How protobuf writes a field."""

FAST_BUCKET, SLOW_BUCKET = 0, 3
"""Of schema 0, whose buckets are powers of two: from half a second to a second, and from four to eight."""


@dataclass
class Timed:
    """How many events took less than a second so far, and how many more than four."""

    fast: int = 0
    slow: int = 0

    def exposition(self, name: str) -> bytes:
        """Return the family of one native histogram."""
        span = _number(1, _zigzag(FAST_BUCKET)) + _number(2, SLOW_BUCKET - FAST_BUCKET + 1)
        counts = (self.fast, 0, 0, self.slow)
        deltas = [after - before for before, after in zip((0, *counts), counts, strict=False)]
        histogram = b"".join(
            (
                _number(1, self.fast + self.slow),
                _double(2, 0.75 * self.fast + 6 * self.slow),
                _number(5, _zigzag(0)),  # the schema
                _double(6, 1e-9),
                _number(7, 0),
                _message(12, span),
                *(_number(13, _zigzag(delta)) for delta in deltas),
            )
        )
        family = _message(1, name.encode()) + _number(3, HISTOGRAM) + _message(4, _message(7, histogram))
        return _varint(len(family)) + family


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*written, value))


def _zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | NUMBER) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | DOUBLE) + struct.pack("<d", value)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | BYTES) + _varint(len(content)) + content


@contextmanager
def serving(name: str, timed: Timed, *, fast: int, slow: int) -> Generator[str]:
    """Serve the histogram, to which each scrape adds some events, and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            timed.fast, timed.slow = timed.fast + fast, timed.slow + slow
            body = timed.exposition(name)
            self.send_response(200)
            self.send_header("Content-Type", CONTENT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()

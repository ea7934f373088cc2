"""Samples into a Prometheus by its remote-write protocol: fast enough for days of a thousand series, without a library.

https://prometheus.io/docs/concepts/remote_write_spec/: a protobuf message in snappy's block format. Every sample takes
the same 18 bytes, so that numpy writes them all at once; snappy may hold its text as one literal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt

from support import web

__all__ = ["FLAGS", "Floats", "Millis", "Writer"]

FLAGS = ("--web.enable-remote-write-receiver",)
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
SAMPLE_BYTES = 18
SAMPLES_IN_A_REQUEST = 200_000

Floats = npt.NDArray[np.float64]
Millis = npt.NDArray[np.int64]


class Writer:
    """Writes to one Prometheus, which was started with `FLAGS`."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/v1/write"
        self.samples = 0

    def write(self, labels: Sequence[Mapping[str, str]], times: Millis, values: Floats) -> None:
        """Write one row of `values` for each series; all have the same times, in milliseconds and in order.

        Sent in slices of time, since Prometheus takes no sample much older than the newest that it has.
        """
        step = max(1, SAMPLES_IN_A_REQUEST // len(labels))
        heads = [_labels(each) for each in labels]
        for first in range(0, len(times), step):
            cut = slice(first, first + step)
            self._send(b"".join(_series(heads, times[cut], values[:, cut])))
        self.samples += values.size

    def write_moment(self, labels: Iterable[Mapping[str, str]], time: int, values: Iterable[float]) -> None:
        """Write one value of each series at one time."""
        self.write(list(labels), np.array([time], dtype=np.int64), np.array([list(values)], dtype=np.float64).T)

    def _send(self, message: bytes) -> None:
        body = _varint(len(message)) + b"\xfc" + (len(message) - 1).to_bytes(4, "little") + message
        answer = web.post(self._url, content=body, headers=HEADERS, timeout=120)
        if answer.status_code != httpx.codes.NO_CONTENT:
            raise RuntimeError(f"Prometheus refused samples: {answer.status_code} {answer.text.strip()}")


def _series(heads: Sequence[bytes], times: Millis, values: Floats) -> Iterable[bytes]:
    samples = np.empty((len(heads), len(times), SAMPLE_BYTES), dtype=np.uint8)
    samples[:, :, 0] = 0x12  # field 2 of a series, of 16 bytes: a double in field 1, a number in field 2
    samples[:, :, 1] = SAMPLE_BYTES - 2
    samples[:, :, 2] = 0x09
    samples[:, :, 3:11] = np.ascontiguousarray(values, dtype="<f8").view(np.uint8).reshape(*values.shape, 8)
    samples[:, :, 11] = 0x10
    for place in range(6):  # milliseconds of this century fit into six times seven bits
        more = 0x80 if place < 5 else 0
        samples[:, :, 12 + place] = ((times >> (7 * place)) & 0x7F | more).astype(np.uint8)[None, :]
    for head, row in zip(heads, samples, strict=True):
        text = row.tobytes()
        yield b"\x0a" + _varint(len(head) + len(text)) + head + text


def _labels(labels: Mapping[str, Any]) -> bytes:
    return b"".join(_field(0x0A, _text(0x0A, name) + _text(0x12, value)) for name, value in sorted(labels.items()))


def _text(tag: int, text: str) -> bytes:
    return _field(tag, text.encode())


def _field(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])

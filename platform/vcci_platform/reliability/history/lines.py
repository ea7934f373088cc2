"""Lines of a text file, perhaps compressed, one at a time: a file of any size needs the memory of its longest line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from vcci_platform.reliability.history.recorded import HistoryUnreadable

__all__ = ["LONGEST_LINE", "lines_of"]

LONGEST_LINE = 64 * 1024
MOST_BYTES = 64 * 1024**3
"""Of text. A small file that unpacks to more is made to do harm."""


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, without its end. A line that is too long is cut: it is no sample, and no row.

    Raises HistoryUnreadable if there is no such file, or if it is no text.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
    except OSError as error:
        raise HistoryUnreadable(f"expected a file with a history at {path}, found {error.strerror}") from None
    read = 0
    number = 0
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            while line := stream.readline(LONGEST_LINE):
                number += 1
                read += len(line)
                if read > MOST_BYTES:
                    raise HistoryUnreadable(f"expected at most {MOST_BYTES // 1024**3} GiB of text in {path}")
                while (
                    not line.endswith(b"\n") and len(line) == LONGEST_LINE and (rest := stream.readline(LONGEST_LINE))
                ):
                    read += len(rest)
                    if rest.endswith(b"\n"):
                        break
                yield number, line.decode("utf-8", errors="replace").rstrip("\r\n")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise HistoryUnreadable(
            f"expected {path} to be a whole gzip file, found: {error} after line {number}"
        ) from None

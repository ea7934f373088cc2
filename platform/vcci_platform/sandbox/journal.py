"""The journal: one JSON line for each call that was carried out, so that a restarted sandbox knows what it knew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Journal", "Line"]


class Line(NamedTuple):
    """A call that was carried out: when, which, and with what."""

    at: datetime
    kind: str
    data: dict[str, Any]


class Journal:
    """An append-only file of lines; without a path it keeps nothing.

    A line that a crash tore is skipped when it is read, and the next one starts on a line of its own.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        with path.open("rb+") as file:
            if file.seek(0, 2) and not _ends_a_line(path):
                file.write(b"\n")

    def append(self, line: Line) -> None:
        """Add a line; it is handed to the operating system before this returns."""
        if self._path is None:
            return
        text = json.dumps({"at": line.at.isoformat(), "kind": line.kind, "data": line.data}, separators=(",", ":"))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    def lines(self) -> Iterator[Line]:
        """Return every whole line in order."""
        if self._path is None:
            return
        with self._path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                try:
                    value = json.loads(text)
                    yield Line(datetime.fromisoformat(value["at"]), value["kind"], value["data"])
                except (ValueError, KeyError, TypeError):
                    continue

    def clear(self) -> None:
        """Forget every line."""
        if self._path is not None:
            self._path.write_text("", encoding="utf-8")


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"

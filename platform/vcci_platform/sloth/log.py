"""What Sloth tells beside its result, on the standard error: one line each, in words or in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Log"]

_COLOURS = {"debug": 37, "info": 36, "warning": 33, "error": 31}


@dataclass(frozen=True)
class Log:
    """Writes lines; `debug` says whether the finer ones are wanted."""

    write: Callable[[str], None]
    debugs: bool = False
    as_json: bool = False
    silent: bool = False
    coloured: bool = False

    def debug(self, message: str, **fields: object) -> None:
        """Tell what only those who look for a mistake want to know."""
        if self.debugs:
            self._line("debug", message, fields)

    def info(self, message: str, **fields: object) -> None:
        """Tell what was done."""
        self._line("info", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Tell what is probably not meant."""
        self._line("warning", message, fields)

    def error(self, message: str, **fields: object) -> None:
        """Tell what is wrong, though the work goes on."""
        self._line("error", message, fields)

    def _line(self, level: str, message: str, fields: dict[str, object]) -> None:
        if self.silent:
            return
        if self.as_json:
            self.write(json.dumps({"level": level, "msg": message, **{key: str(fields[key]) for key in fields}}))
            return
        name = level[:4].upper()
        shown = f"\033[{_COLOURS[level]}m{name}\033[0m" if self.coloured else name
        self.write(" ".join([shown, message, *(f"{key}={fields[key]}" for key in sorted(fields))]))

"""The narrator of a demonstration: lines with real and scaled time, and under them how things are now."""

from __future__ import annotations

import textwrap
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from vcci_platform.demo.story import Line, Scene, duration

__all__ = ["Told"]

STILL_SECONDS = 10.0
"""Without a terminal, how things are is told so often, since nothing can be shown in place."""

LINE_CHARACTERS = 150
COLOURS = {"alert": "red", "desk": "magenta", "pager": "bold red", "public": "yellow", "promise": "cyan"}


class Told:
    """Tells a person; every line has the real time and the time of the promises, which runs `scale` times faster."""

    def __init__(self, out: Console, scale: float) -> None:
        self._out = out
        self._scale = scale
        self._began = time.monotonic()
        self._live = Live(console=out, auto_refresh=False, transient=True)
        self._told_at = 0.0

    def __enter__(self) -> Self:
        if self._out.is_terminal:
            self._live.start()
        self._out.print(f"\n[bold yellow]Clocks run {self._scale:g} times faster.[/] Left the real time, then theirs.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._out.is_terminal:
            self._live.stop()

    def chapter(self, text: str) -> None:
        """Say what comes now."""
        self._out.print(f"\n{self._times()}  [bold]{escape(text)}[/]")

    def line(self, line: Line) -> None:
        """Tell what happened."""
        colour = COLOURS.get(line.who, "white")
        text = textwrap.shorten(line.text, LINE_CHARACTERS, placeholder=" …")
        self._out.print(f"{self._times()}  [{colour}]{line.who:<8}[/] {escape(text)}")

    def scene(self, scene: Scene) -> None:
        """Show how things are: in place on a terminal, else as a line from time to time."""
        if self._out.is_terminal:
            self._live.update(Text(f"{self._times()}  {self._now(scene)}", style="dim"), refresh=True)
        elif time.monotonic() - self._told_at >= STILL_SECONDS:
            self._told_at = time.monotonic()
            self._out.print(f"{self._times()}  [dim]now      {escape(self._now(scene))}[/]")

    def _times(self) -> str:
        real = time.monotonic() - self._began
        return f"{duration(real):>11}  {duration(real * self._scale):>12}"

    def _now(self, scene: Scene) -> str:
        parts: list[str] = [f"clocks {self._scale:g} times faster"]
        if promise := scene.promise:
            sli = "unknown" if promise.sli is None else f"{promise.sli:.2%}"
            burn = "" if promise.burn is None else f", burn {promise.burn:.1f}"
            parts.append(f"{promise.name} SLI {sli}{burn}, budget {promise.budget}")
        if incident := scene.incident:
            parts.append(f"{incident.priority} {incident.state}, level {incident.level}")
            if incident.deadline is not None:
                left = max((incident.deadline.due_at - datetime.now(UTC)).total_seconds(), 0.0)
                parts.append(f"{incident.deadline.kind} in {duration(left)} ({duration(left * self._scale)})")
        parts.append(f"rang {scene.rang}")
        return " · ".join(parts)

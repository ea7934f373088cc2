"""What a person sees while the platform starts, runs and ends."""

from __future__ import annotations

import time

from rich.console import Console

from vcci_platform.supervisor import Blueprint, Crash, how_it_ended

__all__ = ["Screen"]


class Screen:
    """Tells in lines what the supervisor does."""

    def __init__(self, out: Console) -> None:
        self._out = out

    def drawn(self, blueprint: Blueprint) -> None:
        """Say where it runs, which ports moved, and that clocks run faster."""
        settings = blueprint.settings
        self._out.print(f"[bold]vcci[/] in {settings.home}")
        for move in blueprint.moves:
            self._out.print(f"  Port {move.wished} is taken, so {move.name} answers at {move.port}.")
        if settings.time_scale != 1:
            self._out.print(f"  [bold yellow]Clocks run {settings.time_scale:g} times faster: a demonstration.[/]")
        for note in blueprint.notes:
            self._out.print(f"  [yellow]{note}[/]")

    def starting(self, names: tuple[str, ...]) -> None:
        """Say what starts."""
        self._out.print(f"  Starting {', '.join(names)} …")

    def crashed(self, crash: Crash) -> None:
        """Say what ended by itself, and where its log is."""
        now = time.strftime("%H:%M:%S")
        self._out.print(
            f"[red]{now}  {crash.name} {how_it_ended(crash.exit_code)} after {crash.ran_seconds:.0f} s[/]; "
            f"it is started again in {crash.again_in_seconds:g} s. Log: {crash.log}"
        )

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._out.print("\nEnding everything (Ctrl-C again kills it) …")

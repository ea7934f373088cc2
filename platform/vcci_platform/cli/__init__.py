"""The command line: `main` is the program `vcci`; every command has a module of its own, named in `commands.py`."""

from __future__ import annotations

from vcci_platform.cli.root import run

__all__ = ["main"]


def main() -> None:
    """Run `vcci` with the arguments of this process."""
    run()

"""`python -m vcci_platform.cli`: the program `vcci` for those who know an interpreter and no path."""

from __future__ import annotations

from vcci_platform.cli import main

main()

"""Atlassian Statuspage's API v1: one page, its components, and the incidents that the public sees."""

from __future__ import annotations

from typing import Final

__all__ = ["CALLS_A_MINUTE"]

# https://developer.statuspage.io/#section/Rate-Limiting: 1 a second per token, measured over a rolling minute
CALLS_A_MINUTE: Final = 60

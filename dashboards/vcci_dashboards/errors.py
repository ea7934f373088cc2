"""The errors of the dashboards.

DashboardsError
└── PanelError    a panel of the plan cannot be drawn
"""

from __future__ import annotations

__all__ = ["DashboardsError", "PanelError"]


class DashboardsError(Exception):
    """The base of what the dashboards refuse."""


class PanelError(DashboardsError):
    """A panel that cannot be drawn: on which page, under which title, and what was expected."""

    def __init__(self, page: str, panel: str, reason: str) -> None:
        self.page = page
        self.panel = panel
        self.reason = reason
        super().__init__(f"dashboards.{page}: {panel}: {reason}")

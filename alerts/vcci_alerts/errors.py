"""The errors of the renderer.

AlertsError    a rule that Prometheus would refuse, or that could not be proven
"""

from __future__ import annotations

__all__ = ["AlertsError"]


class AlertsError(Exception):
    """Something in the plan that cannot become a rule: whose it is, what was expected, what was found."""

    def __init__(self, owner: str, expected: str, found: str) -> None:
        self.owner = owner
        self.expected = expected
        self.found = found
        super().__init__(f"{owner}: expected {expected}, found {found}")

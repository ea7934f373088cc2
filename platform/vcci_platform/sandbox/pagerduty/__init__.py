"""PagerDuty's Events API v2: what it accepts, what it does with an event, what it answers."""

from __future__ import annotations

from typing import Final

__all__ = ["CALLS_A_MINUTE"]

# https://developer.pagerduty.com/docs/events-api-v2-overview#rate-limits: per integration key, rolling
CALLS_A_MINUTE: Final = 120

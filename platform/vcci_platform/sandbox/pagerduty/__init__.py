"""PagerDuty: its Events API v2, its REST API v2, its webhooks v3, and the account behind all three."""

from __future__ import annotations

from typing import Final

__all__ = ["CALLS_A_MINUTE", "REST_CALLS_A_MINUTE"]

# https://developer.pagerduty.com/docs/events-api-v2-overview#rate-limits: per integration key, rolling
CALLS_A_MINUTE: Final = 120

# https://developer.pagerduty.com/docs/rest-api-rate-limits/: per key; the tighter limits of some calls are unpublished
REST_CALLS_A_MINUTE: Final = 960

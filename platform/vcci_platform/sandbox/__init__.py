"""Stand-ins for PagerDuty, Statuspage and Slack on loopback: they behave like the vendors and wake nobody."""

from __future__ import annotations

from vcci_platform.sandbox.constants import (
    CERTIFICATE_AUTHORITY_FILE,
    DEFAULT_COMPONENTS,
    PAGE_ID,
    ROUTING_KEY,
    SLACK_BOT_TOKEN,
    SLACK_WEBHOOK_PATH,
    STATUSPAGE_API_KEY,
    component_id,
)

__all__ = [
    "CERTIFICATE_AUTHORITY_FILE",
    "DEFAULT_COMPONENTS",
    "PAGE_ID",
    "ROUTING_KEY",
    "SLACK_BOT_TOKEN",
    "SLACK_WEBHOOK_PATH",
    "STATUSPAGE_API_KEY",
    "component_id",
]

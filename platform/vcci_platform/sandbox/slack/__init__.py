"""Slack: the incoming webhook, and of the Web API what an incident needs: messages, threads, channels."""

from __future__ import annotations

from typing import Final

__all__ = ["BURST", "CALLS_A_MINUTE"]

# https://docs.slack.dev/apis/web-api/rate-limits: one message a second for a channel, "short bursts" are tolerated;
# how long a burst may be is not published
BURST: Final = 5

# The same page: tier 2 is "20+ per minute", tier 3 "50+ per minute", for each method and workspace
CALLS_A_MINUTE: Final = {
    "chat.update": 50,
    "conversations.archive": 20,
    "conversations.create": 20,
    "conversations.list": 20,
    "conversations.setTopic": 20,
}

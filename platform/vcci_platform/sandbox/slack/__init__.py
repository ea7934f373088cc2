"""Slack's incoming webhook and `chat.postMessage`: messages in channels, and nothing else."""

from __future__ import annotations

from typing import Final

__all__ = ["BURST"]

# https://docs.slack.dev/apis/web-api/rate-limits: one message a second for a channel, "short bursts" are tolerated;
# how long a burst may be is not published
BURST: Final = 5

"""How a role can be written to, from what the spec says of it. Pure."""

from __future__ import annotations

__all__ = ["is_channel"]


def is_channel(slack: str) -> bool:
    """Return whether a Slack name is a channel that the desk can write to; a person is only mentioned there.

    >>> is_channel("#vcci-customer-support"), is_channel("@cto"), is_channel("")
    (True, False, False)
    """
    return slack.startswith("#") and len(slack) > 1

"""Slack, by an incoming webhook: one address, one channel, no answer that could be changed later."""

from __future__ import annotations

from datetime import timedelta

import httpx

from vcci_platform.clock import Clock
from vcci_platform.incidents.ports import Delivered, Failed, Message, Outcome
from vcci_platform.incidents.vendors.pace import Paces, Rate, asked_rest, own_paces, rate_key

__all__ = ["MESSAGES", "MESSAGES_WINDOW", "Slack", "escape", "link", "mrkdwn"]

# https://docs.slack.dev/messaging/formatting-message-text#truncating
TEXT_LIMIT_CHARACTERS = 40_000

# https://docs.slack.dev/apis/web-api/rate-limits: one message a second and channel, short bursts are taken
MESSAGES = 5
MESSAGES_WINDOW = timedelta(seconds=5)
AFTER_TOO_MANY = timedelta(seconds=5)

TIMEOUT_SECONDS = 8.0
TOO_MANY_REQUESTS = 429
FIRST_ERROR = 400
FIRST_SERVER_ERROR = 500


class Slack:
    """One channel, behind the address of its webhook. The address is the secret, so it is never logged."""

    def __init__(self, client: httpx.Client, webhook_url: str, clock: Clock, *, paces: Paces | None = None) -> None:
        self._client = client
        self._url = webhook_url
        rate = Rate(rate_key("slack", webhook_url), MESSAGES, MESSAGES_WINDOW)
        self._pace = (paces or own_paces(clock))(rate)

    @classmethod
    def connect(cls, webhook_url: str, clock: Clock, *, paces: Paces | None = None) -> Slack:
        """Return the channel behind this address."""
        return cls(httpx.Client(timeout=TIMEOUT_SECONDS), webhook_url, clock, paces=paces)

    def say(self, message: Message) -> Outcome:
        if wait := self._pace.take().wait:
            return Failed("kept to Slack's rate", retryable=True, after=wait, counts=False)
        try:
            response = self._client.post(self._url, json={"text": mrkdwn(message)})
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Failed(f"no connection: {type(error).__name__}", retryable=True)
        except httpx.TransportError as error:
            return Failed(f"no answer: {type(error).__name__}", retryable=True, ambiguous=True)
        status = response.status_code
        if status < FIRST_ERROR:
            return Delivered()
        error_text = f"{status}: {response.text[:200]}"
        if status == TOO_MANY_REQUESTS:
            after = asked_rest(response.headers.get("Retry-After", ""), AFTER_TOO_MANY)
            self._pace.rest(after)
            return Failed(error_text, retryable=True, after=after)
        return Failed(error_text, retryable=status >= FIRST_SERVER_ERROR)

    def amend(self, channel: str, ts: str, message: Message) -> Outcome:
        """Refuse: what came by an incoming webhook has no name under which it could be changed."""
        return Failed("an incoming webhook cannot change what it said", retryable=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def escape(text: str) -> str:
    """Return text that Slack shows as it is: no mention, link or command can hide in it.

    >>> escape("<!channel> R&D")
    '&lt;!channel&gt; R&amp;D'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(message: Message) -> str:
    """Return a message in Slack's own markup; only the desk itself may ask for attention or set a link."""
    attention = f"<!{message.attention}> " if message.attention in {"here", "channel"} else ""
    lines = [f"{attention}*{escape(message.headline)}*", escape(message.text)]
    lines += [f"{escape(name)}: {escape(value)}" for name, value in message.facts]
    if message.links:
        lines.append(" · ".join(link(one.href, one.text) for one in message.links))
    return "\n".join(lines)[:TEXT_LIMIT_CHARACTERS]


def link(href: str, text: str) -> str:
    """Return a link; an address that is not one of the web is shown as text."""
    if not href.startswith(("http://", "https://")) or any(character in href for character in "<>|\n "):
        return escape(f"{text}: {href}")
    return f"<{escape(href)}|{escape(text).replace('|', '¦')}>"

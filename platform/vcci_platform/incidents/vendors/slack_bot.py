"""Slack's Web API, with a bot's token: messages in the spec's channels, what follows in the thread of the first.

Slack answers 200 with `"ok": false` for most of what goes wrong (https://docs.slack.dev/apis/web-api/#responses).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from vcci_platform.clock import Clock
from vcci_platform.incidents.ports import Delivered, Failed, Message, Outcome
from vcci_platform.incidents.vendors.pace import Pace, Paces, Rate, asked_rest, own_paces, rate_key
from vcci_platform.incidents.vendors.slack import MESSAGES, MESSAGES_WINDOW, escape, link, mrkdwn

__all__ = ["SlackBot", "blocks"]

AFTER_TOO_MANY = timedelta(seconds=5)
TIMEOUT_SECONDS = 8.0
TOO_MANY_REQUESTS, FIRST_ERROR, FIRST_SERVER_ERROR = 429, 400, 500

# https://docs.slack.dev/reference/block-kit/blocks
HEADER_CHARACTERS, SECTION_CHARACTERS, FIELD_CHARACTERS, FIELDS = 150, 3000, 2000, 10

TROUBLE_OF_SLACK = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""What Slack says when it is its own fault, so that asking again can help."""


class SlackBot:
    """One workspace. A message whose channel the bot cannot reach goes to `home`, if that is another one."""

    def __init__(
        self, client: httpx.Client, token: str, home: str, clock: Clock, *, paces: Paces | None = None
    ) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}
        self._home = home
        self._token = token
        self._rates = paces or own_paces(clock)
        self._paces: dict[str, Pace] = {}

    @classmethod
    def connect(cls, url: str, token: str, home: str, clock: Clock, *, paces: Paces | None = None) -> SlackBot:
        """Return the workspace of this token."""
        return cls(httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS), token, home, clock, paces=paces)

    def say(self, message: Message) -> Outcome:
        """Write a message; the receipt holds the `channel`, also as Slack's own id, and the `ts` that name it there."""
        channel = message.channel or self._home
        outcome = self._post(channel, message)
        unreachable = isinstance(outcome, Failed) and outcome.error in {"channel_not_found", "not_in_channel"}
        if unreachable and self._home not in {"", channel}:
            return self._post(self._home, message, thread="")
        return outcome

    def amend(self, channel: str, ts: str, message: Message) -> Outcome:
        """Let one of the bot's own messages say something else. Slack takes the channel's id alone here."""
        pace = self._pace(channel)
        if wait := pace.take().wait:
            return Failed("kept to Slack's rate", retryable=True, after=wait, counts=False)
        body = {"channel": channel, "ts": ts, "text": mrkdwn(message), "blocks": blocks(message)}
        return self._call("chat.update", body, channel, pace)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, channel: str, message: Message, thread: str | None = None) -> Outcome:
        pace = self._pace(channel)
        if wait := pace.take().wait:
            return Failed("kept to Slack's rate", retryable=True, after=wait, counts=False)
        body: dict[str, Any] = {"channel": channel, "text": mrkdwn(message), "blocks": blocks(message)}
        body["unfurl_links"] = False
        if parent := message.thread if thread is None else thread:
            body["thread_ts"] = parent
            body["reply_broadcast"] = message.attention == "channel"
        return self._call("chat.postMessage", body, channel, pace)

    def _call(self, method: str, body: dict[str, Any], channel: str, pace: Pace) -> Outcome:
        try:
            response = self._client.post(f"/api/{method}", json=body, headers=self._headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Failed(f"no connection: {type(error).__name__}", retryable=True)
        except httpx.TransportError as error:
            return Failed(f"no answer: {type(error).__name__}", retryable=True, ambiguous=True)
        outcome = _outcome(response, channel)
        if isinstance(outcome, Failed) and outcome.after is not None:
            pace.rest(outcome.after)
        return outcome

    def _pace(self, channel: str) -> Pace:
        rate = Rate(rate_key("slack", self._token, channel), MESSAGES, MESSAGES_WINDOW)
        return self._paces.setdefault(channel, self._rates(rate))


def blocks(message: Message) -> list[dict[str, Any]]:
    """Return a message in Block Kit: headline, words, facts, links; whatever an alert says stays plain."""
    attention = f"<!{message.attention}> " if message.attention in {"here", "channel"} else ""
    words = f"{attention}{escape(message.text)}"
    shown: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(message.headline, HEADER_CHARACTERS)}},
        {"type": "section", "text": {"type": "mrkdwn", "text": _cut(words, SECTION_CHARACTERS)}},
    ]
    if message.facts:
        fields = [f"*{escape(name)}*\n{escape(value)}" for name, value in message.facts[:FIELDS]]
        texts = [{"type": "mrkdwn", "text": _cut(field, FIELD_CHARACTERS)} for field in fields]
        shown.append({"type": "section", "fields": texts})
    if message.links:
        links = " · ".join(link(one.href, one.text) for one in message.links)
        element = {"type": "mrkdwn", "text": _cut(links, FIELD_CHARACTERS)}
        shown.append({"type": "context", "elements": [element]})
    return shown


def _outcome(response: httpx.Response, channel: str) -> Outcome:
    status = response.status_code
    if status == TOO_MANY_REQUESTS:
        after = asked_rest(response.headers.get("Retry-After", ""), AFTER_TOO_MANY)
        return Failed("ratelimited", retryable=True, after=after)
    if status >= FIRST_ERROR:
        retryable = status >= FIRST_SERVER_ERROR
        return Failed(f"{status}: {response.text[:200]}", retryable=retryable, ambiguous=retryable)
    try:
        answer = response.json()
    except ValueError:
        return Failed("expected JSON from Slack, found something else", retryable=True, ambiguous=True)
    if not isinstance(answer, dict) or answer.get("ok") is not True:
        error = str(answer.get("error", "unknown_error")) if isinstance(answer, dict) else "unknown_error"
        if error == "ratelimited":
            return Failed(error, retryable=True, after=AFTER_TOO_MANY)
        trouble = error in TROUBLE_OF_SLACK
        return Failed(error, retryable=trouble, ambiguous=trouble)
    receipt = {"channel": channel, "ts": str(answer.get("ts", ""))}
    return Delivered({**receipt, "channel_id": answer["channel"]} if answer.get("channel") else receipt)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"

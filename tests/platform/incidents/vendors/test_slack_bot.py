"""Slack's Web API: where a message goes, in which thread, and what Slack's answers mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from vcci_platform.incidents.ports import Delivered, Failed, Link, Message, Outcome
from vcci_platform.incidents.vendors.slack_bot import SlackBot, blocks
from vcci_platform.testing import ManualClock

MESSAGE = Message(
    headline="[P0] APIHighErrorRate",
    text="7 % of <!channel> requests fail",
    facts=(("Status", "Detected"), ("Next update", "by 09:15 UTC")),
    links=(Link("https://runbooks.example/high-error-rate", "Runbook"), Link("javascript:alert(1)", "Evil")),
    attention="here",
    channel="#vcci-incidents",
)


def bot(answer: Callable[[httpx.Request], httpx.Response]) -> SlackBot:
    client = httpx.Client(base_url="https://slack.test", transport=httpx.MockTransport(answer))
    return SlackBot(client, "xoxb-token", "#home", ManualClock())


def answering(status: int = 200, headers: dict[str, str] | None = None, **body: Any) -> SlackBot:
    return bot(lambda _: httpx.Response(status, json=body, headers=headers or {}))


def test_a_message_goes_to_its_channel_with_the_token_and_is_named() -> None:
    heard: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(200, json={"ok": True, "channel": "C1", "ts": "171.1"})

    assert bot(answer).say(MESSAGE) == Delivered({"channel": "#vcci-incidents", "ts": "171.1", "channel_id": "C1"})
    [request] = heard
    body = json.loads(request.content)
    assert (request.url.path, request.headers["authorization"]) == ("/api/chat.postMessage", "Bearer xoxb-token")
    assert (body["channel"], "thread_ts" in body) == ("#vcci-incidents", False)
    assert body["text"].startswith("<!here> *[P0] APIHighErrorRate*")


def test_a_message_is_changed_where_it_stands() -> None:
    heard: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(200, json={"ok": True, "channel": "C1", "ts": "171.1"})

    outcome = bot(answer).amend("C1", "171.1", Message("[P0] Security incident", "gone"))

    [request] = heard
    body = json.loads(request.content)
    assert isinstance(outcome, Delivered)
    assert (request.url.path, body["channel"], body["ts"]) == ("/api/chat.update", "C1", "171.1")
    assert set(body) == {"channel", "ts", "text", "blocks"}
    assert "gone" in str(body["blocks"])


def test_what_follows_goes_into_the_thread_and_what_is_urgent_is_shown_outside_too() -> None:
    heard: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(json.loads(request.content))
        return httpx.Response(200, json={"ok": True, "channel": "C1", "ts": "171.2"})

    slack = bot(answer)
    slack.say(Message("h", "t", thread="171.1"))
    slack.say(Message("h", "t", thread="171.1", attention="channel"))

    assert [(body["thread_ts"], body["reply_broadcast"]) for body in heard] == [("171.1", False), ("171.1", True)]
    assert heard[0]["channel"] == "#home"


def test_block_kit_escapes_whatever_an_alert_says_and_keeps_its_limits() -> None:
    shown = blocks(MESSAGE)

    assert [block["type"] for block in shown] == ["header", "section", "section", "context"]
    assert shown[1]["text"]["text"] == "<!here> 7 % of &lt;!channel&gt; requests fail"
    assert (
        shown[3]["elements"][0]["text"]
        == "<https://runbooks.example/high-error-rate|Runbook> · Evil: javascript:alert(1)"
    )
    long = blocks(Message("h" * 500, "t" * 5000, facts=tuple((f"n{i}", "v" * 3000) for i in range(20))))
    assert len(long[0]["text"]["text"]) == 150
    assert len(long[1]["text"]["text"]) == 3000
    assert len(long[2]["fields"]) == 10
    assert all(len(field["text"]) <= 2000 for field in long[2]["fields"])


@pytest.mark.parametrize(
    ("slack", "outcome"),
    [
        (answering(429, {"Retry-After": "7"}), Failed("ratelimited", retryable=True, after=timedelta(seconds=7))),
        (answering(429, {"Retry-After": "soon"}), Failed("ratelimited", retryable=True, after=timedelta(seconds=5))),
        (answering(ok=False, error="ratelimited"), Failed("ratelimited", retryable=True, after=timedelta(seconds=5))),
        (answering(ok=False, error="invalid_auth"), Failed("invalid_auth", retryable=False)),
        (answering(ok=False, error="fatal_error"), Failed("fatal_error", retryable=True, ambiguous=True)),
        (answering(ok=False), Failed("unknown_error", retryable=False)),
        (answering(503), Failed("503: {}", retryable=True, ambiguous=True)),
        (
            bot(lambda _: httpx.Response(200, text="<html>")),
            Failed("expected JSON from Slack, found something else", retryable=True, ambiguous=True),
        ),
    ],
)
def test_an_answer_of_200_is_no_promise(slack: SlackBot, outcome: Outcome) -> None:
    assert slack.say(MESSAGE) == outcome


def test_a_channel_that_cannot_be_reached_is_replaced_by_the_bots_home() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if json.loads(request.content)["channel"] == "#vcci-incidents":
            return httpx.Response(200, json={"ok": False, "error": "not_in_channel"})
        return httpx.Response(200, json={"ok": True, "channel": "C2", "ts": "171.3"})

    assert bot(answer).say(MESSAGE) == Delivered({"channel": "#home", "ts": "171.3", "channel_id": "C2"})


def test_a_network_that_breaks_is_told_apart() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def stall(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    assert bot(refuse).say(MESSAGE) == Failed("no connection: ConnectError", retryable=True)
    assert bot(stall).say(MESSAGE) == Failed("no answer: ReadTimeout", retryable=True, ambiguous=True)


def test_each_channel_has_its_own_rate_of_one_a_second_in_short_bursts() -> None:
    slack = answering(ok=True, ts="1")
    for _ in range(5):
        assert isinstance(slack.say(MESSAGE), Delivered)

    held = slack.say(MESSAGE)
    assert isinstance(held, Failed)
    assert (held.after, held.counts) == (timedelta(seconds=5), False)
    assert isinstance(slack.say(Message("h", "t", channel="#other")), Delivered)

"""What the chat is sent, and that nothing an alert says can become a mention or a link."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.incidents.ports import Delivered, Failed, Link, Message
from vcci_platform.incidents.vendors.slack import Slack, mrkdwn
from vcci_platform.testing import ManualClock

MESSAGE = Message(
    "[P0] R&D <!channel>", "7 % > 5 %", (("Status", "Detected"),), (Link("http://r/x?a=1&b=2", "Runbook"),)
)
URL = "https://hooks.slack.example/services/T/B/secret16"


def chat(answer: httpx.Response | Exception) -> tuple[Slack, list[dict[str, str]]]:
    sent: list[dict[str, str]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Slack(httpx.Client(transport=httpx.MockTransport(handle)), URL, ManualClock()), sent


def test_a_message_is_escaped_and_its_links_are_links() -> None:
    slack, sent = chat(httpx.Response(200, text="ok"))

    assert slack.say(MESSAGE) == Delivered()
    assert sent == [
        {"text": "*[P0] R&amp;D &lt;!channel&gt;*\n7 % &gt; 5 %\nStatus: Detected\n<http://r/x?a=1&amp;b=2|Runbook>"}
    ]


def test_only_the_desk_asks_for_attention() -> None:
    assert mrkdwn(Message("h", "t", attention="channel")).startswith("<!channel> *h*")
    assert mrkdwn(Message("h", "t", attention="everyone of them>")).startswith("*h*")


def test_an_address_that_is_not_of_the_web_is_only_text() -> None:
    assert "<" not in mrkdwn(Message("h", "t", links=(Link("javascript:alert(1)", "x"), Link("http://a|b>", "y"))))


@given(st.text(), st.text())
def test_no_text_can_open_a_tag(headline: str, text: str) -> None:
    assert "<" not in mrkdwn(Message(headline, text))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (httpx.Response(404, text="no_service"), Failed("404: no_service", retryable=False)),
        (httpx.Response(410, text="channel_is_archived"), Failed("410: channel_is_archived", retryable=False)),
        (httpx.Response(500, text="rollup_error"), Failed("500: rollup_error", retryable=True)),
        (
            httpx.Response(429, text="slow", headers={"Retry-After": "17"}),
            Failed("429: slow", retryable=True, after=timedelta(seconds=17)),
        ),
        (
            httpx.Response(429, text="slow", headers={"Retry-After": "31536000"}),
            Failed("429: slow", retryable=True, after=timedelta(minutes=5)),
        ),
        (httpx.ConnectError("refused"), Failed("no connection: ConnectError", retryable=True)),
        (httpx.ReadTimeout("slow"), Failed("no answer: ReadTimeout", retryable=True, ambiguous=True)),
    ],
)
def test_each_answer_means_what_it_means(answer: httpx.Response | Exception, outcome: Failed) -> None:
    slack, _ = chat(answer)

    assert slack.say(MESSAGE) == outcome
    assert "secret16" not in outcome.error

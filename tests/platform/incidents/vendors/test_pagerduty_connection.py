"""How PagerDuty's REST API is asked: under whose name, how often, and what a refusal or no answer means."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from support.pagerduty_rest import SENDER, TOKEN, error, incident, pagerduty
from vcci_platform.incidents.ports import Delivered, Failed
from vcci_platform.incidents.vendors.pagerduty_connection import Connection, Refused
from vcci_platform.incidents.vendors.pagerduty_rest import PagerDutyRest
from vcci_platform.testing import ManualClock


def test_each_request_says_who_asks_and_which_version_it_speaks() -> None:
    rest, asked = pagerduty(lambda _: {"incident": incident()})

    rest.incident("PT4KHLK")

    headers = asked.requests[0].headers
    assert str(asked.requests[0].url) == "https://api.pagerduty.com/incidents/PT4KHLK"
    assert headers["authorization"] == f"Token token={TOKEN}"
    assert headers["accept"] == "application/vnd.pagerduty+json;version=2"
    assert headers["from"] == SENDER


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (401, False), (402, False), (403, False), (404, False), (408, True), (503, True)],
)
def test_each_status_is_asked_once_and_means_what_it_means(status: int, *, retryable: bool) -> None:
    rest, asked = pagerduty(lambda _: error(status, "Why", 2001))

    outcome = rest.escalate("PT4KHLK", 2)

    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.code, outcome.retryable, outcome.ambiguous) == (status, 2001, retryable, retryable)
    assert len(asked.requests) == 1
    assert outcome.missing_ability == (status == 402)
    assert TOKEN not in outcome.error


def test_too_many_requests_rest_as_long_as_pagerduty_says() -> None:
    clock = ManualClock()
    answers = iter([error(429, "Rate Limit Exceeded", 2020, **{"ratelimit-reset": "17"}), {"incident": incident()}])
    rest, asked = pagerduty(lambda _: next(answers), clock)

    first, second = rest.resolve("P1"), rest.resolve("P1")
    clock.advance(seconds=17)
    third = rest.resolve("P1")

    assert isinstance(first, Refused)
    assert (first.retryable, first.after, first.ambiguous) == (True, timedelta(seconds=17), False)
    assert second == Failed("kept to PagerDuty's rate", retryable=True, after=timedelta(seconds=17), counts=False)
    assert isinstance(third, Delivered)
    assert len(asked.requests) == 2


@pytest.mark.parametrize("reset", [None, "", "soon", "-3"])
def test_a_429_that_does_not_say_when_rests_half_a_minute(reset: str | None) -> None:
    headers = {} if reset is None else {"ratelimit-reset": reset}
    rest, _ = pagerduty(lambda _: httpx2.Response(429, text="slow down", headers=headers))

    outcome = rest.resolve("P1")

    assert isinstance(outcome, Failed)
    assert outcome.after == timedelta(seconds=30)


def test_when_nothing_is_left_of_the_window_nobody_asks_until_it_is_over() -> None:
    clock = ManualClock()
    spent = {"ratelimit-remaining": "0", "ratelimit-reset": "9"}
    rest, asked = pagerduty(lambda _: httpx2.Response(200, json={"incident": incident()}, headers=spent), clock)

    rest.resolve("P1")

    assert rest.resolve("P1") == Failed(
        "kept to PagerDuty's rate", retryable=True, after=timedelta(seconds=9), counts=False
    )
    assert len(asked.requests) == 1


def test_the_rate_is_kept_without_asking() -> None:
    rest, asked = pagerduty(lambda _: {"incident": incident()})

    outcomes = [rest.resolve("P1") for _ in range(901)]

    assert isinstance(outcomes[-1], Failed)
    assert (outcomes[-1].counts, outcomes[-1].after, len(asked.requests)) == (False, timedelta(minutes=1), 900)


@pytest.mark.parametrize(
    ("fault", "ambiguous"),
    [
        (httpx2.ConnectError("refused"), False),
        (httpx2.ConnectTimeout("slow"), False),
        (httpx2.ReadTimeout("slow"), True),
        (httpx2.RemoteProtocolError("cut"), True),
    ],
)
def test_without_an_answer_it_is_known_whether_a_change_may_have_been_made(
    fault: Exception, *, ambiguous: bool
) -> None:
    rest, asked = pagerduty(lambda _: fault)

    written, read = rest.resolve("P1"), rest.incident("P1")

    assert written == Failed(f"no answer: {type(fault).__name__}", retryable=True, ambiguous=ambiguous)
    assert read == Failed(f"no answer: {type(fault).__name__}", retryable=True, ambiguous=False)
    assert len(asked.requests) == 2


@pytest.mark.parametrize("text", ["<html>", "[]", '"x"'])
def test_an_answer_that_is_none_is_in_doubt(text: str) -> None:
    rest, _ = pagerduty(lambda _: httpx2.Response(200, text=text))

    outcome = rest.resolve("P1")

    assert isinstance(outcome, Failed)
    assert (outcome.retryable, outcome.ambiguous) == (True, True)


def test_the_certificate_may_come_later_than_the_desk(tmp_path) -> None:
    connection = Connection(TOKEN, ManualClock(), base_url="https://127.0.0.1:9", ca_file=tmp_path / "ca.pem")

    outcome = PagerDutyRest(connection).resolve("P1")

    assert isinstance(outcome, Failed)
    assert (outcome.retryable, outcome.ambiguous) == (True, False)

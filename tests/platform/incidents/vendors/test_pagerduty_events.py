"""What PagerDuty is sent, and what its answers mean."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from vcci_platform.incidents.ports import Delivered, Failed, Link, Page
from vcci_platform.incidents.vendors.pagerduty_events import EVENT_LIMIT_BYTES, PagerDuty
from vcci_platform.testing import ManualClock

ROUTING_KEY = "R" * 32
PAGE = Page(
    key="vcci:inc_11",
    summary="[P0] Requests fail",
    source="vcci",
    severity="critical",
    component="api",
    group="vcci",
    kind="APIHighErrorRate",
    url="http://desk/incidents/inc_11",
    links=(Link("http://runbooks/x", "Runbook"),),
    details={"incident": "inc_11"},
)


def pager(answer: Any, clock: ManualClock | None = None) -> tuple[PagerDuty, list[dict[str, Any]]]:
    sent: list[dict[str, Any]] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        assert (request.method, str(request.url)) == ("POST", "https://events.pagerduty.com/v2/enqueue")
        sent.append(json.loads(request.content))
        result = answer(len(sent))
        if isinstance(result, Exception):
            raise result
        return result

    return PagerDuty(ROUTING_KEY, clock or ManualClock(), transport=httpx2.MockTransport(handle)), sent


def accepted(_: int) -> httpx2.Response:
    return httpx2.Response(202, json={"status": "success", "message": "Event processed", "dedup_key": "vcci:inc_11"})


def test_a_page_is_a_trigger_with_its_links_beside_the_payload() -> None:
    pagerduty, sent = pager(accepted)

    assert pagerduty.page(PAGE) == Delivered({"dedup_key": "vcci:inc_11"})
    assert sent == [
        {
            "event_action": "trigger",
            "routing_key": ROUTING_KEY,
            "dedup_key": "vcci:inc_11",
            "client": "vcci",
            "client_url": "http://desk/incidents/inc_11",
            "links": [{"href": "http://runbooks/x", "text": "Runbook"}],
            "payload": {
                "summary": "[P0] Requests fail",
                "source": "vcci",
                "severity": "critical",
                "component": "api",
                "group": "vcci",
                "class": "APIHighErrorRate",
                "custom_details": {"incident": "inc_11"},
            },
        }
    ]


def test_acknowledge_and_resolve_carry_the_key_alone() -> None:
    pagerduty, sent = pager(accepted)
    pagerduty.acknowledge("k")
    pagerduty.resolve("k")

    assert sent == [
        {"event_action": action, "routing_key": ROUTING_KEY, "dedup_key": "k"} for action in ("acknowledge", "resolve")
    ]


@pytest.mark.parametrize(
    ("status", "retryable", "after"),
    [
        (400, False, None),
        (401, False, None),
        (403, False, None),
        (404, False, None),
        (408, True, None),
        (429, True, timedelta(seconds=30)),
        (500, True, None),
        (503, True, None),
    ],
)
def test_each_status_is_asked_once_and_means_what_it_means(
    status: int, *, retryable: bool, after: timedelta | None
) -> None:
    """The client alone would ask a 429 for ever, and a 503 six times."""
    pagerduty, sent = pager(lambda _: httpx2.Response(status, json={"status": "x", "errors": ["why"]}))

    outcome = pagerduty.page(PAGE)

    assert isinstance(outcome, Failed)
    assert (outcome.retryable, outcome.after, len(sent)) == (retryable, after, 1)
    assert outcome.error.startswith(str(status)) or status == 401


@pytest.mark.parametrize(
    ("error", "ambiguous"),
    [
        (httpx2.ConnectError("refused"), False),
        (httpx2.ConnectTimeout("slow"), False),
        (httpx2.ReadTimeout("slow"), True),
        (httpx2.RemoteProtocolError("cut"), True),
    ],
)
def test_without_an_answer_it_is_known_whether_the_page_may_have_arrived(error: Exception, *, ambiguous: bool) -> None:
    pagerduty, sent = pager(lambda _: error)

    outcome = pagerduty.page(PAGE)

    assert outcome == Failed(f"no answer: {type(error).__name__}", retryable=True, ambiguous=ambiguous)
    assert len(sent) == 1


def test_an_answer_that_is_no_answer_is_tried_again() -> None:
    pagerduty, _ = pager(lambda _: httpx2.Response(202, text="<html>"))

    outcome = pagerduty.page(PAGE)

    assert isinstance(outcome, Failed)


def test_long_words_are_cut_to_what_pagerduty_takes() -> None:
    pagerduty, sent = pager(accepted)
    pagerduty.page(Page("k", "s" * 2000, "vcci", "error", details={"incident": "inc_11", "x": "y" * EVENT_LIMIT_BYTES}))

    payload = sent[0]["payload"]
    assert (len(payload["summary"]), payload["summary"][-1]) == (1024, "…")
    assert payload["custom_details"] == {
        "incident": "inc_11",
        "note": "left out: the event was larger than 512000 bytes",
    }


def test_a_key_that_is_too_long_is_a_bug_here_and_never_cut() -> None:
    pagerduty, sent = pager(accepted)

    with pytest.raises(ValueError, match="at most 255 characters, found 256"):
        pagerduty.resolve("k" * 256)
    assert sent == []


def test_the_rate_is_kept_without_asking() -> None:
    clock = ManualClock()
    pagerduty, sent = pager(accepted, clock)
    outcomes = [pagerduty.resolve("k") for _ in range(111)]

    assert outcomes[-1] == Failed("kept to PagerDuty's rate", retryable=True, after=timedelta(minutes=1), counts=False)
    clock.advance(seconds=60)
    assert isinstance(pagerduty.resolve("k"), Delivered)
    assert len(sent) == 111


def test_the_certificate_may_come_later_than_the_desk(tmp_path) -> None:
    pagerduty = PagerDuty(ROUTING_KEY, ManualClock(), base_url="https://127.0.0.1:9", ca_file=tmp_path / "ca.pem")

    outcome = pagerduty.page(PAGE)

    assert isinstance(outcome, Failed)
    assert (outcome.retryable, outcome.ambiguous) == (True, False)


def test_the_routing_key_is_in_no_error() -> None:
    pagerduty, _ = pager(lambda _: httpx2.Response(401, text="unauthorised"))

    outcome = pagerduty.page(PAGE)

    assert isinstance(outcome, Failed)
    assert ROUTING_KEY not in outcome.error

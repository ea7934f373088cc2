"""Which label tells failures apart, and how, from its values alone."""

from __future__ import annotations

import pytest

from vcci_platform.adoption.statuses import Status, status_of
from vcci_slo.promql.matchers import parse_matchers


def judged(status: Status, value: str) -> str:
    """Return what becomes of an event with this value: good, bad, or left out."""
    labels = {status.label: value}
    if not all(matcher.holds(labels) for matcher in parse_matchers(status.valid)):
        return "left out"
    return "bad" if all(matcher.holds(labels) for matcher in parse_matchers(status.bad)) else "good"


@pytest.mark.parametrize(
    ("label", "values", "expected"),
    [
        ("status", ("200", "404", "503"), {"200": "good", "404": "left out", "503": "bad", "500": "bad"}),
        ("code", ("2xx", "4xx", "5xx"), {"2xx": "good", "4xx": "left out", "5xx": "bad"}),
        ("status_code", ("200",), {"200": "good", "500": "bad"}),
        ("http_status", ("200", "201", "204", "302", "error"), {"error": "bad", "302": "good"}),
        ("grpc_code", ("OK", "NotFound"), {"OK": "good", "NotFound": "left out", "Unavailable": "bad"}),
        ("grpc_status", ("0", "5", "13"), {"0": "good", "5": "left out", "13": "bad", "14": "bad"}),
        ("grpc_code", ("OK", "NOT_FOUND", "DATA_LOSS"), {"OK": "good", "NOT_FOUND": "left out", "DATA_LOSS": "bad"}),
        ("code", ("OK", "Internal"), {"OK": "good", "Internal": "bad"}),
        ("outcome", ("ok", "client_error", "server_error"), {"server_error": "bad", "client_error": "left out"}),
        ("outcome", ("SUCCESS", "CLIENT_ERROR", "SERVER_ERROR"), {"SERVER_ERROR": "bad", "SUCCESS": "good"}),
        ("result", ("success", "failure"), {"failure": "bad", "success": "good"}),
        ("success", ("true", "false"), {"true": "good", "false": "bad"}),
        ("error", ("false",), {"false": "good", "true": "bad"}),
        ("status", ("succeeded", "failed", "rejected"), {"failed": "bad", "rejected": "left out"}),
        ("outcome", ("ok", "rejected"), {"ok": "good", "rejected": "left out", "failed": "bad"}),
    ],
)
def test_values_are_judged(label, values, expected):
    status = status_of({label: values})

    assert status is not None
    assert {value: judged(status, value) for value in expected} == expected


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"state": ("idle", "busy")},
        {"code": ("DE", "FR", "US")},
        {"status": ("200 OK", "whatever", "x")},
        {"success": ("yes", "no")},
        {"result": ("hit", "miss")},
        {"region": ("ok", "failed")},
    ],
)
def test_a_label_that_says_nothing_about_failures_is_no_status(labels):
    assert status_of(labels) is None


def test_a_grpc_code_is_believed_before_a_status_beside_it():
    status = status_of({"status": ("200",), "grpc_code": ("OK",)})

    assert status is not None
    assert status.label == "grpc_code"


def test_a_guess_is_called_one():
    seen, unseen = status_of({"status": ("200", "500")}), status_of({"status": ("200",)})

    assert seen is not None
    assert unseen is not None
    assert (seen.guessed, unseen.guessed) == ("", "no 5xx seen yet")


def test_names_of_opentelemetry_are_known_by_their_words():
    status = status_of({"http.response.status_code": ("200", "500")})

    assert status is not None
    assert status.bad == 'http.response.status_code=~"5.."'

"""Commands of this version and a desk of an older one: what it does not tell is unknown, never a traceback."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from vcci_platform.cli.root import explain
from vcci_platform.cli.slo import OPTIONAL, app
from vcci_platform.cli.slo_account import OPTIONAL as OF_ACCOUNT

PROMISE = {
    "name": "errors",
    "objective": "99.9%",
    "state": "kept",
    "so_far": True,
    "window": "30d",
    "budget": {"sli": 0.9995, "remaining": 0.5, "known": 0.4},
    "excluded": {"seconds": 3600.0, "bad": 1.0, "total": 10.0},
    "burn": [{"tier": "fast", "long": 1.5}],
    "exhausted_in_seconds": 7200.0,
    "outlook": "gone in 2 hours; failures that leave the window until then give 3% of it back",
    "source": "the desk's recorder",
    "self_reported": True,
    "time_scale": 1.0,
}
SUMS = {
    "sli": 0.9995, "bad": 5.0, "total": 10000.0, "budget_events": 10.0, "remaining_events": 5.0, "budget_minutes": 43.2,
    "spent_minutes": 21.6, "remaining_minutes": 21.6, "spent": 0.5, "remaining": 0.5, "known": 1.0,
    "counted_seconds": 2592000.0, "unknown_seconds": 0.0,
}  # fmt: skip
ACCOUNT = {
    "name": "errors",
    "promise": "99.9% of the requests succeed",
    "objective": "99.9%",
    "start": "2026-03-02T00:00:00Z",
    "end": "2026-04-01T00:00:00Z",
    "account": SUMS,
    "excluded": {"seconds": 3600.0, "bad": 1.0, "total": 10.0},
    "corrections": [],
    "incidents": [],
    "releases": None,
    "forecasts": [{"over_seconds": 3600.0, "rate": 1.5, "words": "lasts"}],
    "source": "the desk's recorder",
    "self_reported": True,
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the desk answers, by the end of the path."""
    answers: dict[str, Any] = {}

    def answer(_method: str, url: str, **_: Any) -> httpx.Response:
        return httpx.Response(200, json=answers[url.rpartition("/")[2]])

    monkeypatch.setattr(httpx, "request", answer)
    monkeypatch.setenv("COLUMNS", "200")
    return answers


def without(whole: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name not in names}


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        explained = explain(done.exception)
        if explained is None:
            raise done.exception
        return explained[0]
    assert done.exit_code == 0
    return done.stdout


def test_a_desk_of_this_version_tells_everything(told: dict[str, Any]):
    told["slos"] = {"items": [PROMISE]}

    output = said("status")

    assert "gone in 2 hours; failures" in output
    assert "kept so far" in output
    assert "does not tell" not in output


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_promise_is_shown_without_what_an_older_desk_does_not_tell(told: dict[str, Any], name: str):
    """A newer command against an older desk once ended in KeyError 'outlook' and a traceback."""
    told["slos"] = {"items": [without(PROMISE, name)]}

    output = said("status")

    assert re.search(r"errors +99\.9% +99\.950% +50%", output)
    assert f"The desk does not tell {name.replace('_', ' ')}: it is of another version" in output


def test_when_the_budget_is_gone_is_unknown_if_it_is_not_told(told: dict[str, Any]):
    told["slos"] = {"items": [without(PROMISE, *OPTIONAL)]}

    output = said("status")

    assert re.search(r"errors +99\.9% +99\.950% +50% +unknown +unknown +40% +kept *\n", output)


@pytest.mark.parametrize("name", OF_ACCOUNT)
def test_an_account_is_shown_without_what_an_older_desk_does_not_tell(told: dict[str, Any], name: str):
    told["account"] = without(ACCOUNT, name)

    output = said("account", "errors")

    assert re.search(r"spent +5 +21\.6 +50%", output)
    assert f"The desk does not tell {name}: it is of another version" in output


def test_what_cannot_be_left_out_is_named_with_what_to_do(told: dict[str, Any]):
    told["slos"] = {"items": [without(PROMISE, "budget")]}

    assert "expected 'budget' in the answer of the desk" in said("status")

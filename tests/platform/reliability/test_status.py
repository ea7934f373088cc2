"""What is said of a promise, over the recorder and over HTTP."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from vcci_platform import problems
from vcci_platform.reliability.routes import router


@pytest.fixture
def client(desk):
    app = FastAPI()
    problems.install(app)
    app.include_router(router(desk.reliability))
    return TestClient(app)


def status(desk, name):
    return desk.reliability.status(desk.reliability.plan.slo(name))


def test_a_promise_that_nobody_watched_is_unknown(desk):
    assert status(desk, "errors").state == "unknown"


def test_a_promise_with_good_traffic_is_kept(desk):
    desk.minutes(30, ok=100)

    found = status(desk, "errors")

    assert (found.state, found.window.sli, found.window.remaining, found.exhausted_in) == ("kept", 1.0, 1.0, None)


def test_a_burning_promise_says_when_its_budget_is_gone(desk):
    """2 % errors are 20 times the even pace of 99.9 %; half of the budget of this traffic is then gone fast."""
    desk.minutes(60, ok=9999, failed=1)
    desk.minutes(60, ok=98, failed=2)

    found = status(desk, "errors")

    fast = found.burns[0]
    assert (fast.tier.name, fast.fires) == ("fast", True)
    assert fast.long == pytest.approx(20)
    assert found.state == "burning"
    remaining = 1 - (240 + 480) / ((2_400_000 + 24_000) * 0.001)
    assert found.window.remaining == pytest.approx(remaining, rel=0.01)
    assert found.exhausted_in == pytest.approx(timedelta(days=30) * remaining / 20, rel=0.01)


def test_an_overspent_promise_is_exhausted(desk):
    desk.minutes(30, ok=90, failed=10)

    assert status(desk, "errors").state == "exhausted"


def test_the_month_begins_where_the_calendars_clocks_show_it(desk):
    desk.minutes(10, ok=1)

    found = status(desk, "errors")

    assert found.month_length == timedelta(days=31)
    assert found.month.window < timedelta(days=2)
    assert found.month.known < 0.01


def test_the_list_has_every_promise(client, desk):
    desk.minutes(5, ok=10)

    body = client.get("/v1/slos").json()

    assert [item["name"] for item in body["items"]] == ["errors", "there", "fresh"]
    first = body["items"][0]
    assert (first["self_reported"], first["source"], first["window"]) == (True, "the desk's recorder", "30d")
    assert first["budget"]["downtime_allowed_seconds"] == 43.2 * 60
    assert body["next_cursor"] is None


def test_the_list_comes_in_parts(client):
    first = client.get("/v1/slos", params={"limit": 2}).json()
    rest = client.get("/v1/slos", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [item["name"] for item in first["items"] + rest["items"]] == ["errors", "there", "fresh"]


def test_an_unknown_promise_is_a_problem_that_names_the_nearest(client):
    answer = client.get("/v1/slos/error")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == "There is no promise called 'error'. Did you mean errors?"


def test_a_history_shows_gaps_as_nothing(client, desk):
    desk.minutes(10, ok=9, failed=1)
    desk.shop.scrapable = False
    desk.minutes(10)

    points = client.get("/v1/slos/errors/history", params={"over": "20m", "steps": 4}).json()["points"]

    assert [point["sli"] for point in points] == [0.9, 0.9, None, None]
    assert points[0]["burn"] == pytest.approx(100)
    assert points[3]["burn"] is None
    assert points[3]["known"] == 0


@pytest.mark.parametrize("over", ["30", "yesterday", "0s", "100d", ""])
def test_a_wrong_span_is_refused(client, over):
    answer = client.get("/v1/slos/errors/history", params={"over": over})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.over"


def test_alerts_show_what_is_active_and_what_is_not_evaluated(client, desk):
    desk.minutes(10, ok=100)
    desk.minutes(4, ok=50, failed=50)

    body = client.get("/v1/alerts").json()

    assert body["evaluated_by"] == "the desk"
    assert body["active"][0]["alert"] == "ManyErrors"
    assert body["active"][0]["priority"] == "P0"
    assert body["active"][0]["summary"].endswith("% of requests fail")
    assert body["not_evaluated"] == [{"alert": "DatabaseDown", "reason": "db needs an exporter and Prometheus"}]


def test_changes_are_told(client, desk):
    desk.minutes(1)
    desk.shop.restart()
    desk.minutes(1)

    assert [item["kind"] for item in client.get("/v1/changes").json()["items"]] == ["restarted"]


@pytest.mark.parametrize(
    ("failed", "scrapable", "verdict"), [(0, True, "good"), (5, True, "bad"), (0, False, "unknown")]
)
def test_a_system_is_good_again_only_with_data(desk, failed, scrapable, verdict):
    desk.minutes(15, ok=95)
    began = desk.clock.now()
    desk.shop.scrapable = scrapable

    desk.minutes(15, ok=95, failed=failed)

    assert desk.reliability.recovery("shop", began, desk.clock.now()) == verdict


def test_a_system_without_promises_is_unmeasured(desk):
    assert desk.reliability.recovery("other", desk.clock.now(), desk.clock.now()) == "unmeasured"

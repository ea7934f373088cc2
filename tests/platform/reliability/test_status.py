"""What is said of a promise, over the recorder and over HTTP."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from vcci_platform import problems
from vcci_platform.cli import slo, slo_account
from vcci_platform.reliability.account_routes import router as account_router
from vcci_platform.reliability.routes import router
from vcci_platform.reliability.store import Increment


@pytest.fixture
def client(desk):
    app = FastAPI()
    problems.install(app)
    app.include_router(account_router(desk.reliability))
    app.include_router(router(desk.reliability))
    return TestClient(app)


def status(desk, name):
    return desk.reliability.status(desk.reliability.plan.slo(name))


def test_a_promise_that_nobody_watched_is_unknown(desk):
    assert status(desk, "errors").state == "unknown"


def test_scraps_of_knowledge_are_unknown_and_not_kept(desk):
    """Ten good minutes of two hours were called kept, with all of the budget left."""
    desk.minutes(5, ok=100)
    desk.shop.scrapable = False
    desk.minutes(110)
    desk.shop.scrapable = True
    desk.minutes(5, ok=100)

    found = status(desk, "errors")

    assert (found.state, found.window.sli) == ("unknown", 1.0)


def test_a_glance_says_nothing_of_a_window(desk):
    desk.minutes(4, ok=100)

    assert status(desk, "errors").state == "unknown"


def test_what_burns_is_seen_to_burn_though_little_is_known(desk):
    desk.minutes(5, ok=100)
    desk.shop.scrapable = False
    desk.minutes(240)
    desk.shop.scrapable = True
    desk.minutes(30, ok=50, failed=50)

    assert status(desk, "errors").state == "burning"


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


def test_old_failures_that_leave_the_window_are_foreseen(desk):
    """1,000 requests a minute: 43,200 may fail in 30 days. 36,000 failed on the first day of the window, and in the
    last hour twice as many as may: 2,880 a day at that pace.

    The 7,080 that are left seemed gone in 2.5 days. Yet the 36,000 leave within a day, and 43,200 less 120 take 15.
    """
    hour, day, now = timedelta(hours=1), timedelta(days=1), desk.clock.now()
    failed = dict.fromkeys(range(24), 1500.0) | {719: 120.0}
    starts = [now - 30 * day + number * hour for number in range(720)]
    counted = [
        Increment("errors", start, start + hour, failed.get(number, 0.0), 60_000.0)
        for number, start in enumerate(starts)
    ]
    desk.reliability.store.keep(counted, {})

    found = status(desk, "errors")

    assert found.window.remaining == pytest.approx(7_080 / 43_200)
    assert found.outlook.gone_in / day == pytest.approx((43_200 - 120) / 2_880)
    assert found.outlook.regained == pytest.approx(36_000 / 43_200)
    words = "gone in 14 days 23 hours; failures that leave the window until then give 83% of it back"
    assert found.outlook.words == words


def test_a_forecast_is_the_same_figure_everywhere(client, desk, monkeypatch):
    hour, now = timedelta(hours=1), desk.clock.now()
    bad = [40_000.0 if number < 24 else 120.0 if number == 719 else 0.0 for number in range(720)]
    starts = [now - (720 - number) * hour for number in range(720)]
    counted = [
        Increment("errors", start, start + hour, failed, 60_000.0) for start, failed in zip(starts, bad, strict=True)
    ]
    desk.reliability.store.keep(counted, {})
    monkeypatch.setattr(slo_account, "ask", lambda base, path, **asked: client.get(path, params=asked).json())
    monkeypatch.setattr(slo, "ask", lambda base, path, **asked: client.get(path, params=asked).json())

    listed = client.get("/v1/slos/errors").json()
    account = client.get("/v1/slos/errors/account").json()
    said = CliRunner().invoke(slo.app, ["account", "errors"]).output
    status_said = CliRunner().invoke(slo.app, ["status", "errors"]).output

    by_window = {item["over_seconds"]: item for item in account["forecasts"]}
    back = 24 * (960_120 - 43_200) / (960_000 - 2_880)
    words = "spent; something is left again in 23 hours, when old failures leave the window"
    assert (listed["exhausted_in_seconds"], by_window[3600]["gone_in_seconds"]) == (0, 0)
    assert by_window[3600]["back_in_seconds"] / 3600 == pytest.approx(back, abs=0.01)
    assert listed["outlook"] == by_window[3600]["words"] == words
    assert f"the last 1 hour: 2x, the budget: {words}" in said
    assert f"errors: at this pace {words}" in status_said


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


def test_a_cursor_that_came_from_nowhere_is_a_mistake_of_the_caller(client):
    """It was answered as if a promise of that name were missing."""
    answer = client.get("/v1/slos", params={"cursor": "x"})

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"] == [
        {"field": "query.cursor", "reason": "Expected the next_cursor of an answer before."}
    ]


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

    assert desk.reliability.recovery({"shop"}, began, desk.clock.now()) == verdict
    assert desk.reliability.recovery({"env=live, region=eu", "shop", "other"}, began, desk.clock.now()) == verdict


def test_systems_without_promises_are_unmeasured(desk):
    assert desk.reliability.recovery({"other", "more"}, desk.clock.now(), desk.clock.now()) == "unmeasured"

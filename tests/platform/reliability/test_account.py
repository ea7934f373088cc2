"""Where a budget went: what counts, what does not, what is unknown, and what spent it."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform import problems
from vcci_platform.reliability.account_routes import router
from vcci_platform.reliability.accounting import Occasion, account_of, spent_by
from vcci_slo.burn import Traffic
from vcci_slo.testing import a_plan
from vcci_slo.windows import Span, rolling


@pytest.fixture
def client(desk):
    app = FastAPI()
    problems.install(app)
    app.include_router(router(desk.reliability))
    return TestClient(app)


class Minutes:
    """A source that knows the traffic of each minute."""

    name, self_reported, keeps, resolution = "a list", False, None, ""

    def __init__(self, start, minutes):
        self.start, self.minutes = start, minutes

    def traffic(self, slo, span):
        first, last = ((moment - self.start) // timedelta(minutes=1) for moment in (span.start, span.end))
        chosen = self.minutes[first:last]
        return Traffic(sum(bad for bad, _ in chosen), sum(total for _, total in chosen))

    def each(self, slo, spans):
        return tuple(self.traffic(slo, span) for span in spans)


SLO = a_plan().slo("errors")
SPAN = rolling(datetime(2026, 3, 2, 9, tzinfo=UTC), timedelta(hours=1))


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(50, 5000)), min_size=60, max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5),
)
def test_spent_and_remaining_add_up_to_the_budget(minutes, taken):
    """In events as in minutes, whatever was taken out, and however much was overspent."""
    start = SPAN.start
    excluded = [Span(start + timedelta(minutes=min(pair)), start + timedelta(minutes=max(pair))) for pair in taken]

    found = account_of(SLO, Minutes(start, minutes), SPAN, excluded)

    assert found.budget.bad + found.remaining_events == pytest.approx(found.allowed_events)
    assert found.spent_share + found.budget.remaining == pytest.approx(1)
    assert found.spent_time + found.remaining_time == found.allowed_time
    assert found.corrected.counted_for + found.corrected.excluded_for == SPAN.length


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(50, 5000)), min_size=60, max_size=60),
    st.lists(st.integers(1, 59), max_size=6, unique=True),
)
def test_releases_that_follow_each_other_share_the_whole_budget_out(minutes, cuts):
    start = SPAN.start
    edges = [start, *(start + timedelta(minutes=cut) for cut in sorted(cuts)), None]
    live = [Occasion("release", "r", "", "", first, last) for first, last in itertools.pairwise(edges)]
    source = Minutes(start, minutes)
    account = account_of(SLO, source, SPAN)

    found = spent_by(SLO, source, account, live)

    assert sum(spent.traffic.bad for spent in found) == account.budget.bad
    assert sum(spent.share for spent in found) == pytest.approx(account.spent_share)


def corrects(desk, client, **change):
    now = desk.clock.now()
    body = {
        "slos": ["errors"],
        "from": (now - timedelta(minutes=20)).isoformat().replace("+00:00", "Z"),
        "until": (now - timedelta(minutes=10)).isoformat().replace("+00:00", "Z"),
        "who": "ada",
        "why": "a drill",
    }
    return client.post("/v1/corrections", json=body | change)


def test_time_that_is_taken_out_is_neither_bad_nor_good_and_shown_apart(desk, client):
    desk.minutes(10, ok=100)
    desk.minutes(10, ok=50, failed=50)
    desk.minutes(10, ok=100)
    before = client.get("/v1/slos/errors/account").json()

    made = corrects(desk, client)

    after = client.get("/v1/slos/errors/account").json()
    assert made.status_code == 201
    assert (before["account"]["bad"], before["account"]["total"]) == (2000, 11900)
    assert (after["account"]["bad"], after["account"]["total"]) == (0, 7900)
    assert after["excluded"] == {"seconds": 600, "bad": 2000, "total": 4000}
    (correction,) = after["corrections"]
    assert (correction["name"], correction["who"], correction["why"]) == (made.json()["name"], "ada", "a drill")
    assert after["account"]["sli"] == 1.0
    assert after["account"]["counted_seconds"] == 30 * 86400 - 600


def test_no_correction_changes_what_an_alert_sees(desk, client):
    desk.minutes(30, ok=100)
    desk.minutes(10, ok=50, failed=50)
    now = desk.clock.now()
    corrects(desk, client, **{"from": (now - timedelta(minutes=15)).isoformat(), "until": "2099-01-01"})
    corrects(desk, client, until=(now + timedelta(minutes=30)).isoformat().replace("+00:00", "Z"))

    desk.minutes(5, ok=50, failed=50)

    assert ("ManyErrors/P0", "firing") in desk.news()
    status = desk.reliability.status(desk.reliability.plan.slo("errors"))
    assert any(found.fires for found in status.burns)
    assert status.state == "burning"
    assert status.account.corrected.excluded.bad > 0


def test_unknown_time_is_told_apart(desk, client):
    desk.minutes(10, ok=100)
    desk.shop.scrapable = False
    desk.minutes(10)

    found = client.get("/v1/slos/errors/account", params={"over": "20m"}).json()["account"]

    assert found["known"] == pytest.approx(0.5, abs=0.02)
    assert found["unknown_seconds"] == pytest.approx(600, abs=20)
    assert found["sli"] == 1.0


def test_an_incident_has_its_share_without_what_was_taken_out(desk, client):
    desk.minutes(10, ok=1000)
    began = desk.clock.now()
    desk.minutes(10, ok=990, failed=10)
    ended = desk.clock.now()
    desk.minutes(10, ok=1000)
    incident = Occasion("incident", "inc_1", "It failed", "P1", began, ended)
    desk.reliability.incidents = lambda system, span: (incident,) if system == "shop" else ()

    (found,) = client.get("/v1/slos/errors/account").json()["incidents"]

    assert (found["name"], found["priority"], found["bad"], found["total"]) == ("inc_1", "P1", 400, 40000)
    assert found["share"] == pytest.approx(400 / (119_000 * 0.001))


def test_each_release_has_what_failed_while_it_was_live(desk, client):
    desk.minutes(5, ok=100)
    desk.shop.restart()
    desk.shop.version = "2"
    desk.minutes(5, ok=99, failed=1)
    desk.shop.restart()
    desk.shop.version = "3"
    desk.minutes(5, ok=100)

    found = client.get("/v1/slos/errors/account").json()["releases"]

    assert [item["name"] for item in found] == ["vcci-api 2", "vcci-api 3"]
    assert [item["bad"] for item in found] == [19, 0]
    assert found[0]["end"] == found[1]["start"]
    assert found[1]["end"] is None


def test_a_forecast_stands_for_each_window(desk, client):
    desk.minutes(60, ok=9999, failed=1)
    desk.minutes(60, ok=98, failed=2)

    body = client.get("/v1/slos/errors/account").json()

    hour = next(item for item in body["forecasts"] if item["over_seconds"] == 3600)
    assert hour["rate"] == pytest.approx(20)
    assert hour["gone_in_seconds"] == pytest.approx(30 * 86400 * body["account"]["remaining"] / 20)
    assert [item["over_seconds"] for item in body["forecasts"]] == sorted(
        item["over_seconds"] for item in body["forecasts"]
    )


def test_a_promise_that_nobody_watched_has_no_forecast(client):
    found = client.get("/v1/slos/errors/account").json()

    assert found["account"]["known"] == 0
    assert {item["gone_in_seconds"] for item in found["forecasts"]} == {None}


def gate(client, **parameters):
    return client.get("/v1/slos/errors/gate", params=parameters).json()


def test_the_gate_of_a_young_desk_cannot_tell(desk, client):
    desk.minutes(30, ok=100)

    found = gate(client)

    assert (found["answer"], found["state"]) == ("unknown", None)
    assert found["reasons"] == ["less than 50% of the window was observed"]


def test_self_reported_figures_pass_only_when_that_is_accepted_and_the_answer_says_so(desk, client):
    desk.minutes(30, ok=100)

    alone, accepted = gate(client, known=0), gate(client, known=0, accept_self_reported=True)

    assert (alone["answer"], accepted["answer"]) == ("unknown", "pass")
    assert "self-reported" in alone["reasons"][0]
    assert (accepted["self_reported"], accepted["accepted_self_reported"]) == (True, True)


def test_a_spent_budget_is_refused_in_the_words_of_the_policy_and_lets_fixes_through(desk, client):
    desk.minutes(30, ok=90, failed=10)

    refused = gate(client, known=0, accept_self_reported=True)
    fix = gate(client, known=0, accept_self_reported=True, change="fix")

    assert (refused["answer"], refused["state"], refused["policy"]) == ("refused", "frozen", "standard")
    assert refused["means"] in refused["reasons"][0]
    assert fix["answer"] == "pass"


def test_a_correction_opens_the_gate_and_is_shown_there(desk, client):
    desk.minutes(10, ok=100)
    desk.minutes(10, ok=50, failed=50)
    desk.minutes(10, ok=100)
    corrects(desk, client)

    found = gate(client, known=0, accept_self_reported=True, at_least=0.9)

    assert (found["answer"], found["excluded_seconds"]) == ("pass", 600)


def test_several_gates_answer_with_the_worst(desk, client):
    desk.minutes(30, ok=90, failed=10)

    body = client.get("/v1/gate", params={"known": 0, "accept_self_reported": True}).json()

    assert body["answer"] == "refused"
    assert {item["name"]: item["answer"] for item in body["items"]} == {
        "errors": "refused",
        "there": "pass",
        "fresh": "pass",
    }


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"slo": "error"}, 404),
        ({"team": "nobody"}, 422),
        ({"component": "db"}, 422),
        ({"at_least": "10"}, 422),
        ({"change": "party"}, 422),
    ],
)
def test_a_gate_that_looks_at_nothing_is_refused(client, parameters, status):
    answer = client.get("/v1/gate", params=parameters)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")

"""A promise that is kept apart by labels: an account, a verdict and a silence for each part, and for the whole."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from vcci_platform import problems
from vcci_platform.reliability.account_routes import router
from vcci_platform.reliability.assemble import Addresses, with_recorder
from vcci_platform.reliability.groups import group_of_key, key_of_group
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.testing import ManualClock
from vcci_slo.testing import a_plan
from vcci_slo.windows import rolling

SIGNALS = {
    "requests": {"events": "http_requests_total", "valid": 'status!~"4.."', "bad": 'status=~"5.."'},
    "age": {"value": "max(age_seconds{SELECTOR})", "unit": "seconds"},
    "asked": {"errors": "sum(increase(a[WINDOW]))", "total": "sum(increase(b[WINDOW]))"},
}
PLAN = {
    "links": {"grafana": "https://g.example"},
    "components": {
        "api": {"kind": "http", "selector": 'job="vcci-api"', "signals": SIGNALS},
        "db": {
            "kind": "postgresql",
            "selector": 'job="postgres"',
            "signals": {"queries": {"events": "queries_total", "bad": 'ok="no"'}},
        },
    },
    "slos": {
        "errors": {"good": "api.requests", "objective": "99%", "by": ["cluster"]},
        "fresh": {"holds": "api.age", "below": "30s", "objective": "95%", "by": ["cluster"]},
        "asked": {"good": "api.asked", "objective": "99%"},
        "queries": {"good": "db.queries", "objective": "99%"},
        "monthly": {"good": "api.requests", "objective": "99%", "window": {"month": "Europe/Berlin"}},
    },
}


class Clusters:
    """Two clusters behind one door."""

    def __init__(self):
        self.ok = {"a": 0, "b": 0}
        self.failed = {"a": 0, "b": 0}
        self.age = {"a": 0, "b": 0}

    def handle(self, request):
        lines = []
        for name in self.ok:
            lines.append(f'http_requests_total{{cluster="{name}",status="200"}} {self.ok[name]}')
            lines.append(f'http_requests_total{{cluster="{name}",status="500"}} {self.failed[name]}')
            lines.append(f'age_seconds{{cluster="{name}"}} {self.age[name]}')
        return httpx.Response(200, text="\n".join([*lines, "process_start_time_seconds 1"]) + "\n")


class Desk:
    """The SLO service over the two clusters, with a clock that is moved by hand."""

    def __init__(self, database):
        self.database, self.clock, self.told = database, ManualClock(), []
        self.shop = Clusters()
        self.start()

    def start(self):
        client = httpx.Client(transport=httpx.MockTransport(self.shop.handle))
        addresses = Addresses({"vcci-api": "http://shop:80"}, self_job="vcci-desk")
        self.reliability = with_recorder(a_plan(**PLAN), self.database, self.clock, addresses, self.told.extend, client)

    def pass_by(self, minutes, **failed):
        for _ in range(int(minutes * 4)):
            for name in self.shop.ok:
                bad = failed.get(name, 0)
                self.shop.failed[name] += bad
                self.shop.ok[name] += 100 - bad
            self.clock.advance(seconds=15)
            self.reliability.watch.round()

    def news(self):
        return [(found.condition.key, found.verdict.state) for found in self.told]

    def counted(self, key, minutes):
        return self.reliability.store.traffic(key, rolling(self.clock.now(), timedelta(minutes=minutes)))


@pytest.fixture
def desk(tmp_path):
    database = connect(f"sqlite:///{tmp_path}/desk.db")
    migrate.upgrade(database, "desk")
    watched = Desk(database)
    yield watched
    watched.reliability.close()
    database.close()


@pytest.mark.parametrize(
    ("account", "labels"), [("errors", ()), ("errors", (("cluster", 'a"},\\b'),)), ("e", (("a", "1"), ("b", "")))]
)
def test_a_key_is_read_as_it_was_written(account, labels):
    assert group_of_key(key_of_group(account, labels)) == (account, labels)


def test_each_part_has_its_account_and_the_whole_is_their_sum(desk):
    desk.pass_by(11)
    desk.pass_by(10, a=10)

    whole, one, other = (desk.counted(key, 10) for key in ("errors", 'errors{cluster="a"}', 'errors{cluster="b"}'))
    assert (one.bad, one.total, other.bad, other.total) == (400, 4000, 0, 4000)
    assert (whole.bad, whole.total) == (400, 8000)


def test_a_value_is_held_against_its_limit_in_each_part(desk):
    desk.pass_by(1)
    desk.shop.age["b"] = 31

    desk.pass_by(5)

    one, other = (desk.counted(f'fresh{{cluster="{name}"}}', 5) for name in "ab")
    assert (one.bad, one.total, other.bad, other.total) == (0, 20, 20, 20)


def test_the_part_that_burns_is_named_and_the_others_are_silent(desk):
    desk.pass_by(60)
    desk.pass_by(12, a=95)

    burning = [found.condition for found in desk.told if found.condition.alert == "ErrorsBudgetBurn"]

    assert [found.key for found in burning] == ['ErrorsBudgetBurn/fast{cluster="a"}']
    assert ("cluster", "a") in burning[0].labels
    assert 'errors{cluster="a"}' in burning[0].summary
    assert burning[0].dashboard_url == "https://g.example/d/slo-tracking?var-slo=errors&var-cluster=a"


def test_a_part_that_vanished_is_missed_for_a_while_and_then_gone_for_good(desk):
    desk.pass_by(12)
    for kept in (desk.shop.ok, desk.shop.failed, desk.shop.age):
        del kept["b"]

    desk.pass_by(15)
    missed = [key for key, state in desk.news() if state == "firing"]
    desk.pass_by(60)

    assert sorted(missed) == ['ErrorsNoData{cluster="b"}', 'FreshNoData{cluster="b"}']
    assert ('ErrorsNoData{cluster="b"}', "over") in desk.news()


def test_parts_are_known_again_after_a_restart(desk):
    desk.pass_by(2)

    desk.start()

    assert desk.reliability.store.groups("errors") == ((("cluster", "a"),), (("cluster", "b"),))


def test_what_needs_prometheus_is_listed_with_its_reason_and_raises_no_alarm(desk):
    desk.pass_by(20)

    listed = {found.alert: found.reason for found in desk.reliability.not_evaluated}

    assert listed == {
        "AskedBudgetBurn": "it is counted by PromQL that needs Prometheus",
        "QueriesBudgetBurn": "db is not scraped here",
    }
    assert desk.news() == []


def test_a_monthly_promise_counts_since_the_first_of_the_month_where_its_clocks_are(desk):
    """The clock stands at 2026-03-02 09:00 in UTC; March began in Berlin an hour before it did in UTC."""
    desk.pass_by(30)

    status = desk.reliability.status(desk.reliability.plan.slo("monthly"))

    assert status.account.span.start.isoformat() == "2026-02-28T23:00:00+00:00"
    assert status.account.span.end == desk.clock.now()


@pytest.fixture
def api(desk):
    desk.pass_by(30)
    desk.pass_by(30, b=50)
    app = FastAPI()
    problems.install(app)
    app.include_router(router(desk.reliability))
    return TestClient(app)


def test_the_parts_are_told_with_their_accounts(api):
    body = api.get("/v1/slos/errors/groups").json()

    assert [item["labels"] for item in body["items"]] == [{"cluster": "b"}, {"cluster": "a"}]
    worst, best = body["items"]
    assert (worst["budget"]["bad"], worst["budget"]["total"]) == (6000, 23900)
    assert (worst["state"], best["state"], best["budget"]["remaining"]) == ("exhausted", "kept", 1.0)


def test_the_parts_are_listed_page_by_page_the_worst_first_each_with_its_page(api):
    first = api.get("/v1/slos/errors/parts", params={"limit": 1}).json()
    second = api.get("/v1/slos/errors/parts", params={"limit": 1, "cursor": first["next_cursor"]}).json()

    assert (first["name"], first["by"]) == ("errors", ["cluster"])
    assert [(item["labels"], item["state"]) for item in first["items"]] == [({"cluster": "b"}, "exhausted")]
    assert first["items"][0]["dashboard_url"] == "https://g.example/d/slo-tracking?var-slo=errors&var-cluster=b"
    assert [item["labels"] for item in second["items"]] == [{"cluster": "a"}]
    assert second["next_cursor"] is None
    assert api.get("/v1/slos/errors/parts").json()["items"] == first["items"] + second["items"]


def test_a_promise_without_labels_has_no_parts(api):
    assert api.get("/v1/slos/monthly/parts").json() == {"name": "monthly", "by": [], "items": [], "next_cursor": None}


@pytest.mark.parametrize("cursor", ["", "x", "bm8=", "WzEsIDJd", "WzEsIFtbMV1dXQ=="])
def test_a_cursor_of_somebody_else_is_refused(api, cursor):
    answer = api.get("/v1/slos/errors/parts", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-cursor")


def test_the_parts_of_an_unknown_promise_are_missing(api):
    assert api.get("/v1/slos/erors/parts").status_code == 404

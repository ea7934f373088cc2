"""`GET /v1/reports/slo`: over a real recorder, within limits, one at a time, and never in the way of what pages."""

from __future__ import annotations

import csv
import io
import threading
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from support.reported import NOW, Counted, a_correction, shop
from vcci_platform import problems
from vcci_platform.reliability.reports import FORMATS, Memory
from vcci_platform.reliability.reports.office import Clerk
from vcci_platform.reliability.reports.routes import router
from vcci_platform.reliability.sources import RecorderSource, SourceUnavailable
from vcci_platform.reliability.status import status_of
from vcci_platform.reliability.store import Increment, IncrementStore
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.testing import ManualClock

PATH = "/v1/reports/slo"


def client_of(clerk: Clerk) -> TestClient:
    app = FastAPI()
    problems.install(app)
    app.include_router(router(clerk))
    return TestClient(app)


@pytest.fixture
def client():
    return client_of(Clerk(shop(), Counted(), ManualClock(NOW)))


def october(client, **asked):
    return client.get(PATH, params={"month": "2026-10", **asked})


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_is_served_as_what_it_is(client, form):
    answer = october(client, format=form)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == FORMATS[form].media_type
    assert f'filename="slo-report-2026-10.{form}"' in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_page_is_served_under_a_policy_that_allows_its_own_style_alone(client):
    answer = october(client, format="html")

    served = answer.headers["content-security-policy"]
    assert served.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in served


def test_without_a_wish_it_is_this_month_so_far(client):
    found = client.get(PATH).json()

    assert (found["period"]["name"], found["period"]["over"]) == ("2026-11", False)
    assert len(found["promises"][0]["days"]) == 3


@pytest.mark.parametrize(
    ("asked", "name", "days"),
    [
        ({"quarter": "2026-Q3"}, "2026-Q3", 92),
        ({"from": "2026-10-24", "to": "2026-10-26"}, "2026-10-24..2026-10-26", 3),
        ({"from": "2026-11-01"}, "2026-11-01..2026-11-03", 3),
    ],
)
def test_quarters_and_ranges_are_taken(client, asked, name, days):
    found = client.get(PATH, params=asked).json()

    assert (found["period"]["name"], len(found["promises"][0]["days"])) == (name, days)


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"month": "october"}, 422, "query.month"),
        ({"quarter": "2026-Q9"}, 422, "query.quarter"),
        ({"from": "2019-01-01"}, 422, "query.from"),
        ({"month": "2027-01"}, 422, "query.month"),
        ({"month": "2026-10", "format": "docx"}, 422, "query.format"),
        ({"month": "2026-10" * 100}, 422, "query.month"),
        ({"slo": "error"}, 404, "query.slo"),
        ({"component": "nothing"}, 404, "query.component"),
        ({"team": "nobody"}, 404, "query.team"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(client, asked, status, field):
    answer = client.get(PATH, params=asked)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == field


def test_promises_are_chosen_by_name(client):
    found = october(client, slo="errors", component="api", team="crew").json()

    assert found["scope"] == "promise errors, component api, team crew"


def test_a_second_report_is_asked_to_come_back_while_one_is_made():
    """A page that is loaded again and again must not take the processor from the loops that page."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Counted):
        def each(self, slo, spans):
            begun.set()
            assert go_on.wait(30)
            return super().each(slo, spans)

    client = client_of(Clerk(shop(), Slow(), ManualClock(NOW)))
    first = threading.Thread(target=october, args=(client,))
    first.start()
    assert begun.wait(30)

    second = october(client)

    go_on.set()
    first.join(30)
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (503, "report-busy", "5")
    assert october(client).status_code == 200


def test_counts_that_do_not_come_in_time_are_given_up():
    passed = iter(range(0, 1000, 40))
    slos = {f"s{number}": {"good": "api.requests", "objective": "99.9%"} for number in range(9)}
    source = Counted()
    client = client_of(Clerk(shop(slos=slos), source, ManualClock(NOW), monotonic=lambda: next(passed)))

    answer = october(client)

    assert (answer.status_code, answer.json()["code"]) == (503, "report-failed")
    assert "did not give the counts within 60 s" in answer.json()["detail"]
    assert len(source.asked) < 2 * 31 * 9


def test_a_source_that_is_away_is_said_to_be_away():
    class Away(Counted):
        def each(self, slo, spans):
            raise SourceUnavailable("Prometheus does not answer")

    answer = october(client_of(Clerk(shop(), Away(), ManualClock(NOW))))

    assert (answer.status_code, answer.json()["code"]) == (503, "source-unavailable")


@pytest.fixture
def recorded(tmp_path):
    """A recorder that has looked every ten minutes for two months, but for a day, and has thinned out since."""
    database = connect(f"sqlite:///{tmp_path}/desk.db")
    migrate.upgrade(database, "desk")
    store = IncrementStore(database)
    step, moment = timedelta(minutes=10), NOW - timedelta(days=60)
    gone = (NOW - timedelta(days=8), NOW - timedelta(days=7))
    increments = []
    while moment < NOW:
        if not gone[0] <= moment < gone[1]:
            bad = 3.0 if moment.day == 9 else 0.0
            increments.append(Increment("errors", moment, moment + step, bad, 500.0))
        moment += step
    store.keep(increments, {})
    store.thin_out(NOW)
    yield store
    database.close()


def test_a_report_of_the_month_is_the_account_of_the_month(recorded):
    """What `/v1/slos` says of the calendar month so far and what the report says of it are one number."""
    plan, source = shop(), RecorderSource(recorded)

    status = status_of(plan.slo("errors"), source, NOW, plan.calendar.timezone).month
    found = client_of(Clerk(plan, source, ManualClock(NOW))).get(PATH).json()["promises"][0]["account"]

    assert found["bad"] == pytest.approx(status.bad, rel=1e-9)
    assert found["total"] == pytest.approx(status.total, rel=1e-9)
    assert found["sli"] == pytest.approx(status.sli, rel=1e-12)
    assert found["observed"] == pytest.approx(status.known, rel=1e-9)
    assert found["budget"]["left"] == pytest.approx(status.remaining, rel=1e-9)
    assert found["minutes"] * 60 == status.window.total_seconds()


def test_a_month_of_the_recorder_adds_up_though_it_was_thinned_out(recorded):
    """Old increments are hours, and the midnights of Berlin lie between them."""
    client = client_of(Clerk(shop(), RecorderSource(recorded), ManualClock(NOW)))

    rows = list(csv.DictReader(io.StringIO(october(client, format="csv").text, newline="")))

    days = {row["day"]: row for row in rows if row["row"] == "day"}
    assert float(days["2026-10-09"]["bad"]) == pytest.approx(3 * 132 + 0)
    assert float(days["2026-10-10"]["bad"]) == pytest.approx(3 * 12)
    assert float(days["2026-10-25"]["total"]) == pytest.approx(500 * 6 * 25 * float(days["2026-10-25"]["observed"]))
    assert {row["verdict"] for row in days.values()} == {"kept", "missed", "unknown"}
    before = next(row for row in rows if row["row"] == "before")
    assert float(before["observed"]) == pytest.approx(26.4 / 30, abs=0.02)  # sixty days ago nobody looked yet


def test_a_corrected_month_is_the_corrected_account_of_the_month(recorded):
    plan, source = shop(), RecorderSource(recorded)
    start = NOW - timedelta(days=2, hours=3, minutes=20)
    agreed = (a_correction("upgrade", start, timedelta(hours=5, minutes=10)),)

    status = status_of(plan.slo("errors"), source, NOW, plan.calendar.timezone, agreed).month
    found = client_of(Clerk(plan, source, ManualClock(NOW), Memory(lambda: agreed))).get(PATH).json()["promises"][0]

    account = found["account"]
    assert account["total"] == pytest.approx(status.total, rel=1e-9)
    assert account["total"] < found["measured"]["total"]
    assert account["observed"] == pytest.approx(status.known, rel=1e-9)
    assert account["minutes"] * 60 == status.window.total_seconds()
    assert found["corrections"][0]["total"] == pytest.approx(500 * 31, rel=1e-6)

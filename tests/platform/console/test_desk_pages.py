"""The desk's pages tell the truth: nothing is known, all is well, it burns, something is away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from vcci_platform.incidents.testing import NINE, alert
from vcci_platform.reliability.service import ActiveAlert
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_slo.spec.accounting import CorrectionSpec

ALL = ("/", "/slos", "/slos/api-errors", "/incidents", "/desk")


def fires(**changes) -> ActiveAlert:
    values = {
        "alert": "APIHighErrorRate",
        "state": "firing",
        "priority": "P0",
        "system": "vcci",
        "component": "api",
        "since": NINE,
        "summary": "7.1 % of API requests fail",
        "labels": {},
        "runbook_url": "https://runbooks.example/APIHighErrorRate",
        "dashboard_url": "https://grafana.example/d/overview",
    }
    return ActiveAlert(**values | changes)


def test_before_anything_was_observed_every_promise_is_unknown_and_none_is_good(console):
    now, slos, slo = (console.get(path) for path in ("/", "/slos", "/slos/api-errors"))

    assert "Nothing fires, but every promise is unobserved. Silence is not health." in now.text
    assert "kept" not in slos.text
    assert slos.text.count("? unknown") == len(console.reliability.plan.slos)
    assert "100% of the time was not observed." in slo.text


def test_when_all_is_kept_one_sentence_says_so_and_how_much_was_seen(console):
    console.counted(minutes=72 * 60)

    assert (
        "All is well. Nothing fires, and all 14 promises are kept. Of the least known, 10% of the window was observed."
        in console.get("/").text
    )


def test_a_burning_promise_comes_first_with_its_burn_against_each_limit(console):
    console.counted()
    console.counted(bad=900, only="inventory-freshness", minutes=30)

    slos = console.get("/slos")
    now = console.get("/")

    first = next(given["href"] for given in slos.all("a") if given.get("href", "").startswith("/slos/"))
    assert first == "/slos/inventory-freshness"
    assert "of 14.4\N{MULTIPLICATION SIGN}" in slos.text
    assert "Nothing fires, but inventory-freshness has spent its budget." in now.text


def test_the_page_of_a_promise_tells_it_in_words_and_in_accounts(console):
    console.counted(bad=2, total=4000)

    page = console.get("/slos/api-errors")

    assert "We promise that 99.9% of the requests succeed, over 30d." in page.text
    assert "Fires as P1 when 2% of the 30d budget would be gone in 1 h" in page.text
    assert "At that pace the whole budget lasts 2 d 2 h." in page.text
    assert "May fail in all 43 min 12 s" in page.text
    assert "50%" in page.text  # two bad of four that 4000 events allow
    assert {"sli", "burn", "budget"} <= {
        given["aria-labelledby"].split("-")[0] for given in page.all("svg") if "role" in given
    }


def test_what_corrections_take_out_stands_beside_the_accounts(console):
    console.counted(bad=2, total=4000)
    until = console.clock.now()
    written = {"slos": "api-errors", "until": until.isoformat(), "who": "ada", "why": "a drill"}
    begin = {"from": (until - timedelta(minutes=10)).isoformat()}
    console.reliability.book.add(CorrectionSpec.model_validate(written | begin), until)

    page = console.get("/slos/api-errors")

    assert "Corrections take 10 min of the window out, with" in page.text
    assert "Corrections take" not in console.get("/slos/api-availability").text


def test_what_was_not_observed_is_hatched_and_its_figures_are_unknown(console):
    console.counted(minutes=15)
    console.clock.advance(minutes=15)

    page = console.get("/slos/api-errors?over=1h")

    assert "75% of the time was not observed." in page.text
    assert any(given.get("class") == "unseen" for given in page.all("rect"))
    assert "unknown" in page.text


@pytest.mark.parametrize("over", ["15m", "1h", "6h", "1d", "7d", "30d"])
def test_every_span_can_be_looked_at(console, over):
    console.counted(bad=1)

    assert f"?over={over}" in str(console.get(f"/slos/api-latency-p95?over={over}").all("a"))


def test_an_unknown_promise_or_span_gets_a_page_with_the_nearest_name(console):
    assert "Did you mean api-errors?" in console.get("/slos/api-error", 404).text
    assert "found '2h'" in console.get("/slos/api-errors?over=2h", 404).text


def test_what_fires_stands_there_with_the_runbook_to_open(console):
    console.counted()
    console.reliability.active = lambda: (fires(priority="P2", alert="Later"), fires(), fires(state="pending"))

    page = console.get("/")

    assert "APIHighErrorRate fires as P0, and 1 more." in page.text
    assert {
        "class": "button strong",
        "href": "https://runbooks.example/APIHighErrorRate",
        "rel": "noreferrer",
    } in page.all("a")
    assert page.text.count("pending") == 1


def test_an_open_incident_is_the_first_thing_that_is_said(console):
    console.counted()
    incident = console.hear(alert())
    console.clock.advance(minutes=4)

    page = console.get("/")

    title = "P0 \N{MIDDLE DOT} APIHighErrorRate: 7.1 % of API requests fail"
    assert f"{title} Detected 4 min ago, nobody has acknowledged it." in page.text
    assert f"/incidents/{incident.id}" in page.ways


def test_the_last_change_and_who_hands_over_stand_on_the_first_page(console):
    console.changed("vcci-api became version 2")
    console.clock.advance(seconds=90)

    page = console.get("/")

    assert "vcci-api became version 2 1 min 30 s ago" in page.text
    # The clock starts on a Monday at 9:00 UTC, which is 4:00 in New York.
    assert "Primary in the sandbox Secondary in the sandbox" in page.text
    assert "Hands over Mondays at 09:00 America/New_York in 4 h 58 min" in page.text


@pytest.mark.parametrize("path", ALL)
def test_every_page_says_that_nobody_will_be_woken_and_that_figures_are_self_reported(console, path):
    page = console.get(path)

    assert "Sandbox: nobody will be woken." in page.text
    assert "Figures are self-reported" in page.text
    assert "faster" not in page.text


@pytest.mark.parametrize("path", [*ALL, "/slos/nothing"])
def test_every_page_says_that_time_runs_faster(scaled_console, path):
    response = scaled_console.client.get(path)

    assert "Time runs 30\N{MULTIPLICATION SIGN} faster:" in response.text


def test_alerts_that_nobody_evaluates_here_are_listed_with_the_reason(console):
    page = console.get("/desk")

    for item in console.reliability.not_evaluated:
        assert f"{item.alert} {item.reason}" in page.text


def test_a_delivery_that_was_not_understood_is_shown_as_text(console):
    console.office.desk.accept("alertmanager", b'{"version": "4", "alerts": "<script>alert(1)</script>"}')
    console.office.desk.cycle()

    page = console.get("/desk")

    assert "<script>alert(1)</script>" in page.text  # as words, not as a tag
    assert [given["src"].split("?")[0] for given in page.all("script")] == ["/assets/console.js"]


def test_while_the_source_is_away_incidents_are_shown_and_promises_are_unknown(console):
    console.hear(alert())

    def away(*_):
        raise SourceUnavailable("Prometheus at http://prom does not answer")

    console.reliability.source = type(
        "Away", (), {"traffic": away, "history": away, "name": "P", "self_reported": False}
    )()

    assert "P0 \N{MIDDLE DOT} APIHighErrorRate" in console.get("/").text
    assert "Prometheus at http://prom does not answer" in console.get("/slos").text
    assert "does not answer" in console.get("/slos/api-errors", 503).text


def test_while_the_store_is_away_the_first_page_says_so(console, monkeypatch):
    def away():
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(console.office, "view", away)

    assert "The desk's own store does not answer." in console.get("/", 503).text
    assert "The desk's own store does not answer." in console.get("/desk", 503).text

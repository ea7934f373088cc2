"""What is looked up when an incident opens: each source on its own, in time, once, and never in the way of the page."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from vcci_platform.incidents import queries
from vcci_platform.incidents.context import store as contexts
from vcci_platform.incidents.context.gather import Gatherer
from vcci_platform.incidents.context.links import Board, Handbook, link_sources
from vcci_platform.incidents.context.model import SOURCES, Context, Fact, Question, Unavailable
from vcci_platform.incidents.context.tasks import Onlooker
from vcci_platform.incidents.decisions import Open
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.model import Action, Priority, Tracked
from vcci_platform.incidents.testing import NINE, alert
from vcci_platform.telemetry.metrics import CONTEXT_SOURCES
from vcci_slo.plan import Links

if TYPE_CHECKING:
    from conftest import Office

BOARDS = (
    Board("Workers", "https://grafana.example/d/worker", "worker", ("env",)),
    Board("API", "https://grafana.example/d/api", "api", ("env", "job"), {"env": "dark", "job": "dark-api"}),
    Board("Overview", "https://grafana.example/d/all", "", ("env",)),
)


def releases(_: Question) -> tuple[Fact, ...]:
    return (Fact("api: version 11 became 12 (08:55 UTC, 5 min before)"),)


def found(office: Office) -> Context:
    with office.desk.database.read() as connection:
        context = contexts.find(connection, office.incident.id)
    assert context is not None
    return context


def section(office: Office, name: str) -> tuple[tuple[str, ...], str]:
    (one,) = (section for section in found(office).sections if section.name == name)
    return tuple(fact.text for fact in one.facts), one.missing


def test_context_is_gathered_once_for_each_opening_and_told_once(either_office: Office) -> None:
    office = either_office
    onlooker = Onlooker(office.desk, Gatherer({"releases": releases}))
    office.hears(alert())
    assert office.vendors.pages, "the page does not wait for it"
    office.clock.advance(seconds=3)
    while onlooker.round():
        pass
    onlooker.round()
    office.work()

    assert office.timeline.count("context") == 1
    (told,) = (message.text for message in office.vendors.messages if "version 11" in message.text)
    others = [title.lower() for name, title in SOURCES.items() if name != "releases"]
    assert told == (
        "Releases and changes: api: version 11 became 12 (08:55 UTC, 5 min before). "
        f"Not to be had: {', '.join(others)} (this desk has nobody to ask)"
    )
    assert found(office).gathered_at == NINE + timedelta(seconds=3)

    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    onlooker.round()
    office.desk.act(office.incident.id, Action.REOPEN, by="ada", why="it is back")
    onlooker.round()
    assert office.timeline.count("context") == 2


def test_what_cannot_be_had_says_why_and_the_others_are_told(office: Office) -> None:
    def unavailable(_: Question) -> tuple[Fact, ...]:
        raise Unavailable("the spec names no place of logs")

    def broken(_: Question) -> tuple[Fact, ...]:
        raise ZeroDivisionError("a secret")

    sources = {"releases": releases, "logs": unavailable, "budgets": broken}
    office.hears(alert())
    Onlooker(office.desk, Gatherer(sources)).round()

    assert section(office, "releases")[1] == ""
    assert section(office, "logs") == ((), "the spec names no place of logs")
    assert section(office, "budgets") == ((), "could not be asked: ZeroDivisionError")
    sample = office.metrics.registry.get_sample_value
    assert sample("vcci_desk_context_total", {"source": "releases", "outcome": "found"}) == 1
    assert sample("vcci_desk_context_total", {"source": "budgets", "outcome": "missing"}) == 1


def test_a_source_that_hangs_holds_up_nobody_and_is_not_asked_twice_at_once(office: Office) -> None:
    release, asked = threading.Event(), []

    def hangs(_: Question) -> tuple[Fact, ...]:
        asked.append(1)
        release.wait(30)
        return ()

    gatherer = Gatherer({"releases": releases, "budgets": hangs}, seconds=0.2)
    office.hears(alert())
    question = Question(office.incident, (), NINE)
    try:
        first = {each.name: each.missing for each in gatherer.ask(question)}
        second = {each.name: each.missing for each in gatherer.ask(question)}
    finally:
        release.set()

    assert (first["releases"], first["budgets"]) == ("", "no answer within 0.2 s")
    assert (second["releases"], second["budgets"]) == ("", "it still works at the question before")
    assert len(asked) == 1


def test_an_incident_that_opened_long_ago_is_not_looked_up_any_more(office: Office) -> None:
    office.hears(alert())
    office.clock.advance(hours=7)
    Onlooker(office.desk, Gatherer({"releases": releases})).round()

    assert "context" not in office.timeline


def test_of_two_desks_one_tells(office: Office) -> None:
    office.hears(alert())
    other = Onlooker(office.desk, Gatherer({"releases": releases}))

    def slow(question: Question) -> tuple[Fact, ...]:
        other.round()
        return releases(question)

    Onlooker(office.desk, Gatherer({"releases": slow})).round()

    assert office.timeline.count("context") == 1


def test_a_round_trip_through_the_store_keeps_everything(office: Office) -> None:
    fact = Fact("API", "https://grafana.example/d/api", {"at": "2026-03-02T09:00:00+00:00", "count": 11.5})
    office.hears(alert())
    Onlooker(office.desk, Gatherer({"dashboards": lambda _: (fact,)})).round()

    (kept,) = (each for each in found(office).sections if each.name == "dashboards")
    assert kept.facts == (fact,)


PICTURE = "https://grafana.example/d/overview?from=11&to=12"
LOOKING = {
    "releases": releases,
    "dashboards": lambda _: (Fact("dashboard of APIHighErrorRate", PICTURE), Fact("odd", "javascript:alert(1)")),
    "logs": lambda _: (Fact("logs from 08:30 to 09:40 UTC", "https://logs.example"),),
}
PLACES = (("dashboard of APIHighErrorRate", PICTURE), ("logs from 08:30 to 09:40 UTC", "https://logs.example"))


def test_places_are_named_links_and_stand_in_no_sentence(office: Office) -> None:
    office.hears(alert())
    Onlooker(office.desk, Gatherer(LOOKING)).round()
    office.work()

    with office.desk.database.read() as connection:
        (line,) = (each for each in queries.detail(connection, office.incident).timeline if each.kind == "context")
    assert "http" not in line.text
    assert tuple((link.text, link.href) for link in line.links) == PLACES
    (told,) = (message for message in office.vendors.messages if "version 11" in message.text)
    assert "http" not in told.text
    assert [link.href for link in told.links] == [
        PICTURE,
        "https://logs.example",
        "https://runbooks.example/alerts/APIHighErrorRate",
        f"http://127.0.0.1:8010/incidents/{office.incident.id}",
    ]


def test_of_a_security_incident_the_chat_gets_no_links(office: Office) -> None:
    office.hears(alert())
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    with office.desk.database.write() as connection:
        connection.exec_driver_sql("UPDATE incident SET nature = 'security'")
    Onlooker(office.desk, Gatherer(LOOKING)).round()
    office.work()

    assert not any(PICTURE in str(message) or "version 11" in message.text for message in office.vendors.messages)


def asked(
    name: str, *alerts: Tracked, logs: str = "https://logs.example", component: str = "", where: Links | None = None
) -> tuple[Fact, ...]:
    opening = Open("vcci", "it fails", Priority.P0, "evaluator", NINE, "evaluator", component)
    incident = evolve(None, [opening], NINE, new_id="inc_11")
    assert incident is not None
    handbook = Handbook(frozenset({"api", "worker"}), "procedures/run-an-incident")
    sources = link_sources(BOARDS, where or Links(logs=logs), {"api": "shop-api"}, handbook)
    return sources[name](Question(incident, alerts, NINE + timedelta(minutes=10)))


def test_dashboards_show_the_time_of_the_fault_and_what_it_is_about() -> None:
    heard = Tracked(alert(labels={"env": "live", "job": "vcci-api"}))
    times = "from=1772440200000&to=1772444400000"

    assert [fact.href for fact in asked("dashboards", heard)] == [
        f"https://grafana.example/d/overview?{times}",
        f"https://grafana.example/d/api?{times}&var-env=live&var-job=vcci-api",
        f"https://grafana.example/d/all?{times}&var-env=live",
    ]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://evil.example/ a", "file:///etc/passwd", "", "http://["]
)
def test_what_is_no_address_in_an_alert_is_not_shown_as_one(url: str) -> None:
    heard = Tracked(alert(runbook_url=url, dashboard_url=url))

    with pytest.raises(Unavailable, match="no alert names a runbook, and the spec no place of runbooks"):
        asked("runbook", heard)
    assert all("grafana.example" in fact.href for fact in asked("dashboards", heard))


def test_what_a_person_reported_leads_to_the_component_and_without_one_to_how_an_incident_is_run() -> None:
    """Of a report nothing was to be had: it has no alert, and only alerts had runbooks and values of variables."""
    where = Links(runbooks="https://runbooks.example")
    times = "from=1772440200000&to=1772444400000"

    (component,) = asked("runbook", component="api", where=where)
    assert (component.text, component.href) == ("runbook of api", "https://runbooks.example/components/api")
    for unnamed in ("", "unheard-of"):
        (general,) = asked("runbook", component=unnamed, where=where)
        assert general.href == "https://runbooks.example/procedures/run-an-incident"
    (heard,) = asked("runbook", Tracked(alert()), component="api", where=where)
    assert heard.href == alert().runbook_url
    assert [fact.href for fact in asked("dashboards", component="api")] == [
        f"https://grafana.example/d/api?{times}&var-env=dark&var-job=dark-api",
        f"https://grafana.example/d/all?{times}",
    ]


def test_logs_are_where_the_spec_says() -> None:
    (fact,) = asked("logs")
    assert (fact.text, fact.href) == ("logs from 08:30 to 09:40 UTC", "https://logs.example")
    (fact,) = asked("logs", Tracked(alert()), logs="https://kibana.example")
    assert fact.text == "logs of shop-api from 08:30 to 09:40 UTC"
    times = "(time:(from:'2026-03-02T08:30:00Z',to:'2026-03-02T09:40:00Z'))"
    assert fact.href.startswith(f"https://kibana.example/app/discover#/?_g={times}")
    assert "app%3Ashop-api" in fact.href
    with pytest.raises(Unavailable):
        asked("logs", logs="")


def test_the_label_of_the_metric_knows_every_source() -> None:
    assert tuple(SOURCES) == CONTEXT_SOURCES

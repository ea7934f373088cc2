"""What Prometheus, Alertmanager and the desk's own counts are asked when an incident opens."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vcci_platform.asking import Asker
from vcci_platform.incidents.context.links import dashboards
from vcci_platform.incidents.context.model import Fact, Question, Unavailable
from vcci_platform.incidents.decisions import Open
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.model import Priority, Tracked
from vcci_platform.incidents.testing import NINE, alert
from vcci_platform.live.alertmanager import AlertmanagerApi
from vcci_platform.reliability.corrections import CorrectionBook
from vcci_platform.reliability.groups import key_of_group
from vcci_platform.reliability.service import Reliability
from vcci_platform.reliability.sources import RecorderSource
from vcci_platform.reliability.store import Change, Increment, IncrementStore
from vcci_platform.shipped import shipped
from vcci_platform.specs import plan_of
from vcci_platform.wiring.gathering import _Alerts, _boards, _Budgets, _Failing, _handbook, _Releases
from vcci_slo.testing import a_plan

if TYPE_CHECKING:
    from conftest import Office

MINUTE = timedelta(minutes=1)
REQUESTS = {"events": "http_requests_total", "valid": 'status!~"4.."', "bad": 'status=~"5.."'}
PLAN = {
    "metadata": {"name": "vcci", "owner": "crew", "selector": 'env="live"'},
    "components": {"api": {"kind": "http", "selector": 'job="vcci-api"', "signals": {"requests": REQUESTS}}},
    "slos": {
        "errors": {"good": "api.requests", "objective": "99.9%"},
        "apart": {"good": "api.requests", "objective": "99.9%", "by": ["endpoint"]},
    },
}


@pytest.fixture
def reliability(office: Office) -> Reliability:
    database, clock, plan = office.desk.database, office.clock, a_plan(**PLAN)
    store = IncrementStore(database)
    return Reliability(plan, RecorderSource(store), store, clock, None, CorrectionBook(plan, database))


def question(minutes: float = 10) -> Question:
    opening = Open("vcci", "it fails", Priority.P0, "evaluator", NINE, "evaluator")
    incident = evolve(None, [opening], NINE, new_id="inc_11")
    assert incident is not None
    return Question(incident, (Tracked(alert(labels={"system": "vcci"})),), NINE + minutes * MINUTE)


def asker(program: str, handler: Callable[[httpx.Request], httpx.Response]) -> Asker:
    return Asker(httpx.Client(transport=httpx.MockTransport(handler)), program, "http://there:9090")


def vector(*found: tuple[dict[str, str], float]) -> httpx.Response:
    result = [{"metric": labels, "value": [0, str(value)]} for labels, value in found]
    return httpx.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": result}})


def test_prometheus_is_asked_for_the_worst_endpoints_since_shortly_before_it_began(reliability: Reliability) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["query"])
        return vector(
            ({"endpoint": "/v1/uploads"}, 11.2), ({"endpoint": "/v1/slow"}, 120.0), ({"endpoint": "/v1/ok"}, 0)
        )

    found = _Failing(reliability, asker("Prometheus", answer), "endpoint")(question())

    bad = 'http_requests_total{job="vcci-api",env="live",status!~"4..",status=~"5.."}'
    assert asked == [f"topk(10, sum by (endpoint) (increase({bad}[15m])))"]
    assert [fact.text for fact in found] == ["/v1/slow: 120 failed", "/v1/uploads: 11 failed"]


def test_without_the_label_nothing_is_said_of_tenants(reliability: Reliability) -> None:
    with pytest.raises(Unavailable, match="nothing is counted by tenant"):
        _Failing(reliability, asker("Prometheus", lambda _: vector(({}, 131.0))), "tenant")(question())


def test_a_prometheus_that_is_away_is_named(reliability: Reliability) -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(Unavailable, match="Prometheus"):
        _Failing(reliability, asker("Prometheus", away), "endpoint")(question())


def test_the_desks_own_counts_tell_what_is_kept_apart(reliability: Reliability) -> None:
    def counted(labels: tuple[tuple[str, str], ...], bad: float) -> Increment:
        return Increment(key_of_group("apart", labels), NINE, NINE + 10 * MINUTE, bad, 1000)

    reliability.store.keep([counted((("endpoint", "/v1/slow"),), 12), counted((("endpoint", "/v1/ok"),), 0)], {})

    found = _Failing(reliability, None, "endpoint")(question())

    assert [fact.text for fact in found] == ["/v1/slow: 12 failed"]


def treated(name: str, state: str, **values: Any) -> dict[str, Any]:
    labels = {"alertname": name, "system": values.pop("system", "vcci"), "priority": "P1"}
    status = {"state": state, "silencedBy": [], "inhibitedBy": [], **values}
    starts = "2026-03-02T08:58:00.000Z"
    return {"fingerprint": name, "labels": labels, "status": status, "receivers": [], "startsAt": starts}


def test_alertmanager_says_what_fires_and_what_it_holds_back(reliability: Reliability) -> None:
    known = [
        treated("Quiet", "suppressed", silencedBy=["s1"]),
        treated("Cause", "suppressed", inhibitedBy=["f1"]),
        treated("Symptom", "active"),
        treated("Another", "active", system="other"),
    ]
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, content=json.dumps(known))

    found = _Alerts(reliability, AlertmanagerApi(asker("Alertmanager", answer)))(question())

    assert asked == ["/api/v2/alerts"]
    assert [fact.text for fact in found] == [
        "Symptom fires since 08:58 UTC",
        "Cause inhibited since 08:58 UTC",
        "Quiet silenced since 08:58 UTC",
    ]


def test_budgets_say_what_is_left_and_what_nobody_knows(reliability: Reliability) -> None:
    month = timedelta(days=30)
    reliability.store.keep([Increment("errors", NINE - month, NINE, 20, 10_000)], {})

    facts = {fact.data["slo"]: fact for fact in _Budgets(reliability)(question())}

    assert facts["errors"].text == "errors: 200% spent, 43.2 min overspent"
    assert facts["apart"].text == "apart: unknown, nothing was counted"


def test_the_page_of_a_promise_shows_the_time_of_the_fault(office: Office) -> None:
    plan = a_plan(**PLAN, links={"grafana": "https://grafana.example"})
    store = IncrementStore(office.desk.database)
    known = Reliability(
        plan, RecorderSource(store), store, office.clock, None, CorrectionBook(plan, office.desk.database)
    )

    (href, *_) = (fact.href for fact in _Budgets(known)(question()))

    assert href.startswith("https://grafana.example/d/")
    assert href.count("from=1772440200000&to=1772444400000") == 1


def test_a_budget_whose_window_was_hardly_observed_is_not_judged(reliability: Reliability) -> None:
    reliability.store.keep([Increment("errors", NINE - 72 * 60 * MINUTE, NINE, 3, 30)], {})

    facts = {fact.data["slo"]: fact for fact in _Budgets(reliability)(question())}

    assert facts["errors"].text == "errors: 3 bad of 30 so far, 10% of its window was observed"
    assert facts["errors"].data["remaining"] is None


def test_releases_of_the_last_day_are_told_the_newest_first(reliability: Reliability) -> None:
    def changed(hours: float, text: str) -> Change:
        return Change(NINE - timedelta(hours=hours), "vcci-api", "deployed", text)

    reliability.store.keep([], {}, [changed(30, "too old"), changed(2, "version 11"), changed(0.5, "version 12")])

    found: tuple[Fact, ...] = _Releases(reliability)(question())

    assert [fact.text for fact in found] == [
        "version 12 (08:30 UTC, 30 min before)",
        "version 11 (07:00 UTC, 120 min before)",
    ]


def test_dashboards_and_the_handbook_are_those_of_the_spec() -> None:
    ours = plan_of(shipped("spec"))

    boards = {board.title: board for board in _boards(ours)}
    assert boards["Database performance"].values == {"namespace": "vcci-production", "job": "postgres"}
    assert boards["Platform overview"].values == {"namespace": "vcci-production"}
    opening = Open("vcci", "it is slow", Priority.P1, "person", NINE, "ada", "postgres")
    incident = evolve(None, [opening], NINE, new_id="inc_11")
    assert incident is not None
    first = dashboards(_boards(ours))(Question(incident, (), NINE))[0]
    assert first.text == "Database performance"
    assert first.href.endswith("&var-job=postgres&var-namespace=vcci-production")
    assert _handbook(ours).run_an_incident == "procedures/run-an-incident"
    assert "api" in _handbook(ours).components


def test_another_team_has_no_procedures_of_ours() -> None:
    another = a_plan(**{**PLAN, "metadata": {"name": "shop", "owner": "crew"}})

    assert _handbook(another).run_an_incident == ""

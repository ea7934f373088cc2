"""Whom an incident touched: asked of the real service, told in counts to all and in names to those who work on it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from support.service import Customer, Service, running_service
from vcci_platform.asking import Asker
from vcci_platform.incidents import people
from vcci_platform.incidents.access import Access, Rank, digest
from vcci_platform.incidents.context.gather import Gatherer
from vcci_platform.incidents.context.model import Fact, Question, Unavailable
from vcci_platform.incidents.context.routes import context_routes
from vcci_platform.incidents.context.tasks import Onlooker
from vcci_platform.incidents.model import Action
from vcci_platform.incidents.review.tasks import Reviewer
from vcci_platform.incidents.review.views import review_view
from vcci_platform.incidents.tenants import Affected, AffectedTenant
from vcci_platform.incidents.testing import alert
from vcci_platform.problems import install as install_problems
from vcci_platform.wiring.affected import ServiceTenants
from vcci_platform.wiring.gathering import _Endpoints, _Tenants

if TYPE_CHECKING:
    from conftest import Office

TOKEN = "operators-11"
SYSTEM = frozenset({"vcci"})


@dataclass
class Served:
    """The service in this process, two customers, and what a desk with the right token asks it with."""

    service: Service
    acme: Customer
    bolt: Customer

    def tenants(self, token: str = TOKEN) -> ServiceTenants:
        def forward(request: httpx.Request) -> httpx.Response:
            answer = self.service.client.get(
                request.url.path, params=dict(request.url.params), headers=dict(request.headers)
            )
            return httpx.Response(answer.status_code, content=answer.content, headers=dict(answer.headers))

        client = httpx.Client(transport=httpx.MockTransport(forward), headers={"Authorization": f"Bearer {token}"})
        return ServiceTenants(Asker(client, "the service", "http://service:8000"), SYSTEM)

    def fails(self) -> None:
        """Let every request to the keys of a tenant fail; Acme asks thrice, Bolt does something else."""
        for customer in (self.acme, self.bolt):
            customer.get("/v1/tenant")
        self.service.client.put("/v1/faults", json={"kind": "error", "share": 1, "endpoints": ["/v1/keys"]})
        for _ in range(3):
            self.acme.get("/v1/keys")
        self.bolt.get("/v1/tenant")
        self.service.client.delete("/v1/faults")


@pytest.fixture
def served(tmp_path: Path) -> Generator[Served]:
    with running_service(tmp_path / "service", faults_enabled=True, operator_token=TOKEN) as service:
        yield Served(service, service.customer("Acme"), service.customer("Bolt"))


def nothing_labelled(_: Question) -> tuple[Fact, ...]:
    raise Unavailable("nothing is counted by tenant")


def texts(office: Office) -> str:
    """Return everything that left the desk or stands where every viewer reads it."""
    incident_id = office.incident.id
    with office.desk.database.read() as connection:
        lines = connection.exec_driver_sql("SELECT text, why, data FROM timeline").all()
    return f"{incident_id} {lines} {office.vendors.messages} {office.vendors.posts} {office.vendors.summaries}"


def test_everybody_reads_how_many_and_responders_read_who(office: Office, served: Served) -> None:
    office.clock._now = datetime.now(UTC)
    office.hears(alert(starts_at=office.clock.now()))
    served.fails()
    office.clock._now = datetime.now(UTC)
    source = _Tenants(served.tenants(), nothing_labelled)
    Onlooker(office.desk, Gatherer({"tenants": source}, seconds=30)).round()
    office.work()

    shown = {}
    for name, rank in (("vera", Rank.VIEWER), ("rosa", Rank.RESPONDER)):
        with office.desk.database.write() as connection:
            people.add(connection, name, rank.value, "", digest(name), office.clock.now())
        shown[name] = context(office, name)

    assert shown["vera"]["text"].startswith("1 of 2 met failures")
    assert (shown["vera"]["restricted"], shown["vera"]["data"]["failed"]) == ([], 3)
    assert shown["rosa"]["restricted"] == ["Acme: 3 failed of 3 requests at /v1/keys"]
    assert "1 of 2 met failures" in texts(office)
    assert "Acme" not in texts(office)


def test_endpoints_come_from_the_same_counts_where_no_series_keeps_them_apart(office: Office, served: Served) -> None:
    office.clock._now = datetime.now(UTC)
    office.hears(alert(starts_at=datetime.now(UTC)))
    served.fails()
    question = Question(office.incident, (), datetime.now(UTC))

    facts = _Endpoints(nothing_labelled, served.tenants())(question)

    assert [(fact.text, fact.restricted) for fact in facts] == [("/v1/keys: 3 failed", ())]


def context(office: Office, token: str) -> dict[str, Any]:
    app = FastAPI()
    install_problems(app)
    app.include_router(context_routes(office.desk, Access(office.desk.database, is_local=True)))
    address = f"/v1/incidents/{office.incident.id}/context"
    answer = TestClient(app).get(address, headers={"Authorization": f"Bearer {token}"}).json()
    (section,) = (section for section in answer["sections"] if section["name"] == "tenants")
    found: dict[str, Any] = section["facts"][0]
    return found


def test_a_review_tells_how_many_and_names_them_to_responders_alone(office: Office, served: Served) -> None:
    office.clock._now = datetime.now(UTC)
    office.hears(alert(starts_at=office.clock.now()))
    served.fails()
    office.clock._now = datetime.now(UTC) + timedelta(seconds=1)
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    reviewer = Reviewer(office.desk, tenants=served.tenants())
    reviewer.round()

    kept = reviewer.read(office.incident.id)

    view = review_view(kept, office.clock.now().date())
    (told,) = (fact for fact in kept.review.facts if fact.startswith("Tenants: "))
    assert told.startswith("Tenants: 1 of 2 met failures")
    assert view.tenants_named == ("Acme: 3 failed of 3 requests at /v1/keys",)
    assert "Acme" not in view.model_copy(update={"tenants_named": ()}).model_dump_json()


@pytest.mark.parametrize(
    ("token", "systems", "why"),
    [
        ("operators-12", SYSTEM, "the service refuses the operators' token: give both the same VCCI_OPERATOR_TOKEN"),
        (TOKEN, frozenset({"bakery"}), "nobody counts by tenant in this system"),
    ],
)
def test_what_cannot_be_known_says_why(served: Served, token: str, systems: frozenset[str], why: str) -> None:
    now = datetime.now(UTC)

    assert served.tenants(token)(systems, now - timedelta(minutes=1), now).unknown == why


def test_a_time_in_which_nobody_counted_is_unknown(served: Served) -> None:
    then = datetime.now(UTC) - timedelta(days=2)

    found = served.tenants()(SYSTEM, then, then + timedelta(hours=1))

    assert found.words == "unknown: the service counted nothing in this time"


def test_a_service_that_is_down_is_unknown() -> None:
    def down(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    asker = Asker(httpx.Client(transport=httpx.MockTransport(down)), "the service", "http://service:8000")
    now = datetime.now(UTC)

    assert "the service at http://service:8000" in ServiceTenants(asker, SYSTEM)(SYSTEM, now, now).unknown


WHOLE = Affected(
    known=1.0,
    failed=1204,
    registered=41,
    slow_after=1.0,
    tenants=(
        AffectedTenant("ten_a", "Acme", 5000, 1204, 3, 0, ("/v1/uploads", "/v1/a", "/v1/b", "/v1/c")),
        AffectedTenant("ten_b", "Bolt", 10, 0, 2, 0, ("/v1/a",)),
        AffectedTenant("ten_c", "Corn", jobs_failed=1),
    ),
)


@pytest.mark.parametrize(
    ("affected", "words"),
    [
        (WHOLE, "2 of 41 met failures; 1 only answers slower than 1 s"),
        (
            replace(WHOLE, tenants=(), known=0.6),
            "none is known to have met a failure; counted in 60% of the time, the rest is unknown",
        ),
        (
            replace(WHOLE, tenants=(), untold=12),
            "none is known to have met a failure; 12 bad requests without a known tenant",
        ),
        (Affected(unknown="it is away"), "unknown: it is away"),
    ],
)
def test_counts_are_told_without_names_and_with_what_is_not_known(affected: Affected, words: str) -> None:
    assert affected.words == words
    assert Affected.of_document(affected.document()) == affected


def test_names_say_what_each_tenant_met() -> None:
    assert replace(WHOLE, more=3).names == (
        "Acme: 1,204 failed and 3 slow of 5,000 requests at /v1/uploads, /v1/a, /v1/b and 1 more",
        "Bolt: 2 slow of 10 requests at /v1/a",
        "Corn: 1 job given up",
        "and 3 more",
    )

"""Whom a fault touched: counted where requests end, kept in the background, told to operators and to nobody else."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.types import Scope

from support.service import Service, running_service
from vcci_platform.storage import migrate
from vcci_platform.storage.database import Database, connect
from vcci_platform.telemetry import logs
from vcci_platform.telemetry.metrics import ServiceMetrics
from vcci_platform.tenancy import Tenancy
from vcci_platform.tenancy.affected import tally as bounds
from vcci_platform.tenancy.affected.model import Count, Trouble
from vcci_platform.tenancy.affected.routes import PATH
from vcci_platform.tenancy.affected.store import TroubleStore
from vcci_platform.tenancy.affected.tally import MINUTE, KnownKeys, Tally
from vcci_platform.tenancy.affected.tasks import KEPT, Bookkeeper
from vcci_platform.testing import ManualClock

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOKEN = "operators-11"
AS_OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
RESULTS, UPLOADS, ENGINE = "/v1/results", "/v1/uploads", "/v1/engine/plans"


def scope(key: str = "") -> Scope:
    return {"type": "http", "headers": [(b"authorization", f"Bearer {key}".encode())] if key else []}


class Counting:
    """A tally under a clock that is moved by hand."""

    def __init__(self) -> None:
        self.clock, self.keys = ManualClock(NINE), KnownKeys()
        self.tally = Tally(self.clock, self.keys, slow_after=1.0, timed=lambda endpoint: endpoint != ENGINE)

    def ends(self, tenant: str | None, endpoint: str = RESULTS, status: int = 200, seconds: float = 0.1) -> None:
        with logs.about():
            if tenant:
                logs.note(tenant_id=tenant)
            self.tally(scope(), endpoint, status, seconds)


@pytest.fixture
def counting() -> Counting:
    return Counting()


def test_failed_and_slow_requests_are_counted_by_tenant_and_endpoint(counting: Counting) -> None:
    for status in (500, 503, 200, 404, 429):
        counting.ends("ten_a", status=status)
    counting.ends("ten_a", UPLOADS, seconds=1.1)
    counting.ends("ten_a", ENGINE, seconds=11)
    counting.ends("ten_b")
    counting.ends(None, status=500)
    counting.ends("ten_b", "/health/ready", status=503)

    (count,) = counting.tally.due()

    trouble = (Trouble("ten_a", RESULTS, 5, 2, 0), Trouble("ten_a", UPLOADS, 1, 0, 1))
    assert count == Count(NINE, MINUTE, requests=9, failed=3, slow=1, untold=1, trouble=trouble)


def test_what_fails_before_its_key_was_looked_up_is_told_by_a_key_that_was_good(counting: Counting) -> None:
    counting.keys.remember("vcci_good", "ten_a")
    for key in ("vcci_good", "vcci_guessed", ""):
        counting.tally(scope(key), RESULTS, 500, 0.1)
    counting.tally({"headers": [(b"x-api-key", b"vcci_good")]}, RESULTS, 500, 0.1)

    (count,) = counting.tally.due()

    assert count.trouble == (Trouble("ten_a", RESULTS, 2, 2, 0),)
    assert count.untold == 2


def test_keys_are_forgotten_in_the_order_in_which_they_were_last_good() -> None:
    keys = KnownKeys(most=2)
    for key in ("a", "b", "a", "c"):
        keys.remember(key, f"ten_{key}")

    assert [keys.owner(scope(key)) for key in ("a", "b", "c")] == ["ten_a", None, "ten_c"]


def test_a_quiet_minute_is_kept_when_it_is_over_and_a_bad_one_at_once(counting: Counting) -> None:
    counting.ends("ten_a")
    assert counting.tally.due() == ()
    counting.ends("ten_a", status=500)
    first = counting.tally.due()
    counting.tally.kept(first)
    assert counting.tally.due() == ()
    counting.clock.advance(minutes=1)

    (over,) = counting.tally.due()

    assert (over.starts_at, over.requests, over.failed) == (NINE, 2, 1)
    counting.tally.kept([over])
    assert [count.starts_at for count in counting.tally.due(everything=True)] == [NINE + MINUTE]


def test_memory_is_bounded_whoever_asks(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_PAIRS", 2)
    for tenant in ("ten_a", "ten_b", "ten_c"):
        counting.ends(tenant, status=500)
    for _ in range(bounds.MOST_COUNTS + 10):
        counting.clock.advance(minutes=1)
        counting.ends(None)

    counts = counting.tally.due(everything=True)

    assert len(counts) == bounds.MOST_COUNTS
    assert (counting.tally.lost(), counting.tally.lost()) == (11, 0)


def test_beyond_the_bound_a_tenant_is_not_told(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_PAIRS", 2)
    for tenant in ("ten_a", "ten_b", "ten_c", "ten_a"):
        counting.ends(tenant, status=500)

    (count,) = counting.tally.due()

    assert ([trouble.tenant_id for trouble in count.trouble], count.untold) == (["ten_a", "ten_b"], 1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Database]:
    is_sqlite = request.param == "sqlite"
    found = connect(f"sqlite:///{tmp_path / 's.db'}" if is_sqlite else request.getfixturevalue("postgresql_url"))
    migrate.upgrade(found, "service")
    yield found
    found.close()


def test_processes_add_up_and_writing_again_changes_nothing(database: Database) -> None:
    tenancy = Tenancy(database, b"a pepper of enough bytes", ManualClock(NINE))
    acme, bolt = tenancy.create_tenant("Acme"), tenancy.create_tenant("Bolt")
    store = TroubleStore(database)

    def count(minute: int, *trouble: Trouble, untold: int = 0) -> Count:
        failed = sum(each.failed for each in trouble) + untold
        slow = sum(each.slow for each in trouble)
        return Count(NINE + minute * MINUTE, MINUTE, 100, failed, slow, untold, trouble)

    store.keep("prc_1", [count(0, Trouble(acme.id, RESULTS, 9, 1, 0))])
    store.keep("prc_1", [count(0, Trouble(acme.id, RESULTS, 20, 3, 0)), count(2, untold=2)])
    store.keep("prc_2", [count(0, Trouble(acme.id, UPLOADS, 5, 4, 0), Trouble(bolt.id, RESULTS, 7, 0, 2))])

    seen = store.seen(NINE - MINUTE, NINE + 3 * MINUTE)

    assert (seen.known, seen.requests, seen.failed, seen.slow, seen.untold) == (0.5, 300, 9, 2, 2)
    told = [(tenant.name, tenant.requests, tenant.failed, tenant.slow, tenant.endpoints) for tenant in seen.tenants]
    assert seen.endpoints == {UPLOADS: 4, RESULTS: 3}
    assert told == [("Acme", 25, 7, 0, (UPLOADS, RESULTS)), ("Bolt", 7, 0, 2, (RESULTS,))]
    assert (seen.tenants[0].first_at, seen.tenants[0].last_at) == (NINE, NINE + MINUTE)
    later = store.seen(NINE + MINUTE, NINE + 2 * MINUTE)
    assert (later.known, later.tenants) == (0.0, ())
    store.thin_out(NINE + MINUTE)
    assert store.seen(NINE, NINE + 3 * MINUTE).failed == 2


def test_what_a_store_that_is_away_does_not_take_is_kept_when_it_is_back(tmp_path: Path, counting: Counting) -> None:
    database = connect(f"sqlite:///{tmp_path / 's.db'}")
    metrics = ServiceMetrics()
    book = Bookkeeper(counting.tally, TroubleStore(database), metrics, counting.clock)
    counting.ends(None, status=500)
    book.round()  # there are no tables yet
    counting.clock.advance(minutes=1)
    assert metrics.registry.get_sample_value("vcci_tenant_counts_total", {"outcome": "kept"}) == 0
    migrate.upgrade(database, "service")

    book.round()

    assert book.store.seen(NINE, NINE + MINUTE).failed == 1
    assert metrics.registry.get_sample_value("vcci_tenant_counts_total", {"outcome": "kept"}) == 1
    counting.clock.advance(days=KEPT.days + 1)
    book.round()
    assert book.store.seen(NINE, NINE + MINUTE).known == 0
    database.close()


@pytest.fixture
def service(tmp_path: Path) -> Generator[Service]:
    with running_service(tmp_path, faults_enabled=True, operator_token=TOKEN) as running:
        yield running


def asked(service: Service, since: datetime) -> dict[str, object]:
    answer = service.client.get(PATH, params={"from": since.isoformat()}, headers=AS_OPERATOR)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_an_operator_learns_which_tenants_met_a_fault_that_came_before_their_keys_were_looked_up(
    service: Service,
) -> None:
    acme, bolt = service.customer("Acme"), service.customer("Bolt")
    since = datetime.now(UTC) - timedelta(seconds=30)
    for customer in (acme, bolt):
        assert customer.get("/v1/tenant").status_code == 200
    service.client.put("/v1/faults", json={"kind": "error", "share": 1})
    for _ in range(3):
        assert acme.get("/v1/keys").status_code == 500
    service.client.get("/v1/keys")
    service.client.delete("/v1/faults")

    found = asked(service, since)

    (tenant,) = found["tenants"]  # type: ignore[misc]
    assert (tenant["id"], tenant["name"], tenant["failed"], tenant["endpoints"]) == (
        acme.tenant_id,
        "Acme",
        3,
        ["/v1/keys"],
    )
    assert (found["failed"], found["untold"], found["registered"], found["more"]) == (4, 1, 2, 0)
    assert 0 < found["known"] <= 1  # type: ignore[operator]
    assert (found["slow_after"], tenant["jobs_failed"]) == (1.0, 0)


@pytest.mark.parametrize("shown", ["nothing", "another token", "the key of a tenant"])
def test_nobody_else_is_told(service: Service, shown: str) -> None:
    key = service.customer("Acme").key
    header = {"nothing": "", "another token": "Bearer operators-12", "the key of a tenant": f"Bearer {key}"}[shown]

    answer = service.client.get(PATH, params={"from": NINE.isoformat()}, headers={"Authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("since", ["2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"])
def test_a_span_that_is_none_is_refused(service: Service, since: str) -> None:
    answer = service.client.get(PATH, params={"from": since}, headers=AS_OPERATOR)

    assert (answer.status_code, answer.json()["code"]) == (422, "wrong-span")


def test_a_store_that_does_not_answer_is_said_so(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    away = connect("sqlite:////nowhere/at/all.db")
    monkeypatch.setattr(service.parts.book, "store", TroubleStore(away))
    since = (datetime.now(UTC) - MINUTE).isoformat()

    answer = service.client.get(PATH, params={"from": since}, headers=AS_OPERATOR)

    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")


def test_a_request_that_only_took_long_is_its_tenants(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = service.customer("Acme")
    monkeypatch.setattr(service.parts.tally, "slow_after", 0.0)
    monkeypatch.setattr(service.parts.tally, "_keys", KnownKeys())
    since = datetime.now(UTC) - MINUTE
    assert acme.get("/v1/tenant").status_code == 200
    monkeypatch.setattr(service.parts.tally, "slow_after", 1.0)

    found = asked(service, since)

    (tenant,) = found["tenants"]  # type: ignore[misc]
    assert (tenant["name"], tenant["failed"], tenant["slow"]) == ("Acme", 0, 1)

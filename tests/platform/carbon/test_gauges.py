"""Ages of what waits: 0 when nothing does, growing while nobody can be asked, never missing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import OperationalError

from vcci_platform.carbon.gauges import WaitingGauges
from vcci_platform.carbon.jobs import Waiting
from vcci_platform.carbon.work import QUEUES
from vcci_platform.telemetry.metrics import ServiceMetrics
from vcci_platform.testing import ManualClock

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Store:
    """Stands for jobs, uploads and tenants; `away` makes it unreachable."""

    def __init__(self) -> None:
        self.away = False
        self.found = {queue: Waiting(count=0, oldest=None) for queue in QUEUES}
        self.uncalculated: datetime | None = None

    def waiting(self):
        if self.away:
            raise OperationalError("SELECT", {}, Exception("connection refused"))
        return self.found

    def oldest_uncalculated(self):
        return self.uncalculated

    def count(self):
        return 11


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def metrics():
    return ServiceMetrics(CollectorRegistry())


@pytest.fixture
def gauges(store, metrics, clock):
    return WaitingGauges(store, store, store, metrics, clock)


def shown(metrics):
    get = metrics.registry.get_sample_value
    return (
        get("vcci_jobs_waiting", {"queue": "emissions"}),
        get("vcci_oldest_waiting_job_age_seconds", {"queue": "emissions"}),
        get("vcci_oldest_uncalculated_upload_age_seconds"),
    )


def test_an_idle_service_shows_zeros(gauges, metrics):
    gauges.refresh()

    assert shown(metrics) == (0, 0, 0)
    assert metrics.registry.get_sample_value("vcci_active_tenants") == 11


def test_ages_are_those_of_the_oldest(gauges, metrics, store, clock):
    store.found["emissions"] = Waiting(count=12, oldest=START)
    store.uncalculated = START
    clock.advance(seconds=301)

    gauges.refresh()

    assert shown(metrics) == (12, 301, 301)


def test_while_the_database_is_away_the_ages_keep_growing(gauges, metrics, store, clock):
    store.found["emissions"] = Waiting(count=12, oldest=START)
    store.uncalculated = START
    gauges.refresh()
    store.away = True
    clock.advance(seconds=500)

    with pytest.raises(OperationalError):
        gauges.reading.refresh()
    gauges.reading.forget()

    assert shown(metrics) == (12, 500, 500)


def test_a_clock_that_was_set_back_gives_no_negative_age(gauges, metrics, store, clock):
    store.found["emissions"] = Waiting(count=1, oldest=START)
    clock.advance(seconds=-60)

    gauges.refresh()

    assert shown(metrics)[1] == 0

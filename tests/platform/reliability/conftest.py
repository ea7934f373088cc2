"""A small platform to look at: its metrics and its door are held by the test."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from vcci_platform.reliability.assemble import Addresses, with_recorder
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.testing import ManualClock
from vcci_slo.testing import a_plan
from vcci_slo.windows import rolling

PLAN = {
    "metadata": {"name": "shop", "owner": "crew", "selector": 'env="live"'},
    "components": {
        "api": {
            "kind": "http",
            "selector": 'job="vcci-api"',
            "probe": {"url": "https://shop.example/ready", "fails_for": {"P0": "2m"}},
            "signals": {
                "requests": {
                    "events": "http_requests_total",
                    "duration": "http_request_duration_seconds",
                    "valid": 'status!~"4.."',
                    "bad": 'status=~"5.."',
                    "timed": 'outcome="ok"',
                    "buckets": ["500ms", "1s"],
                },
                "oldest": {"value": "max(oldest_age_seconds{SELECTOR})", "unit": "seconds"},
                "open": {"value": "max by (circuit) (circuit_open{SELECTOR})", "unit": "boolean"},
            },
        },
        "db": {
            "kind": "postgresql",
            "selector": 'job="postgres"',
            "signals": {"up": {"value": "min(pg_up{SELECTOR})", "unit": "boolean"}},
        },
    },
    "slos": {
        "errors": {"good": "api.requests", "objective": "99.9%"},
        "there": {"good": "api.probe", "objective": "99.9%"},
        "fresh": {"holds": "api.oldest", "below": "30m", "objective": "99%"},
    },
    "alerts": {
        "ManyErrors": {
            "measure": {"bad_ratio": "api.requests", "over": "5m"},
            "above": {"P1": "1%", "P0": "5%"},
            "min_bad": 10,
            "for": "2m",
            "summary": "{value} of requests fail",
        },
        "SlowRequests": {
            "measure": {"quantile": "95%", "of": "api.requests", "over": "5m"},
            "above": {"P1": "1s"},
            "min_events": 20,
            "summary": "95 % take up to {value}",
        },
        "CircuitOpen": {
            "measure": {"share": "api.open", "over": "2m", "every": "30s"},
            "above": {"P2": "50%"},
            "summary": "{circuit} was open {value}",
        },
        "DatabaseDown": {"measure": "db.up", "below": {"P2": 1}, "summary": "gone"},
    },
}


class Shop:
    """What the test shows to the recorder: counters, gauges, whether it is reachable."""

    def __init__(self) -> None:
        self.ok = self.failed = 0
        self.fast = self.slow = 0
        self.age = 0.0
        self.circuits = {"mail": 0, "cards": 0}
        self.started = 1_000_000.0
        self.version = "1"
        self.ready = self.scrapable = True

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/ready":
            return httpx.Response(200 if self.ready else 503)
        if not self.scrapable:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, text=self.exposition())

    def exposition(self) -> str:
        lines = [
            f'http_requests_total{{endpoint="/a",status="200"}} {self.ok}',
            f'http_requests_total{{endpoint="/a",status="500"}} {self.failed}',
            f'http_request_duration_seconds_bucket{{outcome="ok",le="1.0"}} {self.fast}',
            f'http_request_duration_seconds_count{{outcome="ok"}} {self.fast + self.slow}',
            f"oldest_age_seconds {self.age}",
            *(f'circuit_open{{circuit="{name}"}} {value}' for name, value in self.circuits.items()),
            f"process_start_time_seconds {self.started}",
            f'vcci_build_info{{version="{self.version}"}} 1',
        ]
        return "\n".join(lines) + "\n"

    def restart(self) -> None:
        """Begin anew, as a process does."""
        self.ok = self.failed = self.fast = self.slow = 0
        self.started += 1000


class Desk:
    """The SLO service over the shop, with a clock that is moved by hand."""

    def __init__(self, database) -> None:
        self.shop = Shop()
        self.clock = ManualClock()
        self.database = database
        self.told = []
        self.reliability = None
        self.start()

    def start(self) -> None:
        """Start the process of the desk, perhaps again."""
        client = httpx.Client(transport=httpx.MockTransport(self.shop.handle))
        addresses = Addresses({"vcci-api": "http://shop:80"}, self_job="vcci-desk")
        plan = a_plan(**PLAN)
        self.reliability = with_recorder(plan, self.database, self.clock, addresses, self.told.extend, client)

    def minutes(self, count: float, *, ok: int = 0, failed: int = 0, fast: int = 0, slow: int = 0) -> None:
        """Let time pass in rounds of 15 seconds, each with so many events."""
        for _ in range(int(count * 4)):
            self.shop.ok += ok
            self.shop.failed += failed
            self.shop.fast += fast
            self.shop.slow += slow
            self.clock.advance(seconds=15)
            self.reliability.watch.round()

    def traffic(self, name: str, minutes: float):
        slo = self.reliability.plan.slo(name)
        now = self.clock.now()
        return self.reliability.source.traffic(slo, rolling(now, timedelta(minutes=minutes)))

    def news(self) -> list[tuple[str, str]]:
        return [(found.condition.key, found.verdict.state) for found in self.told]


@pytest.fixture
def desk(tmp_path):
    database = connect(f"sqlite:///{tmp_path}/desk.db")
    migrate.upgrade(database, "desk")
    watched = Desk(database)
    yield watched
    watched.reliability.close()
    database.close()

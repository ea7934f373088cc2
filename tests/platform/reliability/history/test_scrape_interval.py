"""How often a Prometheus scrapes, as the reader of its history sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from vcci_platform.asking import Asker
from vcci_platform.reliability.history import PrometheusHistory
from vcci_slo.testing import a_plan

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(("samples", "missed"), [(24, ()), (720, (3, 4, 5)), (2, ())])
def test_a_series_that_is_minutes_old_tells_its_interval_by_its_samples(samples: int, missed: tuple[int, ...]):
    """An hour through the number of samples said 2 min 30 s of a scrape each 5 s, and a third of the events."""
    times = [NOW.timestamp() - 5 * place for place in range(samples, 0, -1) if place not in missed]
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["query"])
        series = {"metric": {"job": "shop-api", "status": "200"}}
        result = (
            {**series, "value": [NOW.timestamp(), str(len(times))]}
            if "topk" in asked[-1]
            else {**series, "values": [[moment, "1"] for moment in times]}
        )
        return httpx.Response(200, json={"status": "success", "data": {"result": [result]}})

    asker = Asker(httpx.Client(transport=httpx.MockTransport(answer)), "Prometheus", "http://prometheus")

    assert PrometheusHistory(asker)._scraped(a_plan().slos[0], NOW) == timedelta(seconds=5)
    assert asked[1] == 'http_requests_total{job="shop-api",status="200"}[1h]'

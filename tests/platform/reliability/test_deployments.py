"""Releases as Prometheus saw them: rolled out, rolled back, through gaps of scrapes, and to the second."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from vcci_platform.asking import Asker
from vcci_platform.reliability.deployments import Deployments
from vcci_platform.reliability.occasions import releases
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_slo.testing import a_plan
from vcci_slo.windows import rolling

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAN = a_plan()
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
DAY_BEFORE = rolling(NOW, DAY)

Runs = Callable[[datetime], dict[str, set[str]]]
"""Which versions of which job run at a moment."""


def asked(runs: Runs) -> tuple[Deployments, list[str]]:
    """Return what asks a Prometheus that scrapes such jobs, and the queries that it got."""
    queries: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        parameters = request.url.params
        queries.append(parameters["query"])
        start, end, step = (float(parameters[name]) for name in ("start", "end", "step"))
        series: dict[tuple[str, str], list[list[object]]] = {}
        for place in range(int((end - start) / step + 1e-9) + 1):
            moment = start + place * step
            for job, versions in runs(datetime.fromtimestamp(moment, UTC)).items():
                for version in versions:
                    series.setdefault((job, version), []).append([moment, "1"])
        result = [
            {"metric": {"job": job, "version": version}, "values": values} for (job, version), values in series.items()
        ]
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": result}})

    client = httpx.Client(transport=httpx.MockTransport(answer))
    return Deployments(Asker(client, "Prometheus", "http://prometheus:9090"), PLAN), queries


def test_a_new_version_is_seen_at_the_scrape_that_showed_it_first():
    at = NOW - 7 * HOUR - 11 * MINUTE - timedelta(seconds=11)

    found, queries = asked(lambda moment: {"shop-api": {"2" if moment >= at else "1"}})
    (change,) = found.between(DAY_BEFORE)

    assert (change.target, change.version, change.text) == ("shop-api", "2", "shop-api: version 1 became 2")
    assert timedelta(0) <= change.at - at <= PLAN.scrape_every
    assert queries[0] == f"count by (job, version) ({PLAN.name}_build_info)"


def test_while_a_version_is_rolled_out_both_run_and_it_is_one_release():
    def runs(moment: datetime) -> dict[str, set[str]]:
        ago = NOW - moment
        return {"shop-api": {"1"} if ago > 5 * HOUR else {"1", "2"} if ago > 4 * HOUR else {"2"}}

    assert [change.version for change in asked(runs)[0].between(DAY_BEFORE)] == ["2"]


def test_a_version_that_comes_back_is_a_release_and_a_gap_of_scrapes_is_none():
    def runs(moment: datetime) -> dict[str, set[str]]:
        ago = NOW - moment
        if 9 * HOUR > ago > 8 * HOUR:
            return {}
        return {"shop-api": {"2" if 6 * HOUR > ago > 4 * HOUR else "1"}}

    assert [change.version for change in asked(runs)[0].between(DAY_BEFORE)] == ["2", "1"]


def test_where_nothing_says_which_version_runs_releases_are_unknown():
    assert asked(lambda moment: {})[0].between(DAY_BEFORE) is None
    assert asked(lambda moment: {"shop-api": {""}})[0].between(DAY_BEFORE) is None


def test_a_span_is_asked_once():
    found, queries = asked(lambda moment: {"shop-api": {"1"}})

    assert found.between(DAY_BEFORE) == found.between(DAY_BEFORE) == ()
    assert len(queries) == 1


def test_a_release_from_before_the_span_is_live_in_it():
    found, _ = asked(lambda moment: {"shop-api": {"2" if NOW - moment < DAY + 6 * HOUR else "1"}})
    slo = PLAN.slos[0]

    (live,) = releases(PLAN, slo, DAY_BEFORE, found.between(DAY_BEFORE))

    assert (live.name, live.end) == ("shop-api 2", None)
    assert live.start < DAY_BEFORE.start


def test_a_prometheus_that_is_away_or_odd_is_said_to_be():
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    for handler in (away, lambda _: httpx.Response(200, json={"data": {"result": [{"metric": {"version": "1"}}]}})):
        client = httpx.Client(transport=httpx.MockTransport(handler))
        with pytest.raises(SourceUnavailable, match="http://prometheus:9090"):
            Deployments(Asker(client, "Prometheus", "http://prometheus:9090"), PLAN).between(DAY_BEFORE)

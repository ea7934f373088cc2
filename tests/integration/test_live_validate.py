"""`vcci spec validate --live` against a real Prometheus: a spec that fits, and one with the usual mistakes."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.ports import free_port
from support.processes import eventually, wait_until
from support.promtool import run
from support.watching import Service, Watched, watch
from vcci_platform.cli.spec import app
from vcci_slo import load_plan
from vcci_slo.testing import a_spec

pytestmark = pytest.mark.needs("prometheus", "alertmanager")

DAY = 86_400
SLOS = {
    "errors": {"good": "api.requests", "objective": "99.9%"},
    "speed": {"fast": "api.requests", "within": {"95%": "500ms"}},
    "fresh": {"holds": "api.oldest", "below": "30s", "objective": "99%"},
}
ALERT = {"Old": {"measure": "api.oldest", "above": {"P2": "10s"}, "summary": "{value}", "because": "x"}}


def shop(address: str, **changes: object) -> str:
    scrape = {"targets": [address], "path": "/metrics"}
    given = {"components__api__scrape": scrape, "components__api__probe": None, "slos": SLOS, "alerts": ALERT}
    return a_spec(**(given | changes))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Watched, Service]]:
    folder = tmp_path_factory.mktemp("validate")
    service = Service()
    plan = load_plan(shop(service.address), time_scale=60)
    with watch(folder, plan, {"api": [service.address]}) as watched:
        # The verdict of a value is asked for each 15 seconds of the clock.
        wait_until(
            lambda: bool(watched.prometheus.query("count_over_time(oldest_age_seconds[1h]) > 17")),
            what="nothing was scraped",
        )
        yield watched, service
    service.stop()


def validate(running: tuple[Watched, Service], folder: Path, code: int, *options: str, said: str, **changes: object):
    """Return what is said once it ends so and says that: on a busy machine a series is stale for a moment."""
    watched, service = running
    spec = folder / "vcci.yaml"
    spec.write_text(shop(service.address, **changes))
    command = ["validate", str(spec), "--live", "--prometheus", watched.prometheus.url, *options]

    def ended() -> str:
        done = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
        assert (done.exit_code, said in done.output) == (code, True), done.output
        return done.output

    return eventually(ended)


def test_a_spec_that_fits_is_told_in_the_first_line_and_in_figures(running, tmp_path):
    output = validate(running, tmp_path, 0, said="api.oldest    1       12 seconds")

    assert "everything is there in " in output.splitlines()[0]
    assert "P2 above 10s  beyond P2" in output


def test_json_has_the_figures_of_every_promise(running, tmp_path):
    def complete() -> None:
        found = json.loads(validate(running, tmp_path, 0, "--json", said="promises"))
        assert found["missing"] == 0
        assert {one["name"]: one["sli"] for one in found["promises"]} == {"errors": 1.0, "speed-p95": 1.0, "fresh": 1.0}
        assert [one["name"] for one in found["before"]] == ["errors", "speed-p95", "fresh"]
        assert found["measures"][0]["beyond"] == ["P2"]

    eventually(complete)


def test_a_wrong_label_a_missing_bucket_and_an_unknown_metric_are_caught(running, tmp_path):
    output = validate(
        running,
        tmp_path,
        1,
        said="3 things are missing in ",
        components__api__signals__requests__valid='stats!~"4.."',
        components__api__signals__requests__buckets=["100ms", "600ms", "1s"],
        components__api__signals__oldest__value="max(oldest_age_second{SELECTOR})",
        slos=SLOS | {"speed": {"fast": "api.requests", "within": {"95%": "600ms"}}},
    )

    assert "3 things are missing in " in output.splitlines()[0]
    assert 'http_requests_total has no label stats, so stats!~"4.." leaves nothing out; did you mean status?' in output
    assert 'http_request_duration_seconds_bucket has no bucket le="0.6"; it has 0.1, 0.5, 1' in output
    assert "there is no metric oldest_age_second; did you mean oldest_age_seconds?" in output
    assert "fresh: unknown, it has no data now" in output


def test_a_selector_that_finds_nothing_is_explained_by_what_is_there(running, tmp_path):
    said = 'no series of http_requests_total has job="shop-web"; did you mean shop-api?'

    assert validate(running, tmp_path, 1, said=said, components__api__selector='job="shop-web"')


def test_a_selector_that_is_wrong_everywhere_is_told_once(running, tmp_path):
    signals = {
        f"more-{number}": {"value": f"max(oldest_age_seconds{{SELECTOR}}) + {number}", "unit": "seconds"}
        for number in range(4)
    }
    added = {f"components__api__signals__{name}": signal for name, signal in signals.items()}

    output = validate(running, tmp_path, 1, said="missing  6 signals", metadata__selector='namespace="shop"', **added)

    (line,) = [line for line in output.splitlines() if "namespace" in line]
    assert line.strip().startswith("missing  6 signals (api.oldest, api.requests, api.more-0 …): ")
    assert line.endswith('there is no label namespace, so namespace="shop" finds nothing')


def test_a_counter_that_falls_by_itself_is_noted(running, tmp_path):
    watched, service = running
    value = 'http_requests_total{job="shop-api",status="503"}'

    service.failing, service.forgetful = 0.5, True
    try:
        wait_until(lambda: watched.prometheus.query(f"resets({value}[1h]) > 3"), what="no counter fell")
    finally:
        service.failing, service.forgetful = 0.0, False

    # It is doubtful, not missing.
    output = validate(running, tmp_path, 0, said="a series of http_requests_total fell ")

    assert "is it a gauge, or do two targets write the same series?" in output


def test_the_pages_of_the_last_days_are_told(tmp_path, prometheus_process):
    """A week is written into an empty Prometheus: three days ago half of the requests failed for an hour."""
    port = free_port()
    now = int(time.time()) // 60 * 60
    outage = range(now - 3 * DAY, now - 3 * DAY + 3600)
    lines, good, bad = ["# TYPE http_requests counter"], 0, 0
    moments = range(now - 7 * DAY, now + 1, 60)
    counted: dict[str, list[int]] = {"200": [], "503": []}
    for moment in moments:
        failed = 300 if moment in outage else 0
        good, bad = good + 600 - failed, bad + failed
        counted["200"].append(good)
        counted["503"].append(bad)
    for status, values in counted.items():
        series = f'http_requests_total{{job="shop-api",endpoint="/v1/things",status="{status}"}}'
        lines += [f"{series} {value} {moment}" for moment, value in zip(moments, values, strict=True)]
    (tmp_path / "week.om").write_text("\n".join([*lines, "# EOF", ""]))
    run("promtool", "tsdb", "create-blocks-from", "openmetrics", "week.om", f"prometheus-{port}", folder=tmp_path)
    (tmp_path / "prometheus.yml").write_text("global: {scrape_interval: 15s}\n")
    prometheus = prometheus_process(tmp_path / "prometheus.yml", "--storage.tsdb.retention.time=30d", port=port)
    spec = tmp_path / "vcci.yaml"
    spec.write_text(
        a_spec(
            components__api__probe=None,
            components__api__signals__requests__duration=None,
            components__api__signals__requests__timed=None,
            components__api__signals__requests__buckets=None,
            components__api__signals__oldest=None,
        )
    )

    done = CliRunner().invoke(app, ["validate", str(spec), "--live", "--prometheus", prometheus.url, "--json"])
    found = json.loads(done.output)

    assert found["missing"] == 0, found
    (before,) = found["before"]
    assert (before["pages"], before["pages_in_vain"], before["problem"]) == (1, 0, "")
    began = datetime.fromisoformat(before["when"][0]).timestamp()
    assert outage.start < began < outage.start + 600, "the fast tier speaks within ten minutes"


def test_a_prometheus_that_is_not_there_is_no_verdict(tmp_path):
    spec = tmp_path / "vcci.yaml"
    spec.write_text(a_spec())

    done = CliRunner().invoke(app, ["validate", str(spec), "--live", "--prometheus", "http://127.0.0.1:9"])

    assert "Prometheus at http://127.0.0.1:9 does not answer" in str(done.exception)
    assert done.exception.exit_code == 2


def test_without_an_address_nothing_is_looked_up(tmp_path):
    spec = tmp_path / "vcci.yaml"
    spec.write_text(a_spec())

    done = CliRunner().invoke(app, ["validate", str(spec), "--live"])

    assert "--prometheus: expected an address" in str(done.exception)

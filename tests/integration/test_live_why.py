"""`vcci why` against the real Prometheus and Alertmanager, and against the desk."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.processes import eventually, wait_until
from support.watching import Service, Watched, watch
from vcci_platform.cli.why import app
from vcci_slo import load_plan
from vcci_slo.testing import a_spec

pytestmark = pytest.mark.needs("prometheus", "alertmanager")
FAST = 60.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Watched, Path, Service]]:
    folder = tmp_path_factory.mktemp("why")
    service = Service()
    spec = folder / "vcci.yaml"
    spec.write_text(
        a_spec(
            components__api__scrape={"targets": [service.address], "path": "/metrics"},
            components__api__probe=None,
            links={"runbooks": "https://runbooks.example"},
            alerts={
                "ManyErrors": {
                    "measure": {"bad_ratio": "api.requests", "over": "5m"},
                    "above": {"P0": "60%"},
                    "min_bad": 10,
                    "for": "2m",
                    "summary": "{value} of requests fail",
                    "because": "nobody can buy",
                }
            },
        )
    )
    with watch(folder, load_plan(spec.read_text(), time_scale=FAST), {"api": [service.address]}) as watched:
        wait_until(lambda: bool(watched.prometheus.query("slo:sli_error:ratio_rate1m")), what="nothing was recorded")
        yield watched, spec, service
    service.stop()


@pytest.fixture
def why(running, monkeypatch):
    watched, spec, _ = running
    monkeypatch.setenv("VCCI_TIME_SCALE", str(FAST))
    monkeypatch.setenv("VCCI_DESK_URL", "http://127.0.0.1:9")
    at = ["--spec", str(spec), "--prometheus", watched.prometheus.url, "--alertmanager", watched.alertmanager.url]
    return lambda *arguments: CliRunner().invoke(app, [*arguments, *at])


def test_an_alert_that_does_not_fire_says_how_far_it_is(why):
    def told() -> None:
        said = why("ErrorsBudgetBurn").output
        first, *lines = said.splitlines()
        assert first.startswith(
            "ErrorsBudgetBurn does not fire; error ratio in the last 1m (long window): 0%, fires above 1.44%"
        )
        assert any("bad events in the last 1m" in line for line in lines)
        assert "https://runbooks.example/errors" in said

    eventually(told)


def test_the_name_of_a_promise_means_its_burn_alert(why):
    assert why("errors").output.startswith("ErrorsBudgetBurn does not fire")


def test_a_name_that_nobody_has_is_met_with_the_nearest(why):
    done = why("ErorsBudgetBurn")

    assert "did you mean ErrorsBudgetBurn?" in str(done.exception)


def test_an_alert_that_fires_says_why_whom_it_wakes_and_when_it_ends(running, why):
    watched, _, service = running
    service.failing = 0.3
    wait_until(lambda: "ErrorsBudgetBurn" in watched.alertmanager.firing(), what="nothing fired")

    def told() -> None:
        said = why("ErrorsBudgetBurn/fast").output
        (reason,) = json.loads(why("ErrorsBudgetBurn/fast", "--json").output)["reasons"]
        first = said.splitlines()[0]
        assert first.startswith("ErrorsBudgetBurn fires since ")
        assert "P1 fast; error ratio in the last 1m (long window): " in first
        assert [half["holds"] for half in reason["halves"]] == [True] * len(reason["halves"])
        assert reason["keeps"] < reason["clears_in"] <= reason["keeps"] + 5, "the short window lasts 5 s at this pace"
        assert reason["ways"][0]["receiver"] == "P1"
        assert "PagerDuty rings whoever is on call" in said
        assert "acknowledge within" in said

    eventually(told)


def test_what_holds_an_alert_back_is_named_when_it_fires(running, why):
    watched, _, service = running
    service.failing = 0.9
    wait_until(lambda: "ManyErrors" in watched.alertmanager.firing(), what="the worse alert did not fire")
    wait_until(lambda: any(one.inhibited_by for one in watched.delivery.alerts()), what="nothing was held back")

    def told() -> None:
        said = why("ErrorsBudgetBurn/fast").output
        assert "nobody is told: held back by ManyErrors" in said.splitlines()[0]
        assert "Held back by ManyErrors, which fires now" in said

    eventually(told)


def test_an_alert_is_over_about_when_it_was_said(running, why):
    """Said while it fires, and then nothing bad happens: it is kept, and then over."""
    watched, _, service = running
    service.failing = 0.3
    wait_until(lambda: "ErrorsBudgetBurn" in firing(watched), what="nothing fired")
    service.failing, began = 0.0, time.monotonic()
    said = eventually(lambda: json.loads(why("ErrorsBudgetBurn/fast", "--json").output)["reasons"][0])

    wait_until(lambda: "fast" not in tiers(watched), within=said["clears_in"] + 60, what="it did not clear as said")

    assert time.monotonic() - began > said["keeps"] - 1, "it was kept for as long as the rule says"


def firing(watched: Watched) -> set[str]:
    return {one.name for one in watched.rules.alerts() if one.state == "firing"}


def tiers(watched: Watched) -> set[str]:
    return {one.labels.get("tier", "") for one in watched.rules.alerts() if one.state == "firing"}

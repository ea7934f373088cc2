"""The spec against the real Prometheus and Alertmanager: nothing differs, until a person edits something."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support import web
from support.processes import eventually
from support.watching import Service, Watched, watch
from vcci_platform.cli.drift import app
from vcci_platform.live.drift import drift
from vcci_platform.live.finding import Drift
from vcci_slo import load_plan
from vcci_slo.testing import a_spec

pytestmark = pytest.mark.needs("prometheus", "alertmanager")
FAST = 60.0


def shop(address: str) -> str:
    return a_spec(
        components__api__scrape={"targets": [address], "path": "/metrics"},
        components__api__probe=None,
        alerts={
            "OldThings": {
                "measure": "api.oldest",
                "above": {"P1": "10m", "P0": "1h"},
                "for": "2m",
                "summary": "The oldest has waited {value}",
                "because": "somebody waits",
                "pages_because": "nothing else sees it",
            }
        },
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Watched, Path]]:
    folder = tmp_path_factory.mktemp("drift")
    service = Service()
    spec = folder / "vcci.yaml"
    spec.write_text(shop(service.address))
    plan = load_plan(spec.read_text(), time_scale=FAST)
    with watch(folder, plan, {"api": [service.address]}) as watched:
        yield watched, spec
    service.stop()


def found(running: tuple[Watched, Path], count: int) -> tuple[Drift, ...]:
    """Return what differs once it is so much: on a busy machine a target or a group is late for a moment."""
    watched, spec = running
    plan = load_plan(spec.read_text(), time_scale=FAST)

    def so_much() -> tuple[Drift, ...]:
        findings = drift(plan, watched.rules, watched.delivery, datetime.now(UTC)).findings
        assert len(findings) == count, findings
        return findings

    return eventually(so_much)


def test_what_was_generated_and_loaded_does_not_drift(running):
    assert found(running, 0) == ()


def test_a_rule_that_was_edited_by_hand_is_named_with_both_limits(running):
    with running[0].edited("rules/alerts-api.yml", "> 3600", "> 36000"):
        (edited,) = found(running, 1)

    assert (edited.what, edited.subject) == ("rule", "OldThings (P0)")
    assert edited.expected.endswith("> 3600")
    assert edited.found.endswith("> 36000")


def test_a_rule_that_is_taken_out_by_hand_is_missing(running):
    watched = running[0]
    text = (watched.folder / "rules/alerts-api.yml").read_text()
    block = text[text.index("      - alert: OldThings\n") :].partition("\n      - alert:")[0] + "\n"

    with watched.edited("rules/alerts-api.yml", block, ""):
        (missing,) = found(running, 1)

    assert missing.words == "is not loaded; it belongs to the group alerts:api"


def test_a_rule_that_fails_is_told_with_its_error(running):
    """Two series of the same labels fail at evaluation, where no check of syntax sees it."""
    watched, spec = running
    plan = load_plan(spec.read_text(), time_scale=FAST)
    broken = "label_replace({__name__=~'up|scrape_duration_seconds'}, '__name__', 'x', '', '') > 3600"

    def told() -> None:
        drifts = drift(plan, watched.rules, watched.delivery, datetime.now(UTC)).findings
        assert any(one.what == "group" and one.words.startswith("fails: OldThings") for one in drifts), drifts

    with watched.edited(
        "rules/alerts-api.yml", 'expr: max(oldest_age_seconds{job="shop-api"}) > 3600', f'expr: "{broken}"'
    ):
        eventually(told)


def test_a_route_that_was_edited_is_told_for_its_alerts(running):
    with running[0].edited("alertmanager.yml", "- receiver: P0\n      matchers", "- receiver: P3\n      matchers"):
        (routed,) = found(running, 1)

    assert (routed.what, routed.subject, routed.expected, routed.found) == ("route", "OldThings (P0)", "P0", "P3")


def test_a_silence_is_told_with_its_author_and_end(running):
    watched = running[0]
    ends = datetime.now(UTC) + timedelta(hours=3)
    silence = {
        "matchers": [{"name": "alertname", "value": "OldThings", "isRegex": False, "isEqual": True}],
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": ends.isoformat(),
        "createdBy": "bob",
        "comment": "too loud",
    }
    made = web.post(f"{watched.alertmanager.url}/api/v2/silences", json=silence).json()["silenceID"]

    (hidden,) = found(running, 1)
    web.delete(f"{watched.alertmanager.url}/api/v2/silence/{made}").raise_for_status()

    assert hidden.subject == made
    assert hidden.words == (
        f"hides OldThings (P0), OldThings (P1) until {ends:%Y-%m-%d %H:%M} UTC; made by bob: too loud"
    )
    assert found(running, 0) == ()


def test_another_spec_is_stale_rules_and_targets(running):
    watched, spec = running
    changed = spec.read_text().replace("errors:\n    good", "failures:\n    good")
    plan = load_plan(changed, time_scale=FAST)

    findings = drift(plan, watched.rules, watched.delivery, datetime.now(UTC)).findings

    said = {(one.what, one.subject): one.words for one in findings}
    assert said["group", "slo:failures"].startswith("is not loaded: ")
    assert "and the spec does not give it" in said["group", "slo:errors"]


def test_the_command_ends_with_0_for_no_drift_and_1_for_drift(running, monkeypatch):
    watched, spec = running
    monkeypatch.setenv("VCCI_TIME_SCALE", str(FAST))
    at = ["--spec", str(spec), "--prometheus", watched.prometheus.url, "--alertmanager", watched.alertmanager.url]

    def same() -> None:
        done = CliRunner().invoke(app, at)
        assert done.exit_code == 0, done.output
        assert done.output.startswith("No drift: ")

    eventually(same)
    monkeypatch.setenv("VCCI_TIME_SCALE", "1")
    other = CliRunner().invoke(app, at)
    as_json = CliRunner().invoke(app, [*at, "--json"])

    assert other.exit_code == 1
    assert other.output.startswith("Drift: ")
    assert {one["what"] for one in json.loads(as_json.output)["findings"]} >= {"rule", "route"}

"""The real Prometheus and Alertmanager of this machine: what they are given, and what they cannot judge."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from vcci_platform.settings import Settings
from vcci_platform.specs import plan_of
from vcci_platform.supervisor.monitoring import MonitoringMissing, Programs, find_programs, here, monitoring

SPEC = Path(__file__).parents[3] / "slo/specs/vcci.yaml"
PORTS = {"prometheus": 11001, "alertmanager": 11002, "blackbox": 11003}
PROGRAMS = Programs("/bin/prometheus", "/bin/alertmanager", "/bin/blackbox")


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings.model_construct(
        home=tmp_path,
        spec=SPEC,
        api_url="http://127.0.0.1:11011",
        desk_url="http://127.0.0.1:11012",
        sandbox_port=11013,
        sandbox_tls_port=11014,
        prometheus_url="http://127.0.0.1:11001",
        alertmanager_url="http://127.0.0.1:11002",
        runbooks_url="http://127.0.0.1:11015",
    )


def written(settings, name, programs=PROGRAMS):
    made = monitoring(settings, programs, PORTS, "the-token")
    return yaml.safe_load(made.files[settings.home / "prometheus" / name])


def test_what_needs_an_exporter_is_left_out_and_named():
    """Without one a missing PostgreSQL of the embedded mode would be taken for a dead one, and page."""
    plan = plan_of(SPEC)

    local, left_out = here(plan, frozenset({"api", "desk", "worker"}), probed={"api": "http://127.0.0.1:11/"})

    assert "DatabaseDown" in left_out
    assert "DatabaseDown" not in {alert.name for alert in local.alerts}
    assert "DeskProbeDown" in left_out
    assert {"APIHighErrorRate", "ApiProbeDown"} <= {alert.name for alert in local.alerts}
    assert {slo.name for slo in local.slos} == {slo.name for slo in plan.slos}


def test_without_a_blackbox_exporter_availability_is_not_judged_and_that_is_said(settings):
    made = monitoring(settings, Programs("/bin/prometheus", "/bin/alertmanager", None), PORTS, "the-token")

    assert {"ApiProbeDown", "ApiAvailabilityBudgetBurn", "ApiAvailabilityNoData"} <= set(made.not_judged)
    assert "apt-get install prometheus-blackbox-exporter" in made.notes[0]
    assert [child.name for child in made.children] == ["prometheus", "alertmanager"]


def test_a_local_page_is_probed_without_the_tls_that_the_spec_asks_for(settings):
    [module] = written(settings, "blackbox.yml")["modules"].values()
    [target] = written(settings, "targets/probe-api.yml")

    assert module["http"]["fail_if_not_ssl"] is False
    assert target["targets"] == ["127.0.0.1:11003"]
    assert target["labels"]["instance"] == "http://127.0.0.1:11011/health/ready"


@pytest.mark.parametrize(("scale", "offset"), [(1.0, "0.5"), (30.0, "0.2")])
def test_a_probe_of_a_scaled_plan_has_time_to_answer(settings, scale, offset):
    """The exporter keeps half a second of each scrape for itself: all that a scrape has under a scale of 30."""
    settings.time_scale = scale

    [blackbox] = [
        child for child in monitoring(settings, PROGRAMS, PORTS, "the-token").children if child.name == "blackbox"
    ]

    assert f"--timeout-offset={offset}" in blackbox.command


def test_only_what_runs_here_is_scraped(settings):
    assert written(settings, "targets/api.yml")[0]["targets"] == ["127.0.0.1:11011"]
    assert written(settings, "targets/desk.yml")[0]["targets"] == ["127.0.0.1:11012"]
    assert written(settings, "targets/postgres.yml") == []


def test_alertmanager_pages_the_sandbox_trusting_its_authority_and_tells_the_desk(settings):
    receivers = {one["name"]: one for one in written(settings, "alertmanager.yml")["receivers"]}

    pager, desk = receivers["P0"]["pagerduty_configs"][0], receivers["P0"]["webhook_configs"][0]
    assert pager["url"] == "https://127.0.0.1:11014/v2/enqueue"
    assert pager["http_config"]["tls_config"]["ca_file"] == str(settings.home / "sandbox-ca.pem")
    assert desk["url"] == "http://127.0.0.1:11012/v1/hooks/alertmanager"


def test_secrets_stand_in_files_of_their_own_and_nowhere_else(settings):
    settings.pagerduty_routing_key = SecretStr("r" * 32)

    made = monitoring(settings, PROGRAMS, PORTS, "the-token")

    holding = {path.name for path, text in made.files.items() if "r" * 32 in text or "the-token" in text}
    assert holding == {"desk-hook-token", "pagerduty-routing-key"}
    assert not [child for child in made.children if "the-token" in str(child.command)]


def test_missing_programs_are_named_with_their_packages(tmp_path):
    with pytest.raises(MonitoringMissing, match="apt-get install prometheus prometheus-alertmanager"):
        find_programs(str(tmp_path))


def test_programs_are_found_under_either_of_their_names(tmp_path):
    for name in ("prometheus", "alertmanager"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)

    found = find_programs(str(tmp_path))

    assert found == Programs(str(tmp_path / "prometheus"), str(tmp_path / "alertmanager"), None)

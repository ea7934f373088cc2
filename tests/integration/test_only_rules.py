"""`vcci generate --only rules` for a team that has Prometheus and nothing else of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from support import web
from support.monitoring import Prometheus
from support.processes import wait_until
from vcci_platform.cli import generate

pytestmark = pytest.mark.needs("prometheus")

SPEC = """\
spec: vcci/v1
metadata: {name: shop, owner: crew}
components:
  api:
    kind: http
    selector: job="prometheus"
    signals:
      requests: {events: prometheus_http_requests_total, bad: 'code=~"5.."'}
slos:
  api-errors: {good: api.requests, objective: 99.9%}
"""


def test_the_printed_lines_make_a_plain_prometheus_keep_the_promises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prometheus_process: Callable[..., Prometheus], free_port
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vcci.yaml").write_text(SPEC, encoding="utf-8")
    port = free_port()

    done = CliRunner().invoke(generate.app, ["--only", "rules", "--out", "made"])

    assert done.exit_code == 0, done.output
    _, _, lines = done.output.partition("Add these lines to prometheus.yml and reload Prometheus:\n")
    assert len(lines.splitlines()) == 3
    assert "--storage.tsdb.retention.time=35d" in lines
    assert [path.name for path in sorted((tmp_path / "made").rglob("*")) if path.is_file()] == [
        "slo-api-errors.yml",
        "watchdog.yml",
    ]
    scraped = {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    own = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "scrape_configs": [scraped]}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(own) + lines, encoding="utf-8")
    server = prometheus_process(tmp_path / "prometheus.yml", port=port)
    wait_until(
        lambda: server.query('slo:objective:ratio{slo="api-errors"}') and server.query("ALERTS{alertname='Watchdog'}"),
        what="the rules were not evaluated",
    )
    groups = web.get(f"{server.url}/api/v1/rules").json()["data"]["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}


def test_the_lines_are_printed_for_rules_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vcci.yaml").write_text(SPEC, encoding="utf-8")

    done = CliRunner().invoke(generate.app, ["--out", "made"])

    assert done.exit_code == 0, done.output
    assert "rule_files" not in done.output

"""`vcci init --prometheus` against a real Prometheus: what it writes is valid, loads there, and every rule has data."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import make_url
from typer.testing import CliRunner

from support import web
from support.components import postgresql_admin
from support.exporters import exporter
from support.monitoring import Prometheus
from support.ports import free_port
from support.processes import Server, eventually, wait_until
from vcci_platform.cli import generate, init, spec
from vcci_slo import load_plan
from vcci_slo.plan import Plan

pytestmark = pytest.mark.needs("prometheus", "exporters", "postgresql")

VCCI = (sys.executable, "-P", "-m", "vcci_platform.cli")
EVERY = {"scrape_interval": "1s", "evaluation_interval": "1s"}
ENOUGH_REQUESTS = 700


@contextmanager
def service(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the address of our own service, and the key of a customer."""
    port = free_port()
    environment = {"VCCI_HOME": str(folder / "home"), "VCCI_API_PORT": str(port)}

    def answers() -> bool:
        try:
            return web.get(f"http://127.0.0.1:{port}/health/ready").is_success
        except httpx.TransportError:
            return False

    server = Server([*VCCI, "api"], log=folder / "api.log", ready=answers, environment=environment)
    with server:
        made = subprocess.run(
            [*VCCI, "tenant", "create", "acme"],
            env={**os.environ, **environment},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        yield f"127.0.0.1:{port}", made.stdout.strip()


@contextmanager
def customers(address: str, key: str) -> Iterator[list[int]]:
    """Yield a list that grows by the answers that customers get while the block runs."""
    answers: list[int] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(
            headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=web.ANSWER_SECONDS
        ) as client:
            while not over.is_set():
                answers.append(client.get(f"http://{address}/v1/uploads").status_code)
                over.wait(0.002 if len(answers) < 2 * ENOUGH_REQUESTS else 0.1)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


def configuration(folder: Path, targets: dict[str, str], rules: str = "") -> Path:
    """Write a prometheus.yml as a team has it that knows nothing of vcci."""
    jobs: list[dict[str, Any]] = [
        {"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()
    ]
    for job in jobs:
        if job["job_name"] == "shop api":
            job["metrics_path"] = "/health/metrics"
    document = {"global": EVERY, "scrape_configs": jobs, **({"rule_files": [rules]} if rules else {})}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder / "prometheus.yml"


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Prometheus, dict[str, str]]]:
    """A folder with the spec that was written, and the Prometheus it was written from, which still watches."""
    folder = tmp_path_factory.mktemp("adopted")
    database = make_url(postgresql_admin()).set(drivername="postgresql").update_query_dict({"sslmode": "disable"})
    with ExitStack() as stack:
        address, key = stack.enter_context(service(folder))
        answers = stack.enter_context(customers(address, key))
        source = database.render_as_string(hide_password=False)
        targets = {
            "shop api": address,
            "node": exporter(stack, folder, "node"),
            "postgres": exporter(stack, folder, "postgres", DATA_SOURCE_NAME=source),
        }
        server = Prometheus(configuration(folder, targets), folder)
        stack.enter_context(server)
        counted = 'sum(increase(http_requests_total{endpoint!~"/health.*",status="200"}[1m]))'
        wait_until(
            lambda: len(answers) > ENOUGH_REQUESTS and _first(server, counted) > ENOUGH_REQUESTS,
            what="the requests were not scraped",
        )
        stack.enter_context(pytest.MonkeyPatch.context()).chdir(folder)
        done = CliRunner().invoke(init.app, ["--prometheus", f"{server.url}/graph"])
        assert done.exit_code == 0, done.output
        yield folder, server, targets


def _first(server: Prometheus, expression: str) -> float:
    found = server.query(expression)
    return float(found[0]["value"][1]) if found else 0.0


def plan_of(folder: Path) -> Plan:
    return load_plan((folder / "vcci.yaml").read_text("utf-8"), file="vcci.yaml")


def test_the_spec_is_valid_without_a_change(adopted):
    done = CliRunner().invoke(spec.app, ["validate", "vcci.yaml"])

    assert done.exit_code == 0, done.output


def test_every_job_is_a_component_of_the_right_kind_where_it_is_scraped(adopted):
    folder, _, targets = adopted

    found = {component.name: component for component in plan_of(folder).components}

    assert {name: component.kind for name, component in found.items()} == {
        "node": "node",
        "postgres": "postgresql",
        "shop-api": "http",
    }
    assert [str(matcher) for matcher in found["shop-api"].selector] == ['job="shop api"']
    assert found["shop-api"].scrape.targets == (targets["shop api"],)
    assert found["shop-api"].scrape.path == "/health/metrics"


def test_requests_have_the_labels_and_buckets_that_the_service_really_shows(adopted):
    folder, _, _ = adopted
    shipped = load_plan((Path(__file__).parents[2] / "slo/specs/vcci.yaml").read_text("utf-8"))
    ours = {signal.ref: signal for component in shipped.components for signal in component.signals}["api.requests"]

    found = {signal.ref: signal for component in plan_of(folder).components for signal in component.signals}
    requests = found["shop-api.requests"]

    assert (requests.events, requests.duration) == (ours.events, ours.duration)
    assert (requests.valid, requests.bad) == (ours.valid, ours.bad)
    assert [matcher.label for matcher in requests.where] == ["endpoint"]
    assert not any(matcher.holds({"endpoint": "/health/ready"}) for matcher in requests.where)
    assert requests.buckets == ours.buckets


def test_what_is_promised_was_kept(adopted):
    folder, server, _ = adopted

    promises = {slo.name: slo for slo in plan_of(folder).slos}

    assert promises["shop-api-errors"].objective in {0.995, 0.999}
    latency = next(slo for name, slo in promises.items() if name.startswith("shop-api-latency"))
    below = latency.indicator.within_seconds
    fast = f'sum(http_request_duration_seconds_bucket{{endpoint="/v1/uploads",outcome="ok",le="{below:g}"}})'
    total = 'sum(http_request_duration_seconds_count{endpoint="/v1/uploads",outcome="ok"})'
    assert _first(server, f"{fast} / {total}") >= latency.objective


def test_alerts_are_those_that_are_silent_now_and_wake_nobody(adopted):
    folder, _, _ = adopted

    alerts = plan_of(folder).alerts

    assert "PostgresDown" in {alert.name for alert in alerts}
    assert {limit.priority for alert in alerts for limit in alert.limits} == {"P2"}


def test_the_generated_rules_load_there_and_every_recording_rule_returns_data(adopted):
    folder, server, targets = adopted
    done = CliRunner().invoke(generate.app, ["--only", "rules", "--out", "generated"])
    assert done.exit_code == 0, done.output
    files = sorted((folder / "generated/alerts/rules").glob("*.yml"))
    rules = [rule for path in files for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
    recorded = [rule for rule in rules if "record" in rule]

    configuration(folder, targets, rules=str(folder / "generated/alerts/rules/*.yml"))
    server.reload()

    assert recorded
    wait_until(lambda: not _without_data(server, recorded), what="some rules have no data")

    def loaded() -> None:
        groups = web.get(f"{server.url}/api/v1/rules").json()["data"]["groups"]
        assert [rule["health"] for group in groups for rule in group["rules"]] == ["ok"] * len(rules)

    eventually(loaded)


def _without_data(server: Prometheus, recorded: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for rule in recorded:
        labels = ",".join(f'{name}="{value}"' for name, value in rule.get("labels", {}).items() if name == "slo")
        if not server.query(f"{rule['record']}{{{labels}}}"):
            found.append(rule["record"])
    return found


def test_the_same_answers_give_the_same_spec_and_it_is_not_overwritten(adopted):
    folder, server, _ = adopted
    before = (folder / "vcci.yaml").read_bytes()

    done = CliRunner().invoke(init.app, ["--prometheus", server.url])

    assert done.exit_code != 0
    assert "is there already" in str(done.exception)
    assert (folder / "vcci.yaml").read_bytes() == before

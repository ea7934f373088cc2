"""The whole generated set, in the hands of promtool, amtool, and the real Prometheus and Alertmanager."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from support import web
from support.monitoring import Alertmanager, Prometheus
from support.processes import wait_until
from support.promtool import failures, run, write
from vcci_alerts import AlertsError, Receivers, alertmanager, prometheus_config, render, rules, with_targets
from vcci_slo import load_plan
from vcci_slo.plan import Plan

SPEC = Path(__file__).parents[2] / "slo/specs/vcci.yaml"
FAST = 60.0
RULE_FILE = re.compile(r"^  - '(.*)'$", re.MULTILINE)


@cache
def shipped(time_scale: float = 1.0) -> Plan:
    return load_plan(SPEC.read_text(), file="slo/specs/vcci.yaml", time_scale=time_scale)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("generated"), render(shipped()))


@pytest.mark.needs("prometheus")
@pytest.mark.parametrize("time_scale", [1.0, FAST, 7.0])
def test_promtool_accepts_the_rules_and_the_configuration(tmp_path: Path, time_scale: float):
    plan = shipped(time_scale)
    folder = write(tmp_path, {**rules.render(plan), **prometheus_config.render(plan)})

    checked = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *rules.render(plan), folder=folder)
    configured = run("promtool", "check", "config", "prometheus.yml", folder=folder)

    assert checked.returncode == 0, checked.stdout
    assert configured.returncode == 0, configured.stdout


@pytest.mark.needs("prometheus")
def test_every_generated_test_passes(generated: Path):
    tests = sorted(str(path.relative_to(generated)) for path in (generated / "tests").glob("*.yml"))
    chosen = list({nameless(generated, path): path for path in tests}.values())

    assert len(chosen) > len(tests) / 2
    assert failures(generated, chosen) == {}


def nameless(folder: Path, test: str) -> str:
    """Return a test and its rules without the names of queues: two that are then the same say the same to promtool.

    There are promises for each queue, and most of them differ in nothing else; each keeps promtool busy for seconds.
    """
    queues = sorted({value for slo in shipped().slos for _, value in slo.labels})
    spelled = {way: queue for queue in queues for way in (queue, queue.replace("_", "-"), camel(queue))}
    text = (folder / test).read_text()
    # The signals are the same for all, and no promise reads them.
    own = [path for path in RULE_FILE.findall(text) if not path.endswith(rules.SIGNALS)]
    found: dict[str, int] = {}
    # Numbered as they come, so that two queues in one text stay two.
    return re.sub(
        "|".join(sorted(spelled, key=len, reverse=True)),
        lambda way: f"<{found.setdefault(spelled[way[0]], len(found))}>",
        "\n".join([text, *((folder / "tests" / path).read_text() for path in own)]),
    )


def camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


@pytest.mark.needs("prometheus")
def test_every_alert_has_a_test_that_sees_it_fire(generated: Path):
    alerts = {
        rule["alert"]
        for path in (generated / "rules").glob("*.yml")
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    seen = {
        check["alertname"]
        for path in (generated / "tests").glob("*.yml")
        for test in yaml.safe_load(path.read_text())["tests"]
        for check in test.get("alert_rule_test", [])
        if check["exp_alerts"]
    }

    assert seen == alerts


@pytest.mark.needs("alertmanager")
@pytest.mark.parametrize("time_scale", [1.0, FAST])
def test_amtool_accepts_the_configuration(tmp_path: Path, time_scale: float):
    folder = write(tmp_path, alertmanager.render(shipped(time_scale)))

    checked = run("amtool", "check-config", "alertmanager.yml", folder=folder)

    assert checked.returncode == 0, checked.stdout


@pytest.mark.needs("alertmanager")
def test_every_alert_reaches_the_receivers_of_its_severity(generated: Path):
    plan = shipped()
    wanted = {"P0": "P0", "P1": "P1", "P2": "P2,P2-business", "P3": "P3", "none": "watchdog"}
    chosen: dict[tuple[tuple[str, str], ...], str] = {}
    for group in rules.rule_files(plan).values():
        for rule in group.alerts:
            labels = (("alertname", rule.alert), *((name, value) for name, value in rule.labels))
            chosen[labels] = wanted[dict(rule.labels)["priority"]]

    for labels, receivers in chosen.items():
        said = run(
            "amtool",
            *("config", "routes", "test", "--config.file=alertmanager.yml", f"--verify.receivers={receivers}"),
            *(f"{name}={value}" for name, value in labels),
            folder=generated,
        )
        assert said.returncode == 0, (labels, receivers, said.stdout)


@pytest.mark.needs("alertmanager")
def test_an_alert_that_says_no_priority_wakes_someone(generated: Path):
    said = run(
        "amtool", "config", "routes", "test", "--config.file=alertmanager.yml", "alertname=Other", folder=generated
    )

    assert said.stdout.splitlines()[-1] == "P1"


class Desk(BaseHTTPRequestHandler):
    """Remembers what Alertmanager posts to the desk and to PagerDuty."""

    heard: list[tuple[str, str, dict]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.heard.append((self.path, self.headers.get("Authorization", ""), body))
        self.send_response(202)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        del format, args


@pytest.fixture
def desk() -> Iterator[tuple[str, list[tuple[str, str, dict]]]]:
    heard: list[tuple[str, str, dict]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Hearing", (Desk,), {"heard": heard}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.needs("prometheus", "alertmanager")
def test_the_real_prometheus_and_alertmanager_run_the_generated_configuration(
    tmp_path: Path,
    prometheus_process: Callable[..., Prometheus],
    alertmanager_process: Callable[..., Alertmanager],
    desk: tuple[str, list[tuple[str, str, dict]]],
):
    """At sixty times the speed the silence of a service nobody scrapes becomes a page within seconds."""
    url, heard = desk
    plan = shipped(FAST)
    (tmp_path / "token").write_text("a-token")
    (tmp_path / "key").write_text("a-routing-key")
    receivers = Receivers(
        desk_url=f"{url}/v1/hooks/alertmanager",
        token_file=str(tmp_path / "token"),
        pagerduty_url=f"{url}/v2/enqueue",
        routing_key_file=str(tmp_path / "key"),
    )
    write(tmp_path, {"alertmanager.yml": alertmanager.configuration(plan, receivers)})
    manager = alertmanager_process(tmp_path / "alertmanager.yml")
    targets = with_targets(plan, {}, alertmanager=[manager.url.removeprefix("http://")])
    write(tmp_path, {**rules.render(plan), **prometheus_config.render(plan), **targets})
    prometheus = prometheus_process(tmp_path / "prometheus.yml", *prometheus_config.flags(plan))

    def pages() -> list[dict]:
        return [body for path, _, body in heard if path == "/v2/enqueue"]

    def hooks() -> list[tuple[str, dict]]:
        return [(said, body) for path, said, body in heard if path == "/v1/hooks/alertmanager"]

    wait_until(
        lambda: pages() and {"P1", "Watchdog"} <= {kind(body) for _, body in hooks()}, what="somebody was not told"
    )
    groups = web.get(f"{prometheus.url}/api/v1/rules").json()["data"]["groups"]

    assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}
    assert {said for said, _ in hooks()} == {"Bearer a-token"}
    page = next(body for body in pages() if body["payload"]["group"] == "vcci")
    assert (page["event_action"], page["payload"]["severity"], page["routing_key"]) == (
        "trigger",
        "error",
        "a-routing-key",
    )
    assert [link["text"] for link in page["links"]] == ["Runbook", "Dashboard"]
    assert page["links"][0]["href"].startswith("https://runbooks.vcci-platform.com/")
    assert "has had no data for" in page["payload"]["summary"]
    told = [body for _, body in hooks() if body["groupLabels"] == {"system": "vcci", "priority": "P1"}]
    keys = {hashlib.sha256(body["groupKey"].encode()).hexdigest() for body in told}
    assert keys == {page["dedup_key"]}, "the desk can name PagerDuty's incident"


def kind(body: dict) -> str:
    return body["groupLabels"].get("priority") or body["groupLabels"]["alertname"]


def test_targets_of_a_component_that_is_not_there_are_refused():
    with pytest.raises(AlertsError, match=r"targets\.apii: expected a component \(api, .*found 'apii'"):
        with_targets(shipped(), {"apii": ["127.0.0.1:1"]})

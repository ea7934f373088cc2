"""Imported rules in the hands of promtool and of a real Prometheus: they say what they said before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import web
from support.monitoring import Prometheus
from support.processes import wait_until
from support.promtool import failures, run, write
from vcci_alerts import RENDERERS
from vcci_platform.adoption.importing.document import imported
from vcci_platform.adoption.importing.rule_files import read_rules
from vcci_platform.adoption.importing.severities import SEVERITIES
from vcci_slo import load_plan

pytestmark = pytest.mark.needs("prometheus")

RULES = Path(__file__).parents[1] / "support/rules"
FILES = sorted(RULES.glob("*.yml"))


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the rules and tests of the imported spec, and with the rules that it came from."""
    folder = tmp_path_factory.mktemp("imported")
    rules = [rule for path in FILES for rule in read_rules(path.read_text("utf-8"), path.name)]
    text, report = imported(rules, SEVERITIES)
    plan = load_plan(text, file="vcci.yaml")
    write(folder, {**RENDERERS["rules"](plan), **RENDERERS["tests"](plan)})
    taken = {one.name: one.became for one in report.outcomes if one.became}
    original = {"groups": [{"name": path.stem, "rules": list(_valid(path, taken))} for path in FILES]}
    (folder / "original.yml").write_text(yaml.safe_dump(original), encoding="utf-8")
    return folder


def _valid(path: Path, taken: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the rules of a file that were imported; alerts under the name that they have in the spec."""
    for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            name = rule.get("alert") or rule.get("record")
            if name in taken:
                yield {**rule, "alert": taken[name]} if "alert" in rule else rule


def test_the_generated_rules_are_valid(generated: Path):
    files = [str(path.relative_to(generated)) for path in (generated / "rules").glob("*.yml")]

    checked = run("promtool", "check", "rules", *files, "original.yml", folder=generated)

    assert checked.returncode == 0, checked.stdout


def test_every_generated_test_passes(generated: Path):
    tests = [str(path.relative_to(generated)) for path in (generated / "tests").glob("*.yml")]

    assert failures(generated, tests) == {}


def test_the_original_rules_fire_and_are_silent_in_the_same_tests(generated: Path):
    """Just beyond each threshold, just short of it, a step before `for` is over: both say the same."""
    asked = 0
    for path in sorted((generated / "tests").glob("*.yml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        if path.stem.startswith("watchdog"):
            continue
        for test in document["tests"]:
            questions = [_question(check) for check in test.pop("alert_rule_test", [])]
            test["promql_expr_test"] = [*test.get("promql_expr_test", []), *questions]
            asked += len(test["promql_expr_test"])
        document["rule_files"] = ["../original.yml"]
        document.pop("group_eval_order")
        write(generated, {f"originals/{path.name}": yaml.safe_dump(document)})

    assert asked > 40
    tests = [str(path.relative_to(generated)) for path in (generated / "originals").glob("*.yml")]
    assert failures(generated, tests) == {}


def _question(check: dict[str, Any]) -> dict[str, Any]:
    firing = f'count(ALERTS{{alertname="{check["alertname"]}",alertstate="firing"}})'
    return {
        "eval_time": check["eval_time"],
        "expr": f"({firing} or vector(0)) > bool 0",
        "exp_samples": [{"labels": "{}", "value": 1 if check["exp_alerts"] else 0}],
    }


def test_a_real_prometheus_loads_and_evaluates_them(
    generated: Path, tmp_path: Path, prometheus_process: Callable[..., Prometheus]
):
    configuration = {"global": {"evaluation_interval": "1s"}, "rule_files": [f"{generated}/rules/*.yml"]}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")

    server = prometheus_process(tmp_path / "prometheus.yml")

    def healths() -> list[str]:
        groups = web.get(f"{server.url}/api/v1/rules").json()["data"]["groups"]
        return [rule["health"] for group in groups for rule in group["rules"]]

    wait_until(lambda: set(healths()) == {"ok"}, what="not all rules were evaluated well")
    assert len(healths()) > 20

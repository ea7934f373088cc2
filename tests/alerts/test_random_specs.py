"""Rules and rule tests of specs that nobody wrote: promtool takes all of them, and what they promise comes true.

Each promise has some twenty cases, which keep promtool busy for seconds. So 200 sets of rules are checked each time,
and the unit tests of the first of them are run; `make specs` runs those of all, for half an hour. The specs are the
same each time.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from support import promtool
from support.random_specs import random_specs
from vcci_alerts import rule_tests, rules
from vcci_platform.generate import destinations, render
from vcci_slo import load_plan
from vcci_slo.plan import Plan
from vcci_slo.testing import a_plan

CHECKED = 200
RENDERED = 20
BATCH = 10
DRAWN = 220
"""Some are drawn twice."""

TESTED = int(os.environ.get("VCCI_RANDOM_SPECS", "3"))


@cache
def texts() -> tuple[str, ...]:
    """Return random specs, each another one."""
    found: dict[str, None] = {}

    # Without shrinking: a spec that fails is small already, and every step would generate everything again.
    @settings(
        max_examples=DRAWN,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(random_specs())
    def draw(text: str) -> None:
        found.setdefault(text)

    draw()
    return tuple(found)[:CHECKED]


def plans(first: int, count: int) -> list[Plan]:
    """Return the plans of some random specs; one that is refused fails here, with its text."""
    return [
        load_plan(text, file=f"spec-{number}.yaml") for number, text in enumerate(texts()[first : first + count], first)
    ]


def written(folder: Path, first: int) -> list[str]:
    """Write the rules of a batch of specs and their tests, and return the paths of the tests."""
    for number, plan in enumerate(plans(first, min(BATCH, TESTED - first)), first):
        promtool.write(folder / str(number), {**rules.render(plan), **rule_tests.render(plan)})
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*_test.yml"))


def test_promtool_takes_the_rules_of_200_random_specs(tmp_path: Path):
    for number, plan in enumerate(plans(0, CHECKED)):
        promtool.write(tmp_path / str(number), rules.render(plan))
    paths = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("rules/*.yml"))

    done = promtool.run("promtool", "check", "rules", *paths, folder=tmp_path)

    assert done.returncode == 0, done.stdout
    assert len({path.split("/")[0] for path in paths}) == CHECKED


@pytest.mark.needs("prometheus")
@pytest.mark.parametrize("first", range(0, TESTED, BATCH))
def test_the_rule_tests_of_random_specs_pass(tmp_path: Path, first: int):
    tests = [path for path in written(tmp_path, first) if Path(path).parent.name != rule_tests.NATIVE]

    failed = promtool.failures(tmp_path, tests)

    assert not failed, "\n".join(failed.values())
    assert len({path.split("/")[0] for path in tests}) == min(BATCH, TESTED - first)


@pytest.mark.parametrize("first", range(0, TESTED, BATCH))
def test_the_rule_tests_of_random_specs_pass_in_prometheus_3(tmp_path: Path, first: int):
    tool = promtool.of_prometheus_3()
    tests = written(tmp_path, first)

    failed = promtool.failures(tmp_path, tests, tool=tool)

    assert not failed, "\n".join(f"{path}: {said}" for path, said in failed.items())


def test_every_output_can_be_made_of_random_specs():
    for plan in plans(0, RENDERED):
        files = render(plan, destinations(Path("out")))

        assert {path.parts[1] for path in files} >= {"alerts", "dashboards", "runbooks"}


def test_an_age_that_is_counted_from_a_timestamp_is_proven():
    """The first random specs found it: a test begins at the moment 0, when nothing can be five minutes old already."""
    age = {"value": "time() - max(restored_timestamp_seconds{SELECTOR})", "unit": "seconds"}
    plan = a_plan(
        components__api__signals__age=age, slos={"fresh": {"holds": "api.age", "below": "5m", "objective": "99%"}}
    )

    files = rule_tests.render(plan)

    assert "fresh: a moment above 300 is bad" in files["tests/slo-fresh_test.yml"]
    assert "-246+0x" in files["tests/slo-fresh_test.yml"]


def test_a_quantile_that_outlasts_its_fault_is_proven():
    """The first random specs found it: an assertion failed where a P0 is kept firing for the tail of its burn."""
    measure = {"quantile": "95%", "of": "api.requests", "over": "10m"}
    plan = a_plan(alerts={"Slow": {"measure": measure, "above": {"P0": "500ms"}, "summary": "It takes {value}"}})

    files = rule_tests.render(plan)

    assert plan.alerts[0].limits[0].keep_firing_for
    assert "Slow P0 fires just above 500ms" in files["tests/alerts-api_test.yml"]

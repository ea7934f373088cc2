"""The account of a calendar month, kept by Prometheus alone: it begins where clocks of a zone show midnight.

Prometheus knows no months but those of UTC, so a rule that is off by an hour shows only here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from support.promtool import failures, write
from vcci_alerts.model import Group, rules_document
from vcci_alerts.slo_rules import slo_group
from vcci_alerts.yaml_text import yaml_text
from vcci_slo.promql import series
from vcci_slo.promql.months import month_of, tile_of
from vcci_slo.testing import a_plan

pytestmark = pytest.mark.needs("prometheus")

STEP = timedelta(minutes=5)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Adelaide", "Pacific/Auckland")


@pytest.mark.parametrize("zone", ZONES)
def test_the_month_is_the_one_that_clocks_show(tmp_path: Path, zone: str):
    """Asked at each beginning of a month in two years, a minute before and after it, and two weeks into it."""
    moments: list[datetime] = []
    for year in (2026, 2027):
        for month in range(1, 13):
            start = datetime(year, month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
            moments += [start - timedelta(minutes=1), start, start + timedelta(minutes=1), start + timedelta(days=14)]
    checks = [
        {
            "expr": month_of(f"{moment.timestamp():.0f}", zone),
            "eval_time": "0s",
            "exp_samples": [{"labels": "{}", "value": moment.astimezone(ZoneInfo(zone)).month}],
        }
        for moment in moments
    ]
    test = {"tests": [{"interval": "1m", "input_series": [], "promql_expr_test": checks}]}
    write(tmp_path, {"test.yml": yaml.safe_dump(test)})

    assert failures(tmp_path, ["test.yml"]) == {}


def test_the_budget_of_a_month_begins_anew_and_counts_every_event_since(tmp_path: Path):
    """In India, whose months begin at half past an hour, January fails in one hour of its 29th day.

    In February 2 of 1,000 requests fail all the time. Tests of rules begin with 1970. The windows that the month adds
    up are given, since to compute them takes minutes.
    """
    zone = "Asia/Kolkata"
    plan = a_plan(slos={"errors": {"good": "api.requests", "objective": "99%", "window": {"month": zone}}})
    begins = datetime(1970, 2, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    january, outage, hour = begins // STEP, timedelta(days=28) // STEP, timedelta(hours=1) // STEP
    bad = [0] * outage + [500] * hour + [0] * (january - outage - hour) + [2] * (timedelta(days=2) // STEP)
    tile = tile_of(zone)
    given = {
        name: [sum(counts[max(step - span // STEP, 0) : step]) for step in range(len(counts) + 1)]
        for record, counts in ((series.errors, bad), (series.total, [1000] * len(bad)))
        for span in (STEP, tile)
        for name in (f'{record(span)}{{slo="errors"}}',)
    }
    total, errors = "max(slo:sli_total:increase_month)", "max(slo:sli_errors:increase_month)"
    left = "round(1 - max(slo:sli_error:ratio_rate_month) / 0.01, 0.001)"
    events = 1000 * (january - 6)
    checks = [
        *asked(
            begins - timedelta(minutes=30),
            {total: events, errors: hour * 500, left: round(1 - hour * 500 / events / 0.01, 3)},
        ),
        *asked(begins, {total: 0, errors: 0}),
        *asked(begins + timedelta(hours=1), {total: 12_000, errors: 24, left: 0.8}),
        *asked(begins + timedelta(days=1, minutes=30), {total: 294_000, errors: 588, left: 0.8}),
    ]
    month = [rule for rule in slo_group(plan, plan.slos[0]).rules if "month" in getattr(rule, "record", "")]
    rules = yaml_text(rules_document([Group("month", tuple(month))]), source="this test")
    moments = sorted({check["eval_time"] for check in checks})
    tests = {
        f"{moment}.yml": yaml.safe_dump(
            {
                "rule_files": ["month.yml"],
                # The rules read no record of their own, so each moment takes one evaluation: that of the moment.
                "evaluation_interval": moment,
                "tests": [
                    {
                        "interval": "5m",
                        "input_series": [
                            {"series": name, "values": " ".join(map(str, values))} for name, values in given.items()
                        ],
                        "promql_expr_test": [check for check in checks if check["eval_time"] == moment],
                    }
                ],
            }
        )
        for moment in moments
    }
    write(tmp_path, {"month.yml": rules, **tests})

    assert len(moments) == 4
    assert failures(tmp_path, tests) == {}


def asked(after: timedelta, figures: dict[str, float]) -> list[dict]:
    """Return the values that expressions must have some time after the beginning of 1970."""
    return [
        {
            "expr": expression,
            "eval_time": f"{after // timedelta(minutes=1)}m",
            "exp_samples": [{"labels": "{}", "value": value}],
        }
        for expression, value in figures.items()
    ]

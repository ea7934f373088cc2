"""The backtest and the generated rules in promtool, in the situations in which rules are known to go wrong.

A situation is a few counters, minute by minute. promtool runs the generated rules over them; the backtest reads the
same counters from an OpenMetrics file. Both must say the same of every minute, but for one evaluation at each edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from support.promtool import failures, write
from vcci_alerts import rules
from vcci_platform.reliability.history import read_openmetrics
from vcci_slo.backtest.decisions import burning, silent
from vcci_slo.backtest.episodes import Episode, episodes
from vcci_slo.backtest.grid import Grid, evaluations
from vcci_slo.testing import a_plan

pytestmark = pytest.mark.needs("prometheus")

MINUTE = timedelta(minutes=1)
BEFORE, AFTER = 3 * 60, 3 * 60
"""Minutes: longer than the longest window of a tier, which is 120 of them here."""
EVERY = 60_000_000
PLAN = a_plan(
    monitoring={"scrape": "1m", "evaluate": "1m"},
    components__api__probe=None,
    burn_policies={"all": {"fast": "P1", "slow": "P1", "steady": "P2", "creep": "P3"}},
    slos__errors={
        "good": "api.requests",
        "objective": "99.9%",
        "policy": "all",
        "window": "1d",
    },  # short windows: promtool is slow
)
SLO = PLAN.slos[0]

LABELS = 'job="shop-api",endpoint="/v1"'


@dataclass
class Situation:
    """Counters that grow minute by minute; those of a `gap` are seen by no scrape before the next one."""

    minutes: list[Mapping[str, int]] = field(default_factory=list)

    def grow(self, minutes: int, **codes: int) -> Situation:
        """Let this many events of each code happen in each minute; a code that is not named has no series yet."""
        self.minutes += [{code.lstrip("c").replace("_", "-"): count for code, count in codes.items()}] * minutes
        return self

    def gap(self, minutes: int, **codes: int) -> Situation:
        """Let events happen that no scrape sees until the next one."""
        growth = {code.lstrip("c").replace("_", "-"): count for code, count in codes.items()}
        self.minutes += [{"gap": 1, **growth}] * minutes
        return self

    def series(self) -> dict[str, list[int | None]]:
        """Return the values of each counter, the first at the beginning."""
        codes = dict.fromkeys(code for minute in self.minutes for code in minute if code != "gap")
        found: dict[str, list[int | None]] = {}
        for code in codes:
            value: int | None = 0 if code in self.minutes[0] else None
            values: list[int | None] = [value]
            for minute in self.minutes:
                growth = minute.get(code)
                if growth is not None:
                    value = (value or 0) + growth
                values.append(None if "gap" in minute else value)
            found[code] = values
        return found


def clean() -> Situation:
    return Situation().grow(BEFORE, c200=6000, c500=0)


def flapping() -> Situation:
    found = clean()
    for _ in range(8):
        found.grow(1, c200=0, c500=6000).grow(14, c200=6000, c500=0)
    return found.grow(AFTER, c200=6000, c500=0)


SITUATIONS: Mapping[str, Situation] = {
    "a whole outage of a minute": clean().grow(1, c200=0, c500=6000).grow(AFTER, c200=6000, c500=0),
    "a whole outage of two minutes": clean().grow(2, c200=0, c500=6000).grow(AFTER, c200=6000, c500=0),
    "a whole outage of ten minutes": clean().grow(10, c200=0, c500=6000).grow(AFTER, c200=6000, c500=0),
    "2 % for two hours": clean().grow(120, c200=5880, c500=120).grow(AFTER, c200=6000, c500=0),
    "1 % for four hours": clean().grow(240, c200=5940, c500=60).grow(AFTER, c200=6000, c500=0),
    "no traffic for twelve minutes in an outage": (
        clean().grow(8, c200=5000, c500=1000).grow(12, c200=0, c500=0).grow(AFTER, c200=6000, c500=0)
    ),
    "no series of errors for days, then an hour at 5 %": (
        Situation()
        .grow(BEFORE, c200=6000)
        .grow(1, c200=6000, c500=0)
        .grow(60, c200=5700, c500=300)
        .grow(AFTER, c200=6000, c500=0)
    ),
    "one failure of a quiet night": (
        Situation().grow(BEFORE, c200=1, c500=0).grow(1, c200=0, c500=1).grow(AFTER, c200=1, c500=0)
    ),
    "ten minutes of failure of a quiet night": (
        Situation().grow(BEFORE, c200=1, c500=0).grow(10, c200=0, c500=1).grow(AFTER, c200=1, c500=0)
    ),
    "an outage inside a gap of scrapes": clean().gap(7, c200=0, c500=6000).grow(AFTER, c200=6000, c500=0),
    "silence for a quarter of an hour": clean().gap(15, c200=6000, c500=0).grow(AFTER, c200=6000, c500=0),
    "a service that starts with errors": (
        Situation().grow(2, c200=100, c500=0).grow(1, c200=70, c500=30).grow(AFTER, c200=100, c500=0)
    ),
    "a fault that comes and goes": flapping(),
    "a flood of unknown paths": (
        Situation()
        .grow(BEFORE, c200=6000, c500=0, c404=0)
        .grow(120, c200=5880, c500=120, c404=54_000)
        .grow(AFTER, c200=6000, c500=0, c404=0)
    ),
    "errors that are born with a value": (
        Situation().grow(BEFORE, c200=6000).grow(1, c200=6000, c500=20_000).grow(AFTER, c200=6000, c500=0)
    ),
    "one of two pods fails": (
        Situation().grow(BEFORE, c200=3000, c500_b=0).grow(60, c200=3000, c500_b=60).grow(AFTER, c200=3000, c500_b=0)
    ),
}


def name_of(code: str) -> str:
    return f'http_requests_total{{{LABELS},status="{code[:3]}",pod="{code[4:] or "a"}"}}'


def backtested(folder: Path, situation: Situation) -> dict[str, list[Episode]]:
    """Return the alerts of each tier, and of silence, in minutes since the beginning."""
    lines = [
        f"{name_of(code)} {value} {60 * minute}"
        for code, values in situation.series().items()
        for minute, value in enumerate(values)
        if value is not None
    ]
    path = folder / "history.om"
    path.write_text("# TYPE http_requests counter\n" + "\n".join(lines) + "\n# EOF\n")
    history = read_openmetrics(path, SLO, MINUTE).history
    grid = Grid(history, evaluations(history, MINUTE))
    found = {
        tier.name: episodes(burning(grid, SLO, tier), grid.moments, tier.keep_firing_for) for tier in SLO.tiers
    } | {"": episodes(silent(grid, SLO), grid.moments, timedelta(0))}
    return {
        name: [Episode(each.fired // EVERY, None if each.over is None else each.over // EVERY) for each in alerts]
        for name, alerts in found.items()
    }


def run_length(values: Iterable[int | None]) -> str:
    return " ".join("_" if value is None else str(value) for value in values)


def checked(alerts: Mapping[str, list[Episode]], length: int, from_minute: int) -> list[dict[str, object]]:
    """Return what promtool must find at every seventh minute and around every edge, but for one evaluation there."""
    checks: list[dict[str, object]] = []
    for tier, found in alerts.items():
        spans = [(each.fired, length + 9 if each.over is None else each.over) for each in found]
        edges = [edge for span in spans for edge in span]
        near = {edge + offset for edge in edges for offset in (-4, -3, -2, 2, 3, 4)}
        for minute in sorted({*range(from_minute, length, 7), *near}):
            if not 1 <= minute < length or any(abs(minute - edge) <= 1 for edge in edges):
                continue
            name, label = (SLO.burn_alert, f',tier="{tier}"') if tier else (SLO.no_data_alert, "")
            expression = f'count(ALERTS{{alertname="{name}"{label},alertstate="firing"}}) or vector(0)'
            fires = any(start <= minute < end for start, end in spans)
            checks.append(
                {"expr": expression, "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": int(fires)}]}
            )
    return checks


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_rules_say_the_same_of_every_minute(tmp_path: Path, name: str):
    situation = SITUATIONS[name]
    alerts = backtested(tmp_path, situation)
    length = len(situation.minutes)

    path = rules.slo_file(SLO)
    test = {
        "rule_files": [path],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name_of(code), "values": run_length(values)}
                    for code, values in situation.series().items()
                ],
                "promql_expr_test": checked(alerts, length, 1),
            }
        ],
    }
    write(tmp_path, {path: rules.render(PLAN)[path], "test.yml": yaml.safe_dump(test)})
    assert failures(tmp_path, ["test.yml"]) == {}


def test_the_situations_make_every_tier_fire_and_stay_silent(tmp_path: Path):
    fired = {
        name: {tier for tier, found in backtested(tmp_path, each).items() if found} for name, each in SITUATIONS.items()
    }

    assert fired["a whole outage of ten minutes"] == {"fast", "slow", "steady", "creep"}
    assert fired["one failure of a quiet night"] == set()
    assert "fast" in fired["ten minutes of failure of a quiet night"]
    assert "fast" not in fired["a service that starts with errors"]
    assert fired["errors that are born with a value"] == set()
    assert fired["an outage inside a gap of scrapes"] == {"creep"}
    assert fired["silence for a quarter of an hour"] == {""}

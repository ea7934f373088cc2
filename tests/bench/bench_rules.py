"""Samples, CPU and distance from the truth: Sloth's rules and ours in one Prometheus, over ten days of traffic."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support import components
from support.made_traffic import MINUTE, Traffic, made
from support.monitoring import Prometheus
from support.remote_write import Writer
from support.rule_runs import RuleRun, prometheus_for_history
from vcci_alerts import rules
from vcci_alerts.sloth import rules_text
from vcci_slo.promql.durations import parse_duration
from vcci_slo.testing import a_plan

__all__ = ["FLOOR", "Comparison", "compare", "run"]

DAYS = 10.5
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
PERIOD = "30d"
FLOOR = 60
"""So many times fewer samples than Sloth's rules, at least."""

SLOTH_SPEC = """
version: prometheus/v1
service: svc
slos:
  - name: {name}
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_requests_total{{job="{job}",code=~"5.."}}[{{{{.window}}}}]))
        total_query: sum(rate(http_requests_total{{job="{job}"}}[{{{{.window}}}}]))
    alerting: {{name: HighErrorRate}}
"""

ROUNDS = 3
OFF_GRID = 43_000
"""Milliseconds before the last scrape: hardly any evaluation falls on the moment of a scrape."""


@dataclass(frozen=True)
class Case:
    """One history, and how long before its last scrape the rules are evaluated, in milliseconds."""

    series: int
    phases: tuple[int, ...] = (0,)
    restarts: bool = False


CASES = (Case(80, (0, OFF_GRID)), Case(80, (OFF_GRID,), restarts=True), Case(1000, (OFF_GRID,)))


@dataclass(frozen=True)
class Cost:
    """One evaluation of a whole rule set: how many rules, samples touched, and seconds of processor time."""

    rules: int
    samples: int
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """One promise, one phase: what both rule sets cost, and how far each is from the raw windows and the true count."""

    sloth: Cost
    ours: Cost
    windows: Mapping[str, float]
    """How far our ratio of each window is from the one over raw series, relative to it: the worst of the moments."""

    sloth_windows: float
    ours_true: float
    sloth_true: float
    """How far the worst of the windows is from the events that really happened."""

    ours_budget: float
    sloth_budget: float
    """How far the ratio of the whole period is from the events that really happened, relative to it."""

    @property
    def fewer(self) -> float:
        """How many times fewer samples our rules touch."""
        return self.sloth.samples / self.ours.samples


def run() -> Iterator[str]:
    """Yield the figures of each promise: samples, processor seconds, distances."""
    reason = components.missing("prometheus")
    if reason:
        yield f"not measured, {reason}"
        return
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            yield from _measured(case, Path(folder))


def _measured(case: Case, folder: Path) -> Iterator[str]:
    end = int(time.time()) // 3600 * 3_600_000
    traffic = made(f"svc{case.series}", series=case.series, days=DAYS, end=end, seed=1, restarts=case.restarts)
    with prometheus_for_history(folder) as server:
        writer, began = Writer(server.url), time.perf_counter()
        traffic.write(writer)
        seconds = time.perf_counter() - began
        yield (
            f"{case.series:,} series{', every pod restarts once' if case.restarts else ''}, {DAYS:g} days each minute: "
            f"{writer.samples:,} samples written in {seconds:.0f} s, {traffic.requests.sum():,.0f} requests, "
            f"{traffic.errors.sum() / traffic.requests.sum():.4%} failed"
        )
        for phase in case.phases:
            yield from _lines(compare(server, traffic, end=end - phase), phase)


def _lines(found: Comparison, phase: int) -> Iterator[str]:
    at = f"{phase / 1000:g} s before each scrape" if phase else "at the moment of each scrape"
    yield f"  evaluated {at}:"
    for name, cost, true, budget in (
        ("Sloth", found.sloth, found.sloth_true, found.sloth_budget),
        ("ours", found.ours, found.ours_true, found.ours_budget),
    ):
        yield (
            f"    {name:<6} {cost.rules:>3} rules {cost.samples:>10,} samples {cost.seconds:7.3f} CPU s; from the true "
            f"events: windows up to {true:.1e}, budget of {PERIOD} {budget:+.4%}"
        )
    worst = max(found.windows, key=lambda window: found.windows[window])
    yield (
        f"    {found.fewer:.1f} times fewer samples (floor {FLOOR}), {found.sloth.seconds / found.ours.seconds:.1f} "
        f"times less CPU; from the raw windows up to {found.windows[worst]:.1e} ({worst}), "
        f"Sloth {found.sloth_windows:.1e}"
    )


def compare(server: Prometheus, traffic: Traffic, *, end: int, moments: int = 3, rounds: int = ROUNDS) -> Comparison:
    """Return how both rule sets fare on one promise about this traffic, at some moments up to `end`.

    Without any `rounds` the processor's time is not measured, and not a number.
    """
    start = int(traffic.times[0])
    start += (end - start) % MINUTE
    name = f"{traffic.job}-{end % MINUTE}"
    ours = RuleRun(server, our_rules(traffic.job, name), start=start, end=end)
    sloth = RuleRun(server, sloth_rules(traffic.job, name), start=start, end=end)
    raw = RuleRun(server, raw_rules(traffic.job), start=start, end=end)
    for rule_set in (ours, sloth):
        rule_set.record_history()
    times = [end - step * 100 * MINUTE for step in range(moments)]
    samples = {rule_set: max([rule_set.evaluate(moment) for moment in times]) for rule_set in (ours, sloth, raw)}
    seconds = _in_turns((ours, sloth), end, rounds)

    def apart(mine: RuleRun, window: str) -> float:
        return max(_apart(mine.values[t][_ratio(window)], raw.values[t][_ratio(window)]) for t in times)

    def wrong(mine: RuleRun, window: str) -> float:
        minutes = int(parse_duration(window).total_seconds() // 60)
        errors = [mine.values[t][_ratio(window)] / traffic.true_ratio(t, minutes) - 1 for t in times]
        return max(errors, key=abs)

    return Comparison(
        sloth=Cost(sloth.rules, samples[sloth], seconds[1]),
        ours=Cost(ours.rules, samples[ours], seconds[0]),
        windows={window: apart(ours, window) for window in WINDOWS},
        sloth_windows=max(apart(sloth, window) for window in WINDOWS),
        ours_true=max(abs(wrong(ours, window)) for window in WINDOWS),
        sloth_true=max(abs(wrong(sloth, window)) for window in WINDOWS),
        ours_budget=wrong(ours, PERIOD),
        sloth_budget=wrong(sloth, PERIOD),
    )


def _ratio(window: str) -> str:
    return f"slo:sli_error:ratio_rate{window}"


def _apart(value: float, other: float) -> float:
    return abs(value - other) / other


def _in_turns(rule_sets: Sequence[RuleRun], moment: int, rounds: int) -> list[float]:
    """Return the processor time of each set: the least of some rounds, so that what else the server does falls out."""
    found = [[rule_set.processor_seconds(moment) for rule_set in rule_sets] for _ in range(rounds)]
    return [min(times) for times in zip(*found, strict=True)] or [math.nan] * len(rule_sets)


def our_rules(job: str, name: str) -> str:
    """Return the rule file of one promise as `vcci generate` writes it."""
    requests = {"events": "http_requests_total", "bad": 'code=~"5.."'}
    plan = a_plan(
        components={"api": {"kind": "http", "selector": f'job="{job}"', "signals": {"requests": requests}}},
        slos={name: {"good": "api.requests", "objective": "99.9%"}},
        monitoring={"scrape": "60s"},
    )
    (slo,) = plan.slos
    return rules.render(plan)[rules.slo_file(slo)]


def raw_rules(job: str) -> str:
    """Return a rule for each window that reads nothing but raw series."""
    total = f'http_requests_total{{job="{job}"}}'
    bad = f'http_requests_total{{job="{job}",code=~"5.."}}'
    lines = [
        f"  - record: {_ratio(window)}\n    expr: sum(increase({bad}[{window}])) / sum(increase({total}[{window}]))"
        for window in (*WINDOWS, PERIOD)
    ]
    return "groups:\n- name: raw\n  rules:\n" + "\n".join(lines) + "\n"


def sloth_rules(job: str, name: str) -> str:
    """Return the rule file of the same promise as `vcci sloth generate`, and so Sloth, writes it."""
    return rules_text(SLOTH_SPEC.format(job=job, name=name))

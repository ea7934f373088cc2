"""The bars of the rules, held on one promise: samples, windows, budget; at the moment of a scrape and between two."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.made_traffic import made
from support.remote_write import Writer
from support.rule_runs import prometheus_for_history

_found = importlib.util.spec_from_file_location("bench_rules", Path(__file__).parent / "bench_rules.py")
assert _found is not None
assert _found.loader is not None
bench_rules = importlib.util.module_from_spec(_found)
__import__("sys").modules["bench_rules"] = bench_rules
_found.loader.exec_module(bench_rules)

END = int(datetime(2026, 11, 2, 12, tzinfo=UTC).timestamp()) * 1000
"""A moment that stays: what the traffic of a day holds depends on the hour at which it is looked at."""


@pytest.mark.needs("prometheus")
def test_sixty_times_fewer_samples_count_every_event_between_two_scrapes(tmp_path: Path):
    """At the moment of a scrape every rule is right; `make bench` shows both."""
    traffic = made("small", series=80, days=bench_rules.DAYS, end=END, seed=3)

    with prometheus_for_history(tmp_path) as server:
        traffic.write(Writer(server.url))
        found = bench_rules.compare(server, traffic, end=END - bench_rules.OFF_GRID, rounds=0)

    assert found.fewer >= bench_rules.FLOOR
    assert found.ours_true <= 1e-9
    assert abs(found.ours_budget) <= 1e-3
    assert abs(found.sloth_budget) > 0.1

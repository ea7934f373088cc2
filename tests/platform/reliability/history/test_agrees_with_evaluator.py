"""The backtest and the desk's evaluator, on the same random history: the same alerts at the same moments."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import delete

from vcci_platform.reliability import tables
from vcci_platform.reliability.conditions import Judge
from vcci_platform.reliability.evaluator import Evaluator
from vcci_platform.reliability.history import read_recorder
from vcci_platform.reliability.recorder import GAP_IN_ROUNDS, Observation
from vcci_platform.reliability.store import Increment, IncrementStore
from vcci_platform.storage import migrate
from vcci_platform.storage.database import Database, connect
from vcci_slo.backtest.decisions import burning, silent
from vcci_slo.backtest.episodes import episodes
from vcci_slo.backtest.grid import Grid
from vcci_slo.backtest.history import micros, moment
from vcci_slo.plan import Slo
from vcci_slo.testing import a_plan

START = datetime(2026, 3, 2, tzinfo=UTC)
ROUND = timedelta(minutes=2)
PLAN = a_plan(components__api__probe=None)
SLO = PLAN.slos[0]

Told = list[tuple[str, datetime, datetime | None]]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path_factory.mktemp('desk')}/desk.db")
    migrate.upgrade(database, "desk")
    yield database
    database.close()


def rounds(chance: random.Random) -> Iterator[tuple[int, list[Increment]]]:
    """Rounds with faults of every strength, idle hours, gaps, rounds that come late, and two targets."""
    minute = 0
    last = START
    while minute < 27 * 60:
        lasts = chance.choice([2, 6, 14, 60, 240])
        rate = chance.choice([0, 1, 40, 1000, None]) if minute else 40  # the desk is as old as its history
        ratio = chance.choice([0.0, 0.0, 0.0005, 0.002, 0.01, 0.02, 0.1, 1.0])
        for _ in range(lasts):
            minute += chance.choice([1, 1, 1, 3])
            now = START + minute * ROUND
            found: list[Increment] = []
            if rate is not None and (minute < 5 or chance.random() < 0.9):
                start = max(now - GAP_IN_ROUNDS * ROUND, last)
                for _ in range(chance.choice([1, 1, 2])):
                    total = rate * chance.random()
                    found.append(Increment(SLO.name, start, now, total * ratio, total))
                last = now
            yield minute, found


def evaluated(database: Database, seed: int) -> tuple[Told, list[datetime]]:
    """What the desk's evaluator says, round by round, while the recorder counts."""
    with database.write() as connection:
        for table in (tables.increment, tables.verdict):
            connection.execute(delete(table))
    store = IncrementStore(database)
    findings = []
    evaluator = Evaluator(Judge(PLAN, frozenset(), START), store, database, findings.extend)
    moments: list[datetime] = []
    for minute, increments in rounds(random.Random(seed)):
        now = START + minute * ROUND
        store.keep(increments, {})
        evaluator.round(Observation(now, {}))
        moments.append(now)
    told: dict[tuple[str, datetime], datetime | None] = {}
    for finding in findings:
        told[(finding.condition.key, finding.verdict.fired_at)] = finding.verdict.over_at
    return sorted((key, fired, over) for (key, fired), over in told.items()), moments


def backtested(database: Database, slo: Slo, moments: list[datetime]) -> Told:
    """What the backtest says about what the recorder had counted at the end."""
    history = read_recorder(database, slo).history
    grid = Grid(history, np.array([micros(at) for at in moments], dtype=np.int64))
    found = [
        (f"{slo.burn_alert}/{tier.name}", episode)
        for tier in slo.tiers
        for episode in episodes(burning(grid, slo, tier), grid.moments, tier.keep_firing_for)
    ]
    found += [(slo.no_data_alert, each) for each in episodes(silent(grid, slo), grid.moments, timedelta(0))]
    return sorted((key, moment(each.fired), None if each.over is None else moment(each.over)) for key, each in found)


SEEDS = range(6)


@pytest.fixture(scope="module")
def said(database: Database) -> dict[int, tuple[Told, Told]]:
    """What both say of each random history."""
    found: dict[int, tuple[Told, Told]] = {}
    for seed in SEEDS:
        told, moments = evaluated(database, seed)
        found[seed] = (told, backtested(database, SLO, moments))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_history_gives_the_same_alerts_at_the_same_moments(said: dict[int, tuple[Told, Told]], seed: int):
    told, found = said[seed]

    assert found == told


def test_the_random_histories_make_every_tier_speak(said: dict[int, tuple[Told, Told]]):
    spoken = {key for told, _ in said.values() for key, _, _ in told}

    assert spoken == {f"{SLO.burn_alert}/{tier.name}" for tier in SLO.tiers} | {SLO.no_data_alert}

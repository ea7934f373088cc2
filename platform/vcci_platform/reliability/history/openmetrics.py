"""A history in a text exposition with timestamps: OpenMetrics, as `promtool tsdb dump-openmetrics` writes it.

The file may hold one series after the other, or one scrape after the other; only the time within a series must go
forward. It is read line by line, and only what the promise counts is kept: sums by step.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from vcci_platform.reliability.history.choice import tally_of
from vcci_platform.reliability.history.lines import lines_of
from vcci_platform.reliability.history.moments import micros_of
from vcci_platform.reliability.history.recorded import HistoryUnreadable, Problems, Recorded, printable
from vcci_platform.reliability.history.tally import Tally
from vcci_slo.backtest.history import MOST_EVENTS
from vcci_slo.plan import Slo

__all__ = ["read_openmetrics"]

SAMPLE = re.compile(
    r'(?:[a-zA-Z_:][a-zA-Z0-9_:]*)?(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?'
    r"[ \t]+([^ \t#]+)(?:[ \t]+([^ \t#]+))?[ \t]*(?:#.*)?"
)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
NAME = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)|\{__name__="([a-zA-Z_:][a-zA-Z0-9_:]*)"')
"""In front, or, as `promtool tsdb dump` writes it, among the labels."""

_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}
FORM = 'a sample such as requests_total{code="200"} 17 1760000000'


def read_openmetrics(path: Path, slo: Slo, scrape_every: timedelta, group: Mapping[str, str] | None = None) -> Recorded:
    """Return the history of what a promise counts. A line that cannot be used is named, and left out.

    A counter that falls was reset, so all that it shows is new. The first value of a series says nothing, as
    Prometheus has it. Raises HistoryUnreadable if nothing is there, or if only Prometheus could count it.
    """
    tally = tally_of(slo, scrape_every, group)
    problems = Problems()
    others = _feed(path, tally, problems)
    if tally.samples < 2:
        wanted = " or ".join(sorted(tally.metrics))
        found = f"{tally.samples} of them" if tally.samples else "none"
        if others and not tally.samples:
            found = f"{len(others)} series that are not its own, such as {printable(others[0])}"
        elif problems.lines:
            found += f"; line {problems.lines[0].number}: {problems.lines[0].reason}"
        raise HistoryUnreadable(f"expected samples of {wanted} for {slo.name} in {path}, found {found}")
    history = tally.history()
    return Recorded(history, str(path), tally.notes(), tuple(problems.lines), problems.count)


def _feed(path: Path, tally: Tally, problems: Problems) -> list[str]:
    """Hand over every sample of the promise, and return the series of its metrics that belong to others."""
    metrics = tally.metrics
    known: dict[str, int | None] = {}
    last: dict[int, int] = {}
    for number, line in lines_of(path):
        if not line or line[0] == "#":
            continue
        name = NAME.match(line)
        metric = "" if name is None else name[1] or name[2]
        if metric and metric not in metrics:
            continue
        found = SAMPLE.fullmatch(line)
        if found is None or not metric:
            problems.add(number, FORM, line)
            continue
        text = found[1] or ""
        if (key := metric + text) not in known:
            known[key] = tally.series(metric, _labels(text))
        if (series := known[key]) is None:
            continue
        try:
            sample = _sample(found[2], found[3], last.get(series, -1), counts=tally.counts)
        except ValueError as error:
            problems.add(number, str(error), line)
            continue
        if sample is not None:
            last[series] = sample[0]
            tally.add(series, *sample)
    return [key for key, series in known.items() if series is None]


def _sample(value: str, when: str | None, last: int, *, counts: bool) -> tuple[int, float] | None:
    """Return the moment and the value, or None for a stale marker. Raises ValueError with what was expected."""
    if when is None:
        raise ValueError("a timestamp behind the value")
    try:
        at, shown = micros_of(when), float(value)
    except (ValueError, OverflowError):
        raise ValueError(FORM) from None
    if math.isnan(shown):
        return None
    if abs(shown) > MOST_EVENTS or (counts and shown < 0):
        raise ValueError("a value that a counter can have" if counts else "a finite value")
    if at <= last:
        raise ValueError("a time after the one before of the same series")
    return at, shown


def _labels(text: str) -> Mapping[str, str]:
    return {
        name: re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), value)
        for name, value in LABEL.findall(text)
    }

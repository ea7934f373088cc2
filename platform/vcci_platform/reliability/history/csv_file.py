"""A history in a CSV file: when each interval ended, how many events it had, and how many of them were bad or good.

The first line names the columns, in any order: `time`, `total`, and either `bad` or `good`; others are ignored. `time`
is the end of an interval, as ISO 8601 or seconds or milliseconds since 1970, and UTC unless it says otherwise. Commas,
semicolons or tabs part the columns. An interval begins where the one before ended; after a gap of more than four times
the usual interval only the last usual one is known, since nobody can tell when the events of the gap happened.
"""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from vcci_platform.reliability.history.lines import lines_of
from vcci_platform.reliability.history.moments import micros_of
from vcci_platform.reliability.history.recorded import HistoryUnreadable, Problems, Recorded
from vcci_platform.reliability.recorder import GAP_IN_ROUNDS
from vcci_slo.backtest.history import MOST_EVENTS, MOST_INCREMENTS, History, Moments

__all__ = ["read_csv"]

COLUMNS = "columns time, total and either bad or good in the first line"


def read_csv(path: Path) -> Recorded:
    """Return the history of a CSV file. A row that cannot be used leaves its interval unknown, and is named.

    Raises HistoryUnreadable if the columns are others, or if no row can be used.
    """
    problems = Problems()
    at, failed, every, lines = array("q"), array("d"), array("d"), array("q")
    for moment, bad, total, number in _rows(path, problems):
        at.append(moment)
        failed.append(bad)
        every.append(total)
        lines.append(number)
    if len(at) < 2:
        found = f"{len(at)}; {problems.lines[0].reason}" if problems.lines else str(len(at))
        raise HistoryUnreadable(f"expected at least two rows with a time and counts in {path}, found {found}")
    order = np.argsort(np.asarray(at, np.int64), kind="stable")
    times = np.asarray(at, np.int64)[order]
    again = np.concatenate(([False], times[1:] == times[:-1]))
    for place in order[again].tolist():
        problems.add(lines[place], "one row for each moment", "a second one for the same")
    kept, times = order[~again], times[~again]
    usual = int(np.median(np.diff(times))) if times.size > 1 else 1
    history = History.of_arrays(_starts(times, usual), times, np.asarray(failed)[kept], np.asarray(every)[kept])
    return Recorded(history, str(path), bad_lines=tuple(problems.lines), skipped=problems.count)


def _starts(times: Moments, usual: int) -> Moments:
    before = np.concatenate(([times[0] - usual], times[:-1]))
    return np.where(times - before > GAP_IN_ROUNDS * usual, times - usual, before)


def _rows(path: Path, problems: Problems) -> Iterator[tuple[int, float, float, int]]:
    """Yield (time, bad, total, line) of each row that can be used."""
    places: Mapping[str, int] | None = None
    delimiter = ","
    count = 0
    for number, line in lines_of(path):
        if not line.strip() or line.startswith("#"):
            continue
        if places is None:
            delimiter = max(",;\t", key=line.count)
            places = _columns(path, line, delimiter)
            continue
        cells = next(csv.reader([line], delimiter=delimiter), [])
        try:
            row = _row(cells, places)
        except ValueError as error:
            problems.add(number, str(error), line)
            continue
        count += 1
        if count > MOST_INCREMENTS:
            raise HistoryUnreadable(f"expected at most {MOST_INCREMENTS:,} rows in {path}")
        yield (*row, number)
    if places is None:
        raise HistoryUnreadable(f"expected {COLUMNS} of {path}, found nothing")


def _columns(path: Path, line: str, delimiter: str) -> Mapping[str, int]:
    names = [name.strip().lower().lstrip("\ufeff") for name in next(csv.reader([line], delimiter=delimiter))]
    places: dict[str, int] = {name: names.index(name) for name in ("time", "bad", "good", "total") if name in names}
    if not {"time", "total"} <= places.keys() or ("bad" in places) == ("good" in places):
        raise HistoryUnreadable(f"expected {COLUMNS} of {path}, found {', '.join(names)[:200]}")
    return places


def _row(cells: list[str], places: Mapping[str, int]) -> tuple[int, float, float]:
    """Return (time, bad, total). Raises ValueError with what was expected."""
    if len(cells) <= max(places.values()):
        raise ValueError("as many cells as the first line has")
    try:
        at = micros_of(cells[places["time"]].strip())
    except (ValueError, OverflowError):
        raise ValueError("a time in ISO 8601 or in seconds since 1970") from None
    try:
        total = float(cells[places["total"]])
        counted = float(cells[places["bad"] if "bad" in places else places["good"]])
    except ValueError:
        raise ValueError("counts that are numbers") from None
    if not (math.isfinite(total) and math.isfinite(counted) and 0 <= counted <= total <= MOST_EVENTS):
        raise ValueError("counts from 0 up to total")
    return at, counted if "bad" in places else total - counted, total

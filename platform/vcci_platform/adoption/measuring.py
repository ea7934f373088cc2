"""Asks what the guesses were worth in the last days: which share went well, how long it took, how high values rose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from vcci_platform.adoption.catalog import Catalog, Job, span_text
from vcci_platform.adoption.events import BUCKET, COUNT, Events, selector_of
from vcci_platform.adoption.exporters import Reading
from vcci_platform.adoption.prometheus import Questions, Result
from vcci_platform.adoption.promises import Measured, latency_of
from vcci_platform.asking import Refused, TooMuch
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import PROBE_METRIC

__all__ = ["Counted", "Read", "Verdict", "counted", "read"]

DAY = timedelta(days=1)
SHORTER = (DAY, timedelta(hours=1))
"""What is asked where a whole week is more than Prometheus wants to read at once."""

STEP = timedelta(minutes=5)
FINE = timedelta(minutes=1)
FINEST = timedelta(seconds=10)
# Every standard schema of native histograms has a boundary at the powers of two.
NATIVE_BOUNDS = (0.03125, 0.0625, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Counted:
    """What is known of events: how they ended, and (share, seconds) that were kept."""

    ended: Measured | None
    latencies: tuple[tuple[str, float], ...]
    timed: float = 0.0
    span: timedelta = FINE


@dataclass(frozen=True)
class Verdict:
    """A value's lowest and highest in a span, None where Prometheus had no answer."""

    lowest: float
    highest: float
    span: timedelta


@dataclass(frozen=True)
class Read:
    """What a value is now, how many series it has, how far it went; of a probe the moments at which all succeeded."""

    now: float
    series: int
    past: Verdict | None
    answered: Measured | None = None


def counted(questions: Questions, catalog: Catalog, job: Job, events: Events) -> Counted:
    """Return what was counted since the job is seen, for a week at most."""
    span = catalog.span(job)
    for within in (span, *(one for one in SHORTER if one < span)):
        try:
            return _counted(questions, catalog, job, events, within)
        except (Refused, TooMuch):
            continue
    return Counted(None, ())


def _counted(questions: Questions, catalog: Catalog, job: Job, events: Events, span: timedelta) -> Counted:
    window, selector = span_text(span), selector_of(job)
    ended: Measured | None = None
    if events.bad or events.errors:
        total = questions.number(f"sum(increase({events.total_of(selector)}[{window}]))", catalog.now)
        bad = questions.number(f"sum(increase({events.bad_of(selector)}[{window}]))", catalog.now) or 0.0
        if total is not None:
            total += bad if events.alone else 0.0
            ended = Measured(min(max(bad, 0.0), total), total, span)
    if not events.has_duration and not events.has_free_duration:
        return Counted(ended, (), 0.0, span)
    if events.native:
        timed, cumulative = _native(questions, catalog, events, selector, window)
        return Counted(ended, latency_of(cumulative, timed, NATIVE_BOUNDS), timed, span)
    timed = questions.number(f"sum(increase({events.timed_of(selector, COUNT)}[{window}]))", catalog.now) or 0.0
    found = questions.query(f"sum by (le) (increase({events.timed_of(selector, BUCKET)}[{window}]))", catalog.now)
    seconds = [bound / events.units for bound in events.buckets]
    return Counted(ended, latency_of(_by_bound(found, events.units), timed, seconds), timed, span)


def _by_bound(found: tuple[Result, ...], units: float) -> Mapping[float, float]:
    bounds: dict[float, float] = {}
    for one in found:
        try:
            bounds[float(one.labels.get("le", "")) / units] = one.value
        except ValueError:
            continue
    return bounds


def _native(
    questions: Questions, catalog: Catalog, events: Events, selector: str, window: str
) -> tuple[float, Mapping[float, float]]:
    grown = f"sum(increase({events.timed_of(selector, '')}[{window}]))"
    timed = questions.number(f"histogram_count({grown})", catalog.now) or 0.0
    found: dict[float, float] = {}
    for bound in NATIVE_BOUNDS:
        share = questions.number(f"histogram_fraction(0, {number(bound)}, {grown})", catalog.now)
        if share is not None:
            found[bound] = share * timed
    return timed, found


def read(questions: Questions, catalog: Catalog, job: Job, reading: Reading, *, past: bool) -> Read | None:
    """Return what a value is, None where it has none now; `past` asks how far it went as well."""
    expression = reading.value.replace("SELECTOR", selector_of(job))
    try:
        found = questions.query(expression, catalog.now)
    except (Refused, TooMuch):
        return None
    if not found:
        return None
    worst = max if reading.limit is None or reading.limit.side == "above" else min
    return Read(
        now=worst(one.value for one in found),
        series=len(found),
        past=_past(questions, catalog, job, expression, tuple(one.value for one in found)) if past else None,
        answered=_answered(questions, catalog, job) if reading.needs == (PROBE_METRIC,) else None,
    )


def _answered(questions: Questions, catalog: Catalog, job: Job) -> Measured | None:
    """Return at how many moments, one a minute, every probe of a job succeeded."""
    span = catalog.span(job)
    lowest = f"min({PROBE_METRIC}{{{selector_of(job)}}})"
    try:
        share = questions.number(f"avg_over_time(({lowest})[{span_text(span)}:{promql_duration(FINE)}])", catalog.now)
    except (Refused, TooMuch):
        return None
    moments = float(span // FINE)
    return None if share is None else Measured((1 - share) * moments, moments, span)


def _past(questions: Questions, catalog: Catalog, job: Job, expression: str, now: tuple[float, ...]) -> Verdict | None:
    """Return how far a value went, `now` included; None where Prometheus does not want to read that much."""
    whole = catalog.span(job)
    for span in (whole, *(one for one in SHORTER if one < whole)):
        step = STEP if span >= 4 * STEP else FINEST
        window = f"[{span_text(span)}:{promql_duration(step)}]"
        try:
            low = questions.query(f"min_over_time(({expression}){window})", catalog.now)
            high = questions.query(f"max_over_time(({expression}){window})", catalog.now)
        except (Refused, TooMuch):
            continue
        return Verdict(min((*now, *(one.value for one in low))), max((*now, *(one.value for one in high))), span)
    return None

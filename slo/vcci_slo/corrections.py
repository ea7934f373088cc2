"""Corrections: which time does not count, and what is left of an account without it. Pure arithmetic.

Excluded time leaves the bad events and all the events; it is never counted as good, and what was counted in it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from vcci_slo.burn import Traffic
from vcci_slo.plan import Correction
from vcci_slo.recurrence import days, parse_rule
from vcci_slo.windows import Span

__all__ = [
    "LONGEST",
    "LONGEST_RECURRING",
    "MOST_SHARE",
    "Corrected",
    "corrected",
    "merged",
    "occurrences",
    "problems",
    "spans_of",
    "within",
    "without",
]

LONGEST = timedelta(days=31)
"""Of one that happens once."""

LONGEST_RECURRING = timedelta(days=366)
"""From the first occurrence to the last. Once a year a person must say again that it is still right."""

MOST_SHARE = 0.25
"""Of its time one that repeats may take; more is no exception but a mute."""


@dataclass(frozen=True)
class Corrected:
    """The account of a window without its excluded time. `traffic.known` is the observed share of what counts.

    `excluded` is what was counted in the spans that do not count; its `known` is the observed share of those.
    """

    window: timedelta
    traffic: Traffic
    excluded: Traffic
    spans: tuple[Span, ...] = ()

    @property
    def excluded_for(self) -> timedelta:
        """How much of the window does not count."""
        return sum((span.length for span in self.spans), timedelta(0))

    @property
    def counted_for(self) -> timedelta:
        """How much of the window counts."""
        return self.window - self.excluded_for

    @property
    def unknown_for(self) -> timedelta:
        """How much of the time that counts was not observed: neither good nor bad."""
        return self.counted_for * (1 - self.traffic.known)


def corrected(window: Span, whole: Traffic, excluded: Sequence[tuple[Span, Traffic]]) -> Corrected:
    """Return what is left of a window without some spans, which lie inside it and do not overlap.

    What is taken out is never more than there was: two counts of the same events may differ by a rounding, or by
    the share of a sample that lies across an edge.

    >>> hour = Span(datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC))
    >>> half = Span(hour.start, hour.start + timedelta(minutes=30))
    >>> corrected(hour, Traffic(bad=11, total=1000), [(half, Traffic(bad=10, total=400))]).traffic
    Traffic(bad=1, total=600, known=1.0)
    """
    spans = tuple(span for span, _ in excluded)
    length, gone = window.length, sum((span.length for span in spans), timedelta(0))
    if not spans:
        return Corrected(length, whole, Traffic(0, 0, 0))
    seen_in = sum((counted.known * span.length for span, counted in excluded), timedelta(0))
    total_out = min(sum(counted.total for _, counted in excluded), whole.total)
    bad_out = min(sum(counted.bad for _, counted in excluded), whole.bad, total_out)
    total = whole.total - total_out
    bad = min(whole.bad - bad_out, total)
    left = length - gone
    known = min(max((whole.known * length - seen_in) / left, 0.0), 1.0) if left > timedelta(0) else 0.0
    out = Traffic(bad_out, total_out, min(seen_in / gone, 1.0) if gone else 0.0)
    return Corrected(length, Traffic(bad, total, known), out, spans)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same time as spans that are in order and do not touch."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        elif span.end > span.start:
            found.append(span)
    return tuple(found)


def within(spans: Iterable[Span], window: Span) -> tuple[Span, ...]:
    """Return the part of the spans that lies in a window, in order and without overlap."""
    return merged(
        Span(max(span.start, window.start), min(span.end, window.end))
        for span in spans
        if span.start < window.end and span.end > window.start
    )


def without(window: Span, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return what is left of a window outside of the spans, in order."""
    found: list[Span] = []
    start = window.start
    for span in within(spans, window):
        if span.start > start:
            found.append(Span(start, span.start))
        start = span.end
    if start < window.end:
        found.append(Span(start, window.end))
    return tuple(found)


def spans_of(corrections: Iterable[Correction], slo: str, window: Span) -> tuple[Span, ...]:
    """Return the time of a window that does not count for a promise."""
    return within(
        (span for correction in corrections if slo in correction.slos for span in occurrences(correction)), window
    )


@lru_cache(maxsize=1024)
def occurrences(correction: Correction) -> tuple[Span, ...]:
    """Return every span that a correction takes out, the first one first; none goes on after its end."""
    if not correction.repeats:
        return merged([Span(correction.start, correction.until)])
    found: list[Span] = []
    for start in _starts(correction):
        if start >= correction.until:
            break
        if start not in correction.skipped:
            found.append(Span(start, min(start + correction.lasts, correction.until)))
    return tuple(found)


def _starts(correction: Correction) -> Iterable[datetime]:
    """Yield when occurrences begin: at the same time on the wall, whatever the clocks do (RFC 5545, section 3.3.5)."""
    rule, zone = parse_rule(correction.repeats), ZoneInfo(correction.zone)
    first = correction.start.astimezone(zone)
    for day in days(rule, first.date(), correction.until.astimezone(zone).date()):
        local = first.replace(year=day.year, month=day.month, day=day.day, fold=0)
        start = local.astimezone(UTC)
        match rule.until:
            case datetime() as until:
                over = start > until if until.tzinfo else local.replace(tzinfo=None) > until
            case date() as last:
                over = day > last
            case None:
                over = False
        if over:
            return
        yield start


def problems(correction: Correction) -> list[tuple[str, str, str]]:
    """Return what is wrong with a correction: (key, expected, found). It must end, and must be an exception."""
    if correction.until <= correction.start:
        return [("until", "an end after its beginning", correction.until.isoformat())]
    if not correction.repeats:
        if correction.until - correction.start > LONGEST:
            return [("until", f"an end within {LONGEST.days} days", correction.until.isoformat())]
        return []
    try:
        parse_rule(correction.repeats)
    except ValueError as error:
        expected, _, found = str(error).removeprefix("expected ").partition(", got ")
        return [("repeats", expected, found)]
    if correction.until - correction.start > LONGEST_RECURRING:
        return [("until", f"an end within {LONGEST_RECURRING.days} days, after which somebody decides again",
                 correction.until.isoformat())]  # fmt: skip
    return _wrong_occurrences(correction)


def _wrong_occurrences(correction: Correction) -> list[tuple[str, str, str]]:
    starts = [start for start in _starts(correction) if start < correction.until]
    if correction.start not in starts:
        expected = f"the first of its occurrences, {starts[0].isoformat()}" if starts else "an occurrence of its rule"
        return [("from", expected, correction.start.isoformat())]
    found = [
        ("except", "the beginning of an occurrence", moment.isoformat())
        for moment in correction.skipped
        if moment not in starts
    ]
    taken = sum((span.length for span in merged(occurrences(correction))), timedelta(0))
    whole = max(correction.until - correction.start, timedelta(days=1))
    if taken > MOST_SHARE * whole and len(starts) > 1:
        share = f"{taken / whole:.0%} of the time"
        found.append(("lasts", f"at most {MOST_SHARE:.0%} of the time: more is no correction but a mute", share))
    return found

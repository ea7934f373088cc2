"""The ledger against plain sums: overlapping entries, gaps, and clocks that are set back.

Its two look-ups once took for granted that entries follow each other. Two targets of one account, of which one came
back after a gap, gave more bad events than events, and `/v1/slos` answered 500; a clock set back divided by zero.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcci_platform.reliability.ledger import Entry, Ledger
from vcci_slo.windows import Span

START = datetime(2026, 3, 2, tzinfo=UTC)


def at(milliseconds):
    return START + timedelta(milliseconds=milliseconds)


@st.composite
def entries(draw):
    end = draw(st.integers(-100_000, 600_000))
    length = draw(st.sampled_from([0, 1, 500, 15_000, 15_000, 60_000, 300_000]))
    total = draw(st.sampled_from([0, 1, 10, 10**9]))
    return Entry(at(end - length), at(end), length / 1000, draw(st.integers(0, total)), total)


def share(entry, span):
    if entry.start == entry.end:
        return float(span.start < entry.end <= span.end)
    inside = min(entry.end, span.end) - max(entry.start, span.start)
    return max(inside, timedelta(0)) / (entry.end - entry.start)


@settings(max_examples=300, deadline=None)
@given(st.lists(entries(), max_size=30), st.integers(-120_000, 620_000), st.integers(1, 400_000))
def test_any_span_is_the_sum_of_the_shares_of_its_entries(found, first, length):
    ledger = Ledger()
    ledger.add("errors", found)
    span = Span(at(first), at(first + length))

    counted = ledger.traffic("errors", span)

    assert 0 <= counted.bad <= counted.total
    assert counted.bad == pytest.approx(sum(share(entry, span) * entry.bad for entry in found), abs=1e-3)
    assert counted.total == pytest.approx(sum(share(entry, span) * entry.total for entry in found), abs=1e-3)
    seconds = sum(share(entry, span) * entry.seconds for entry in found)
    assert counted.known == pytest.approx(min(seconds * 1000 / length, 1), abs=1e-6)


def test_what_a_wrong_clock_put_into_the_future_is_not_known_now():
    ledger = Ledger()
    ledger.add("errors", [Entry(at(0), at(15_000), 15, 0, 1), Entry(at(900_000), at(915_000), 15, 0, 1)])

    assert ledger.last_end("errors", at(20_000)) == at(15_000)
    assert ledger.last_end("errors", at(10_000)) is None

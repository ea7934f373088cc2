"""The first line of `vcci spec validate --live`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vcci_platform.cli.spec_live import _headline
from vcci_platform.live.check import Check, PagesBefore

READ = PagesBefore("errors", 2, 0, 1, (), timedelta(days=7))
BLANK = PagesBefore("speed", 0, 0, 0, (), timedelta(0), "no samples were found")


@pytest.mark.parametrize(
    ("before", "told", "style"),
    [
        ((READ,), "the last 7 days would have brought 2 pages", "green"),
        ((READ, BLANK), "the last 7 days would have brought 2 pages; of 1 promise nobody can tell", "yellow"),
        ((BLANK,), "nobody can tell what the last 7 days would have brought", "yellow"),
    ],
)
def test_what_no_history_tells_is_no_good_news(before: tuple[PagesBefore, ...], told: str, style: str):
    """A Prometheus that was minutes old was said, in green, to have brought no page."""
    found = Check("shop", "http://prometheus", (), (), (), before, datetime(2026, 11, 23, tzinfo=UTC))

    line = _headline(Path("vcci.yaml"), found)

    assert str(line).endswith(told)
    assert line.style == style

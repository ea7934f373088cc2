"""What becomes of a budget, in every format of a report: the figure of the API, and never of time that has passed."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import pytest

from support.reported import NOW, ZONE, Counted, october, pages, shop, squeezed, unescaped
from vcci_platform.reliability.reports import FORMATS, Memory, render
from vcci_platform.reliability.reports.periods import Period
from vcci_platform.reliability.status import status_of
from vcci_platform.reliability.views import SloView
from vcci_slo.burn import Traffic

NOVEMBER = Period("month", date(2026, 11, 1), date(2026, 11, 30), ZONE)
DAY = timedelta(days=1)


class Burning(Counted):
    """Four of a thousand fail each hour since midnight, which was ten hours and a half ago; nothing failed before."""

    bad_days = MappingProxyType({date(2026, 11, 3): 4.0})
    unseen = silent = frozenset()
    half_seen = MappingProxyType({})


class Blind(Counted):
    """Nothing was ever seen."""

    def traffic(self, slo, span):
        return Traffic(0.0, 0.0, 0.0)


def november(source=None):
    return october(source=source or Burning(), chronicle=Memory(), period=NOVEMBER)


def told_by_api(source):
    plan = shop()
    status = status_of(plan.slo("errors"), source, NOW, plan.calendar.timezone)
    return SloView.of(status, source.name, self_reported=True, time_scale=1)


def test_it_is_the_forecast_of_the_api_to_the_second():
    """42 of 720 bad events are spent, four go each hour of which the budget allows one, and none leaves the window."""
    forecast = json.loads(render(november(), "json"))["promises"][0]["forecast"]

    said = told_by_api(Burning())
    left = 720 - 10.5 * 4
    assert forecast["words"] == said.outlook == "gone in 7 days 2 hours"
    assert forecast["gone_in_minutes"] * 60 == said.exhausted_in_seconds == pytest.approx(left / 4 * 3600, rel=0.01)
    assert (forecast["over_minutes"], forecast["rate"]) == (60, pytest.approx(4.0))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_tells_it(form):
    content = render(november(), form)
    text = "".join(pages(content)) if form == "pdf" else unescaped(content.decode())

    assert squeezed(told_by_api(Burning()).outlook) in squeezed(text)


def test_people_read_at_which_pace():
    text = unescaped(render(november(), "md").decode())

    assert (
        "Forecast: the budget of 30d is gone in 7 days 2 hours. "
        "That is at the pace of the last 1 hour, 4 times what the budget allows." in text
    )


def test_a_sheet_has_it_beside_the_account_of_the_period():
    rows = list(csv.DictReader(io.StringIO(render(november(), "csv").decode(), newline="")))

    (told,) = [row for row in rows if row["forecast"]]
    assert (told["row"], told["forecast"]) == ("period", told_by_api(Burning()).outlook)
    assert float(told["gone_in_minutes"]) * 60 == told_by_api(Burning()).exhausted_in_seconds


@pytest.mark.parametrize("form", ["md", "html", "csv"])
def test_what_nobody_has_seen_has_no_forecast(form):
    report = november(Blind())

    assert report.promises[0].forecast is None
    assert "unknown" in render(report, form).decode()
    assert "lasts" not in render(report, form).decode()


def test_a_period_that_has_passed_has_none():
    report = october(now=datetime(2026, 11, 3, 9, 30, tzinfo=UTC))

    assert report.promises[0].forecast is None
    assert json.loads(render(report, "json"))["promises"][0]["forecast"] is None
    assert "Forecast" not in render(report, "md").decode()

"""A report of an invented month: kept and missed days, a gap, a silent day, a correction, an incident, a release."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from types import MappingProxyType

from pypdf import PdfReader

from vcci_platform.reliability.accounting import Occasion
from vcci_platform.reliability.reports import Wanted, gather
from vcci_platform.reliability.reports.periods import Period
from vcci_slo.burn import Traffic
from vcci_slo.plan import Correction
from vcci_slo.testing import a_plan

__all__ = [
    "NOW",
    "OCTOBER",
    "ZONE",
    "Counted",
    "Remembered",
    "Texts",
    "a_correction",
    "october",
    "pages",
    "shop",
    "squeezed",
    "unescaped",
    "whole",
]

ZONE = "Europe/Berlin"
NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
OCTOBER = Period("month", date(2026, 10, 1), date(2026, 10, 31), ZONE)


class Counted:
    """A source that counts evenly: so many events an hour, of which a few are bad on bad days."""

    name = "a test's source"
    self_reported = True
    keeps = timedelta(days=50)
    resolution = "Counts are invented."

    hourly = 1000.0
    bad_days = MappingProxyType({date(2026, 10, 6): 12.0, date(2026, 10, 7): 3.0, date(2026, 10, 20): 0.5})
    unseen = frozenset({date(2026, 10, 12), date(2026, 10, 13)})
    half_seen = MappingProxyType({date(2026, 10, 14): 0.4})
    silent = frozenset({date(2026, 10, 18)})

    def __init__(self, zone=ZONE):
        self.zone = zone
        self.asked = []

    def traffic(self, slo, span):
        self.asked.append(span)
        bad = total = seen = 0.0
        day = Period("range", *(moment.date() for moment in (span.start - timedelta(days=1), span.end)), self.zone)
        for each in day.days:
            whole = day.of(each)
            start, end = max(whole.start, span.start), min(whole.end, span.end)
            hours = (end - start) / timedelta(hours=1)
            if hours <= 0 or each in self.unseen:
                continue
            known = self.half_seen.get(each, 1.0)
            seen += hours * known
            if each in self.silent:
                continue
            total += self.hourly * hours * known
            bad += self.bad_days.get(each, 0.0) * hours * known
        return Traffic(bad, total, seen / (span.length / timedelta(hours=1)))

    def each(self, slo, spans):
        return tuple(self.traffic(slo, span) for span in spans)

    def history(self, slo, span, step):
        raise NotImplementedError

    def groups(self, slo, span):
        return {}

    def first_seen(self, slo, span, labels=()):
        return span.start

    def alerts(self):
        return ()


class Remembered:
    """What happened: one planned change that is taken out, one incident, one release."""

    unknown = ""
    why = "announced on 1 October"
    cut = (datetime(2026, 10, 20, 4, tzinfo=UTC), timedelta(hours=2))

    def corrections(self):
        start, length = self.cut
        return (a_correction("upgrade", start, length, why=self.why),)

    def occasions(self, slo, span):
        start = datetime(2026, 10, 6, 8, tzinfo=UTC)
        return (
            Occasion("release", "v2.14", "Version 2.14", "", start - timedelta(minutes=10), start),
            Occasion("incident", "I-17", "Requests fail after the release", "P1", start, start + timedelta(hours=24)),
        )


def a_correction(name, start, length, *, who="maria", why="because", slos=("errors", "fresh"), **more):
    """Return a correction that takes a span out once."""
    return Correction(name, "change", slos, start, start + length, ZONE, who, why, **more)


def shop(**sections):
    return a_plan(calendar={"timezone": ZONE}, **sections)


def october(plan=None, *, source=None, chronicle=None, period=OCTOBER, wanted=None, now=NOW):
    return gather(
        plan or shop(),
        source or Counted(),
        period,
        wanted or Wanted(("errors",)),
        now=now,
        chronicle=chronicle or Remembered(),
    )


TWO = {
    "errors": {"good": "api.requests", "objective": "99.9%"},
    "fresh": {"holds": "api.oldest", "below": "30m", "objective": "99%"},
}


def whole():
    return october(shop(slos=TWO), wanted=Wanted())


def pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def squeezed(text: str) -> str:
    """Return a text without spaces, which a PDF sets as it likes."""
    return re.sub(r"\s+", "", text)


def unescaped(markdown: str) -> str:
    return re.sub(r"\\(.)", r"\1", markdown)


class Texts(HTMLParser):
    """The text of a page, what it loads, and what would run in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)

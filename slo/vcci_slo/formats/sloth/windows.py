"""Catalogs of alert windows: for each period, how much budget a page or a ticket spends within which windows.

Burn factors are computed in Sloth's own order of floating-point steps, since every digit of them is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from vcci_slo.formats.sloth.decoding import Record, Style, Unknowns
from vcci_slo.formats.sloth.durations import parse_duration
from vcci_slo.formats.sloth.errors import SlothError
from vcci_slo.formats.sloth.go import duration, quote
from vcci_slo.formats.sloth.yaml_tree import read_tree

__all__ = ["BUILT_IN", "Catalog", "Window", "Windows", "hours", "read_catalog", "read_windows"]

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Window:
    """A share of the budget, in percent, gone within `long`; `short` says that it is still being spent."""

    budget_percent: float
    short: timedelta
    long: timedelta


@dataclass(frozen=True)
class Windows:
    """The four tiers of one period."""

    period: timedelta
    page_quick: Window
    page_slow: Window
    ticket_quick: Window
    ticket_slow: Window

    def factor(self, window: Window) -> float:
        """Return how many times faster than evenly the budget is spent at a tier's limit.

        >>> google_28d = BUILT_IN[timedelta(days=28)]
        >>> google_28d.factor(google_28d.page_slow)
        5.6000000000000005
        """
        return window.budget_percent * hours(self.period) / 100 / hours(window.long)

    @property
    def tiers(self) -> Mapping[str, Window]:
        """The tiers by the names that messages use, in the order in which they are checked."""
        return {
            "page quick": self.page_quick,
            "page slow": self.page_slow,
            "ticket quick": self.ticket_quick,
            "ticket slow": self.ticket_slow,
        }


Catalog = Mapping[timedelta, Windows]


def hours(length: timedelta) -> float:
    """Return a span in hours, whole ones and the rest added up as Go does it."""
    whole, rest = divmod(length, _HOUR)
    return whole + rest / _HOUR


def _google(days: int) -> Windows:
    """Return the tiers of the SRE workbook, chapter 5, with Sloth's fourth."""
    minute = timedelta(minutes=1)
    return Windows(
        period=timedelta(days=days),
        page_quick=Window(2, 5 * minute, _HOUR),
        page_slow=Window(5, 30 * minute, 6 * _HOUR),
        ticket_quick=Window(10, 2 * _HOUR, 24 * _HOUR),
        ticket_slow=Window(10, 6 * _HOUR, 72 * _HOUR),
    )


BUILT_IN: Catalog = {timedelta(days=days): _google(days) for days in (28, 30)}
"""What Sloth knows unless a folder of windows is named."""


def read_windows(text: str) -> Windows:
    """Return the windows of an `AlertWindows` file. Raises SlothError, in Sloth's words."""
    if not text:
        raise SlothError("spec is required")
    try:
        root = Record(read_tree(text), "AlertWindows", ("apiVersion", "kind", "spec"), Style.YAML, Unknowns())
        kind = (root.text("apiVersion"), root.text("kind"))
        spec = root.record("spec", "Spec", ("sloPeriod", "page", "ticket"))
        page, ticket = (spec.record(name, "QuickSlowWindow", ("quick", "slow")) for name in ("page", "ticket"))
        windows = Windows(
            period=_duration(spec, "sloPeriod"),
            page_quick=_window(page, "quick"),
            page_slow=_window(page, "slow"),
            ticket_quick=_window(ticket, "quick"),
            ticket_slow=_window(ticket, "slow"),
        )
    except SlothError as error:
        raise error.during("could not unmarshall YAML spec correctly") from None
    if kind != ("sloth.slok.dev/v1", "AlertWindows"):
        raise SlothError("invalid spec version")
    _check(windows)
    return windows


def read_catalog(files: Mapping[str, str]) -> tuple[Catalog, tuple[str, ...]]:
    """Return the catalog of a folder, given as texts by their paths, and what is worth a warning.

    The same windows twice are a warning, different ones for one period an error.
    """
    found: dict[timedelta, Windows] = {}
    warnings: list[str] = []
    for path, text in files.items():
        try:
            windows = read_windows(text)
        except SlothError as error:
            raise error.during(f"could not load {quote(path)} alert windows") from None
        period = quote(duration(windows.period))
        if found.setdefault(windows.period, windows) != windows:
            raise SlothError(f"{period} slo period is already loaded")
        if found[windows.period] is not windows:
            warnings.append(f"Identical {period} slo periods have been loaded multiple times")
    return found, tuple(warnings)


def _check(windows: Windows) -> None:
    if not windows.period:
        raise SlothError("invalid alerting window: slo period is required")
    for name, window in windows.tiers.items():
        missing = {
            "long window": not window.long,
            "short window": not window.short,
            "error budget": not window.budget_percent,
        }
        for what, absent in missing.items():
            if absent:
                raise SlothError(f"invalid alerting window: invalid {name}: {what} is required")


def _window(owner: Record, name: str) -> Window:
    window = owner.record(name, "Window", ("errorBudgetPercent", "shortWindow", "longWindow"))
    return Window(
        budget_percent=window.number("errorBudgetPercent"),
        short=_duration(window, "shortWindow"),
        long=_duration(window, "longWindow"),
    )


def _duration(owner: Record, name: str) -> timedelta:
    return parse_duration(owner.text(name)) if name in owner.values else timedelta(0)

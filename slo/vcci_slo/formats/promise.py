"""A promise as every format can be understood: what each reader gives, and what our spec is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from vcci_slo.formats.notes import Origin
from vcci_slo.plan.organisation import Priority
from vcci_slo.promql.matchers import Matcher

__all__ = ["Burn", "ErrorRatio", "Gauge", "Limit", "NativeLatency", "Promise", "Ratio", "Sli", "percent"]


@dataclass(frozen=True)
class Ratio:
    """Queries with WINDOW: `part` of `total`, where the part are the bad events, or the good ones."""

    part: str
    total: str
    good: bool = False
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class ErrorRatio:
    """A query with WINDOW that is a ratio from 0 to 1: of errors, or of `good` ones."""

    query: str
    good: bool = False


@dataclass(frozen=True)
class Limit:
    """A value that shall stay on one side of a limit. `strict` leaves the limit itself out."""

    query: str
    side: Literal["below", "above"]
    limit: float
    strict: bool


@dataclass(frozen=True)
class NativeLatency:
    """Events of a native histogram that took at most `within`."""

    metric: str
    matchers: tuple[Matcher, ...]
    within: timedelta
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gauge:
    """Series that are 1 while all is well and 0 while it is not; each sample is an event."""

    series: str
    by: tuple[str, ...] = ()


Sli = Ratio | ErrorRatio | Limit | NativeLatency | Gauge


@dataclass(frozen=True)
class Burn:
    """An alert on the pace of spending: `spends` that share of the budget `within` a time, `still` in a shorter one.

    With neither it is a tier of ours by its name.
    """

    name: str
    priority: Priority
    spends: float | None = None
    within: timedelta | None = None
    still: timedelta | None = None


@dataclass(frozen=True)
class Promise:
    """One promise. `percent` is exact text; `window` a length, or the time zone whose months are meant."""

    origin: Origin
    service: str
    name: str
    percent: str
    sli: Sli
    window: timedelta | str
    burns: tuple[Burn, ...]
    title: str | None = None
    about: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    silence: tuple[timedelta, Priority] | None = None


def percent(ratio: float | str | Decimal, *, of: Literal[1, 100]) -> str:
    """Return a share as exact text, from the shortest digits that mean the number.

    >>> percent(0.999, of=1), percent(99.95, of=100), percent("0.1", of=100)
    ('99.9%', '99.95%', '0.1%')
    """
    exact = Decimal(repr(ratio)) if isinstance(ratio, float | int) else Decimal(ratio)
    return f"{(exact * (100 // of)).normalize():f}%"

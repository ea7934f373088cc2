"""What may be promised: objectives that the last days kept, limits that they did not come near."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from vcci_slo.promql.durations import promql_duration

__all__ = ["Kept", "Measured", "bucket_text", "latency_of", "limit_above", "objective_of"]

LADDER = ("99.9%", "99.5%", "99%", "98%", "95%")
"""Objectives to begin with, the highest first. Below the last, a total outage could not burn fast enough to be seen."""

HEADROOM = 2.0
"""What is promised would have spent at most half of its budget."""

RULE_OF_THREE = 3.0
"""Events without a failure tell that at most 3 in as many fail, with 95 % confidence. Hanley, Lippman-Hand, 1983."""

LATENCIES = ("95%", "99%")
AGES = (60, 300, 900, 1800, 3600, 6 * 3600, 86_400, 2 * 86_400, 7 * 86_400)


@dataclass(frozen=True)
class Measured:
    """What was counted in a span; None where Prometheus had no answer."""

    bad: float
    total: float
    span: timedelta

    @property
    def good(self) -> float:
        """The share that was good."""
        return 1 - self.bad / self.total if self.total else 0.0


@dataclass(frozen=True)
class Kept:
    """An objective, or why there is none."""

    objective: str
    why: str


def objective_of(measured: Measured | None, ladder: Sequence[str] = LADDER) -> Kept:
    """Return the highest objective that was kept with half of its budget left, and by enough events to tell.

    >>> objective_of(Measured(bad=2, total=10_000, span=timedelta(days=6))).objective
    '99.9%'
    >>> objective_of(Measured(bad=0, total=400, span=timedelta(days=6))).objective
    '99%'
    """
    if measured is None or measured.total <= 0:
        return Kept("", "nothing was counted, so nothing is promised yet")
    for objective in ladder:
        budget = 1 - float(objective.rstrip("%")) / 100
        enough = RULE_OF_THREE / measured.total <= budget * (1 + 1e-9)
        if enough and HEADROOM * measured.bad / measured.total <= budget * (1 + 1e-9):
            return Kept(objective, "")
    if RULE_OF_THREE / measured.total > 1 - float(ladder[-1].rstrip("%")) / 100:
        return Kept("", f"only {measured.total:.0f} events were counted, too few to promise anything")
    return Kept("", f"only {percent(measured.good)} went well, which nobody would promise")


def latency_of(
    cumulative: Mapping[float, float], total: float, buckets: Iterable[float]
) -> tuple[tuple[str, float], ...]:
    """Return (share, bucket in seconds) that were kept: the smallest bucket for each share, the shares ascending.

    `cumulative` gives the events up to each bucket. A bucket that a spec cannot name, below a millisecond, is left out.
    """
    found: list[tuple[str, float]] = []
    for share in LATENCIES:
        budget = 1 - float(share.rstrip("%")) / 100
        if total <= 0 or RULE_OF_THREE / total > budget * (1 + 1e-9):
            continue
        for bucket in sorted(buckets):
            if not bucket_text(bucket) or bucket not in cumulative:
                continue
            if HEADROOM * (total - cumulative[bucket]) / total <= budget * (1 + 1e-9):
                if not found or found[-1][1] < bucket:
                    found.append((share, bucket))
                break
    return tuple(found)


def bucket_text(seconds: float) -> str:
    """Return a bucket as a spec names it, nothing if it cannot.

    >>> bucket_text(2.5), bucket_text(0.005), bucket_text(0.0025)
    ('2s500ms', '5ms', '')
    """
    milliseconds = seconds * 1000
    if milliseconds < 1 or abs(milliseconds - round(milliseconds)) > 1e-9 * milliseconds or seconds > 10**9:
        return ""
    return promql_duration(timedelta(milliseconds=round(milliseconds)))


def limit_above(highest: float) -> str:
    """Return a limit at least twice as high as a value ever was, as an age; nothing if no limit makes sense.

    >>> limit_above(100.0), limit_above(10.0**7)
    ('5m', '')
    """
    found = next((limit for limit in AGES if limit >= HEADROOM * highest), None)
    return "" if found is None else promql_duration(timedelta(seconds=found))


def percent(share: float) -> str:
    """Return a share as people say it, never rounded up to everything.

    >>> percent(0.99999999), percent(1.0), percent(0.9987)
    ('99.9999%', '100%', '99.87%')
    """
    if share >= 1:
        return "100%"
    return f"{min(float(f'{share * 100:.6g}'), 99.9999):g}%"

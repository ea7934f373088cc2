"""Days of requests whose true counts are known: daily waves, noise, restarts, and incidents of every size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from support.remote_write import Floats, Millis, Writer

__all__ = ["MINUTE", "Traffic", "made"]

MINUTE = 60_000
DAY_MINUTES = 24 * 60
CODES = (("200", 0.9, False), ("404", 0.1, False), ("500", 0.7, True), ("503", 0.3, True))
"""Status, its share of good or of bad requests, and which: half of the series count errors."""

BASE_ERRORS = 0.0004
PEAK_TO_TROUGH = 10


@dataclass(frozen=True)
class Traffic:
    """Counters of one job, scraped every minute; `requests` and `errors` are the true events of each minute.

    The events of minute `i` are those between the scrapes `i - 1` and `i`.
    """

    job: str
    labels: tuple[Mapping[str, str], ...]
    times: Millis
    counters: Floats
    requests: Floats
    errors: Floats

    def true_ratio(self, end: int, minutes: int) -> float:
        """Return bad events over all events in the `minutes` before `end`, or since the history began."""
        last = int(np.searchsorted(self.times, end, side="right"))
        cut = slice(max(1, last - minutes), last)
        return float(self.errors[cut].sum() / self.requests[cut].sum())

    def write(self, writer: Writer) -> None:
        """Write every counter into a Prometheus."""
        writer.write(self.labels, self.times, self.counters)


def made(job: str, *, series: int, days: float, end: int, seed: int, restarts: bool = False) -> Traffic:
    """Return the traffic of `series` counters that were scraped each minute until `end`, in milliseconds.

    The day's peak is ten times its trough, pods weigh differently, and requests fail in an hour of a night, in twenty
    minutes of a peak, slowly for most of a day, and just now. With `restarts` each pod starts again once.
    """
    pods = 4 if series < 400 else 10
    endpoints = series // (pods * len(CODES))
    if endpoints * pods * len(CODES) != series:
        raise ValueError(f"expected a multiple of {pods * len(CODES)} series, got {series}")
    chance = np.random.default_rng(seed)
    minutes = round(days * DAY_MINUTES)
    times = end - MINUTE * np.arange(minutes - 1, -1, -1, dtype=np.int64)
    errors = _error_share(minutes)
    wave = _wave(times) * chance.lognormal(0, 0.1, minutes)
    labels: list[Mapping[str, str]] = []
    events = np.empty((series, minutes))
    shares = chance.dirichlet(np.full(endpoints * pods, 4.0))
    for row, ((endpoint, pod), (code, share, bad)) in enumerate(product(np.ndindex(endpoints, pods), CODES)):
        labels.append(
            {
                "__name__": "http_requests_total",
                "job": job,
                "endpoint": f"/v1/{endpoint}",
                "pod": f"{job}-{pod}",
                "code": code,
            }
        )
        weight = 60_000 * shares[endpoint * pods + pod] * share
        events[row] = chance.poisson(weight * wave * (errors if bad else 1 - errors))
    counters = np.cumsum(events, axis=1)
    if restarts:
        _restart(counters, events, labels, chance)
    is_error = np.array([each["code"].startswith("5") for each in labels])
    return Traffic(job, tuple(labels), times, counters, events.sum(axis=0), events[is_error].sum(axis=0))


def _wave(times: Millis) -> Floats:
    """Return the traffic of each minute, from 1 at three in the morning to the peak in the afternoon."""
    phase = 2 * np.pi * ((times // MINUTE) % DAY_MINUTES - 3 * 60) / DAY_MINUTES
    result: Floats = 1 + (PEAK_TO_TROUGH - 1) * (1 - np.cos(phase)) / 2
    return result


def _error_share(minutes: int) -> Floats:
    """Return the share of requests that fail in each minute, the last of which is now."""
    share = np.full(minutes, BASE_ERRORS)
    now = minutes
    for ago_days, length, level in ((6.5, 60, 0.3), (4.2, 20, 0.3), (2.5, 900, 0.004), (0.6, 45, 0.05)):
        start = now - round(ago_days * DAY_MINUTES)
        if start >= 0:
            share[start : start + length] = level
    share[now - 25 :] = 0.02
    return share


def _restart(counters: Floats, events: Floats, labels: list[Mapping[str, str]], chance: np.random.Generator) -> None:
    """Let each pod start again from zero at a moment of its own; what it counts until its next scrape is not lost."""
    moments: dict[str, int] = {}
    for row, each in enumerate(labels):
        moment = moments.setdefault(each["pod"], int(chance.integers(60, counters.shape[1] - 60)))
        counters[row, moment:] -= counters[row, moment] - events[row, moment]

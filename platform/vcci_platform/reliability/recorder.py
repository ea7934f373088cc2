"""The recorder: looks at the service and probes it from outside, and counts what happened since the last look."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from vcci_platform.clock import Clock
from vcci_platform.reliability.accounts import accounts, counts, metrics_of
from vcci_platform.reliability.reading import read
from vcci_platform.reliability.samples import Labels, Samples, parse
from vcci_platform.reliability.store import BECAME, Change, Increment, IncrementStore, Look
from vcci_platform.telemetry import logs
from vcci_slo import Plan
from vcci_slo.plan import LimitIndicator, ProbeIndicator
from vcci_slo.promql.indicators import PROBE_METRIC

__all__ = ["Observation", "ProbeTarget", "Recorder", "ScrapeTarget"]

GAP_IN_ROUNDS = 4
"""A look that comes later than this many rounds leaves a gap: events are still counted, but time stays unknown."""

PATIENCE_SECONDS = 5.0
EXPOSITION = "text/plain; version=0.0.4"

log = logs.get(__name__)


@dataclass(frozen=True)
class ScrapeTarget:
    """Where metrics are read, and the labels that its series get."""

    name: str
    url: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ProbeTarget:
    """What is asked from outside, and the labels of the answer."""

    component: str
    url: str
    labels: tuple[tuple[str, str], ...]
    timeout_seconds: float


@dataclass(frozen=True)
class Observation:
    """What one round saw: everything that is known of this moment, and who did not answer."""

    at: datetime
    samples: Samples
    silent: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict[str, str])


class Recorder:
    """Rounds of looking. One object keeps the last look in memory and in its store."""

    def __init__(
        self,
        plan: Plan,
        store: IncrementStore,
        client: httpx.Client,
        clock: Clock,
        *,
        scrapes: Sequence[ScrapeTarget],
        probes: Sequence[ProbeTarget],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._store = store
        self._client = client
        self._clock = clock
        self._monotonic = monotonic
        self._scrapes = tuple(scrapes)
        self._probes = tuple(probes)
        self._accounts = accounts(plan)
        self._metrics = metrics_of(plan)
        self._before: dict[str, Look] | None = None
        self._last_round: datetime | None = None
        self._hands = ThreadPoolExecutor(max_workers=max(len(self._scrapes) + len(self._probes), 1))

    def round(self) -> Observation:
        """Look at everything once, keep what was counted, and return what was seen."""
        at = self._clock.now()
        if self._before is None:
            self._before = self._store.looks()
        answers = dict(zip(self._scrapes, self._hands.map(self._scrape, self._scrapes), strict=True))
        probed = list(self._hands.map(self._probe, self._probes))
        now: dict[str, Samples] = {
            target.name: found for target, found in answers.items() if not isinstance(found, str)
        }
        problems = {target.name: found for target, found in answers.items() if isinstance(found, str)}
        everything = _joined([*now.values(), _as_samples(probed, self._probes)])
        looks = {name: Look(at, samples) for name, samples in now.items()}
        changes = [change for name, seen in looks.items() for change in _changes(name, self._before.get(name), seen)]
        self._store.keep(self._increments(at, everything, looks, self._before), looks, changes)
        self._before |= looks
        self._last_round = at
        for name, problem in problems.items():
            log.warning("target_silent", target=name, reason=problem)
        return Observation(at, everything, tuple(problems), problems)

    def close(self) -> None:
        """Let go of the connections."""
        self._hands.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _increments(
        self, at: datetime, everything: Samples, looks: Mapping[str, Look], last: Mapping[str, Look]
    ) -> list[Increment]:
        found: list[Increment] = []
        longest = GAP_IN_ROUNDS * self._plan.scrape_every
        for account in self._accounts:
            if isinstance(account.indicator, ProbeIndicator | LimitIndicator):
                start = _between(at - longest, self._last_round or at - self._plan.scrape_every, at)
                for key, counted in counts(account, None, everything).items():
                    found.append(Increment(key, start, at, counted.bad, counted.total))
                continue
            for name, look in looks.items():
                before = last.get(name)
                if before is None:
                    continue
                # After a gap the events are all there, but when they happened and what else did is not.
                start = _between(at - longest, before.at, at)
                for key, counted in counts(account, _since(before, look), look.samples).items():
                    found.append(Increment(key, start, at, counted.bad, counted.total))
        return found

    def _scrape(self, target: ScrapeTarget) -> Samples | str:
        """Return what a target shows, or why it cannot be read."""
        try:
            text = self._read(target.url, self._client.timeout.read or PATIENCE_SECONDS)
            return parse(text, dict(target.labels), only=self._metrics)
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"
        except ValueError as error:
            return f"not an exposition: {error}"

    def _probe(self, target: ProbeTarget) -> bool:
        """Return whether the component answers 2xx in time."""
        try:
            self._read(target.url, target.timeout_seconds)
        except (httpx.HTTPError, ValueError):
            return False
        return True

    def _read(self, url: str, seconds: float) -> str:
        return read(self._client, url, accept=EXPOSITION, seconds=seconds, monotonic=self._monotonic)


def _between(earliest: datetime, last: datetime, now: datetime) -> datetime:
    """Return when the last look was, no earlier than that; now, where the clock was set back in between."""
    return min(max(earliest, last), now)


def _changes(name: str, before: Look | None, look: Look) -> list[Change]:
    """Return what changed in a target between two looks."""
    if before is None:
        return []
    found: list[Change] = []
    old, new = _version(before.samples) or "unknown", _version(look.samples) or "unknown"
    if old != new:
        found.append(Change(look.at, name, "deployed", f"{name}: version {old}{BECAME}{new}"))
    if _started(before.samples) != _started(look.samples):
        found.append(Change(look.at, name, "restarted", f"{name} started anew"))
    return found


def _since(before: Look, after: Look) -> Samples:
    """Return what counters are compared with: nothing, if the process is another one, since it began at zero."""
    return before.samples if _started(before.samples) == _started(after.samples) else {}


def _started(samples: Samples) -> float | None:
    return next(iter(samples.get("process_start_time_seconds", {}).values()), None)


def _version(samples: Samples) -> str:
    return next((dict(labels).get("version", "") for labels in samples.get("vcci_build_info", {})), "")


def _as_samples(answers: Sequence[bool], targets: Sequence[ProbeTarget]) -> Samples:
    series: dict[Labels, float] = {
        tuple(sorted(target.labels)): float(answer) for target, answer in zip(targets, answers, strict=True)
    }
    return {PROBE_METRIC: series} if series else {}


def _joined(parts: Sequence[Samples]) -> Samples:
    joined: dict[str, dict[Labels, float]] = {}
    for part in parts:
        for name, series in part.items():
            joined.setdefault(name, {}).update(series)
    return joined

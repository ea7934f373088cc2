"""Which releases a Prometheus saw: the label `version` of `<name>_build_info`, after the custom of its exporters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vcci_platform.asking import Asker, AskingError, data_of
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_platform.reliability.store import BECAME, Change
from vcci_slo import Plan
from vcci_slo.promql.matchers import selector
from vcci_slo.promql.series import version_metric
from vcci_slo.windows import Span

__all__ = ["Deployments"]

STEPS: Final = 1_000
"""A month is looked at every 43 minutes, then each release to the evaluation of its rules, or nearly."""

KEPT_ANSWERS: Final = 8

Seen = Mapping[str, Mapping[int, frozenset[str]]]
"""For each job the versions at each step, where any was scraped."""


class Deployments:
    """Asks one Prometheus when another version began to run in a job. What ran already, nobody deployed here."""

    def __init__(self, asker: Asker, plan: Plan) -> None:
        self._asker = asker
        self._query = f"count by (job, version) ({selector(version_metric(plan.name), plan.selector)})"
        self._finest = plan.scrape_every
        self._known: dict[Span, tuple[Change, ...] | None] = {}

    def between(self, span: Span) -> tuple[Change, ...] | None:
        """Return every new version that was seen in a span or in as much time before it, the oldest first.

        None where nothing says which version runs. Raises SourceUnavailable.
        """
        if span not in self._known:
            while len(self._known) >= KEPT_ANSWERS:
                del self._known[next(iter(self._known))]
            self._known[span] = self._asked(Span(span.start - span.length, span.end))
        return self._known[span]

    def _asked(self, span: Span) -> tuple[Change, ...] | None:
        step = max(span.length / STEPS, self._finest)
        seen = self._seen(span, step)
        if not seen:
            return None
        found = [
            Change(self._since(span, step, place, job, new), job, "deployed", f"{job}: version {old}{BECAME}{new}")
            for job, versions in seen.items()
            for place, old, new in _deployed(versions)
        ]
        return tuple(sorted(found, key=lambda change: (change.at, change.target)))

    def _since(self, span: Span, step: timedelta, place: int, job: str, version: str) -> datetime:
        """Return when a version was first seen, within the step at whose end it was there."""
        end = span.start + place * step
        finer = max(step / STEPS, self._finest)
        if finer >= step:
            return end
        inside = self._seen(Span(end - step, end), finer).get(job, {})
        places = [number for number, versions in sorted(inside.items()) if version in versions]
        return end - step + places[0] * finer if places else end

    def _seen(self, span: Span, step: timedelta) -> Seen:
        limits = {"start": f"{span.start.timestamp():.3f}", "end": f"{span.end.timestamp():.3f}"}
        every = step.total_seconds()
        try:
            data = data_of(self._asker, "query_range", {"query": self._query, "step": f"{every:.3f}", **limits})
            return _by_job(data, span.start, every)
        except AskingError as error:
            raise SourceUnavailable(str(error)) from None
        except (KeyError, TypeError, ValueError) as error:
            raise SourceUnavailable(str(self._asker.odd(f"{type(error).__name__}: {error}"))) from None


def _by_job(data: Mapping[str, Any], start: datetime, every: float) -> Seen:
    found: dict[str, dict[int, frozenset[str]]] = {}
    since = start.astimezone(UTC).timestamp()
    for series in data["result"]:
        job, version = str(series["metric"].get("job", "")), str(series["metric"].get("version", ""))
        places = found.setdefault(job, {})
        for moment, _ in series["values"] if version else ():
            place = round((float(moment) - since) / every)
            places[place] = places.get(place, frozenset()) | {version}
    return {job: places for job, places in found.items() if places}


def _deployed(versions: Mapping[int, frozenset[str]]) -> Iterator[tuple[int, str, str]]:
    """Yield each version that was not there at the step before: its place, what ran before it, and itself.

    While it is rolled out two of them run; that the old one goes then is no release, that it comes back is one.
    """
    before: frozenset[str] = frozenset()
    for place, now in sorted(versions.items()):
        if before:
            for new in sorted(now - before):
                yield place, " and ".join(sorted(before)), new
        before = now

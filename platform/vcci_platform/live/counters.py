"""Counters that do not count as counters do, and histograms whose buckets are not those of the spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from vcci_platform.asking import Refused
from vcci_platform.live.expressions import Look
from vcci_platform.live.presence import Concern
from vcci_platform.live.prometheus import PrometheusApi
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import bucket_matcher
from vcci_slo.promql.matchers import Matcher, selector

__all__ = ["buckets", "resets"]

HOUR = timedelta(hours=1)
MANY_SERIES = 20_000
"""Of more series only ten minutes are read, so that the question stays cheap: about a million samples at 15 s."""

RESETS_UNEXPLAINED = 2
"""Without a start time to compare with, one reset in an hour is a deployment; more look like something else."""

STARTED = "process_start_time_seconds"
MOST_BUCKETS = 8


def resets(api: PrometheusApi, look: Look, component: Iterable[Matcher], series: int) -> tuple[Concern, ...]:
    """Return whether a counter falls without its process having started anew, or is no counter by its own word."""
    try:
        return tuple(_resets(api, look, tuple(component), series))
    except Refused as refused:
        return (Concern(f"resets of {look.metric} could not be counted: {refused}", missing=False),)


def _resets(api: PrometheusApi, look: Look, component: tuple[Matcher, ...], series: int) -> Iterator[Concern]:
    kind = api.kind(look.metric)
    if kind == "gauge":
        yield Concern(f"{look.metric} calls itself a gauge: what it grows by counts no events")
    span = HOUR if series <= MANY_SERIES else HOUR / 6
    window = promql_duration(span)
    fell = round(api.value(f"max(resets({selector(look.metric, look.matchers)}[{window}]))") or 0)
    started = api.value(f"max(changes({selector(STARTED, component)}[{window}]))")
    if fell > (RESETS_UNEXPLAINED if started is None else max(round(started), 1)):
        starts = "" if started is None else f", and its process started {round(started)} times"
        yield Concern(
            f"a series of {look.metric} fell {fell} times in {words(span)}{starts}: is it a gauge, or do two targets "
            "write the same series?",
            missing=False,
        )


def buckets(api: PrometheusApi, look: Look, wanted: Iterable[float]) -> tuple[Concern, ...]:
    """Return each bucket that is not there, or is spelled so that the rules do not find it. `look` is at `_bucket`."""
    try:
        samples = api.instant(f"count by (le) ({selector(look.metric, look.matchers)})")
    except Refused as refused:
        return (Concern(f"buckets of {look.metric} could not be read: {refused}", missing=False),)
    there = {sample.labels.get("le", ""): round(sample.value) for sample in samples}
    return tuple(_buckets(look.metric, there, sorted(set(wanted)))) if there else ()


def _buckets(metric: str, there: dict[str, int], wanted: Iterable[float]) -> Iterator[Concern]:
    bounds = {spelled: bound for spelled in there if (bound := _bound(spelled)) is not None}
    most = max(there.values())
    for seconds in wanted:
        spellings = [spelled for spelled, bound in bounds.items() if bound == seconds]
        matcher = bucket_matcher(seconds)
        found = [spelled for spelled in spellings if matcher.holds({"le": spelled})]
        if not spellings:
            yield Concern(f'{metric} has no bucket le="{number(seconds)}"; it has {_listed(bounds)}')
        elif not found:
            said = ", ".join(f'le="{spelled}"' for spelled in spellings)
            yield Concern(f"{metric} spells its bucket {said}, which {matcher} does not find")
        elif sum(there[spelled] for spelled in found) < most:
            has = sum(there[spelled] for spelled in found)
            others = [spelled for spelled in spellings if spelled not in found]
            said = f"; the others spell it {', '.join(others)}" if others else ""
            yield Concern(f'only {has} of {most} series of {metric} have the bucket le="{number(seconds)}"{said}')


def _bound(spelled: str) -> float | None:
    try:
        return float(spelled)
    except ValueError:
        return None


def _listed(bounds: dict[str, float]) -> str:
    finite = sorted((bound, spelled) for spelled, bound in bounds.items() if bound != float("inf"))
    rest = len(finite) - MOST_BUCKETS
    return (", ".join(spelled for _, spelled in finite[:MOST_BUCKETS]) or "none") + (
        f" and {rest} more" if rest > 0 else ""
    )

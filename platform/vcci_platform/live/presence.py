"""Are the series there that a selector wants, and if not, what is in the way: the metric, a label, a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches

from vcci_platform.asking import Refused
from vcci_platform.live.expressions import Look
from vcci_platform.live.prometheus import PrometheusApi
from vcci_platform.live.routing import holds
from vcci_slo.promql.matchers import Matcher, selector
from vcci_slo.spec.section import nearest

__all__ = ["RECENT", "Concern", "Probed", "presence"]

RECENT = timedelta(hours=1)
"""Labels and metrics of the last hour count as there; Prometheus keeps at least two in memory."""

MOST_VALUES = 5

SIMILAR = 0.8
"""Names of metrics have much in common; below this share of it another one is meant."""


@dataclass(frozen=True)
class Concern:
    """Something about a signal or a promise that is not as the spec has it. `missing` ones fail the check.

    `cause` is the same for concerns that have one reason, such as a selector that every metric shares.
    """

    words: str
    missing: bool = True
    cause: str = ""


@dataclass(frozen=True)
class Probed:
    """How many series a selector finds now, and what is wrong with it. `series` None could not be asked."""

    series: int | None
    concerns: tuple[Concern, ...]


def presence(api: PrometheusApi, look: Look, now: datetime, *, needed: bool = True) -> Probed:
    """Return how many series there are of what an expression looks at; without any, the reason that can be found.

    What is not `needed`, such as failures that have not happened yet, is told but not missing. A matcher on a label
    that the metric does not have is always told: it chooses nothing, or leaves nothing out.
    """
    found = selector(look.metric, look.matchers)
    try:
        series = round(api.value(f"count({found})") or 0)
        return Probed(series, tuple(_concerns(api, look, now, series, needed=needed)))
    except Refused as refused:
        return Probed(None, (Concern(f"{found} could not be counted: {refused}", missing=False),))


def _concerns(api: PrometheusApi, look: Look, now: datetime, series: int, *, needed: bool) -> Iterator[Concern]:
    since = now - RECENT
    if not series and look.metric not in api.metrics(since):
        meant = next(iter(get_close_matches(look.metric, api.metrics(since), n=1, cutoff=SIMILAR)), "")
        yield Concern(f"there is no metric {look.metric}{f'; did you mean {meant}?' if meant else ''}")
        return
    names = api.label_names(look.metric, since)
    unknown = [matcher for matcher in look.matchers if matcher.label not in names]
    for matcher in unknown:
        meant = nearest(matcher.label, names)
        hint = f"; did you mean {meant}?" if meant else f"; it has {_listed(names)}"
        does = "leaves nothing out" if holds([matcher], {}) else "finds nothing"
        cause = f"there is no label {matcher.label}, so {matcher} {does}"
        yield Concern(f"{look.metric} has no label {matcher.label}, so {matcher} {does}{hint}", cause=cause)
    if series or not all(holds([matcher], {}) for matcher in unknown):
        return
    if not api.value(f"count({look.metric})"):
        yield Concern(f"{look.metric} was there in the last hour and has no series now")
        return
    known = Look(look.metric, tuple(matcher for matcher in look.matchers if matcher not in unknown))
    yield from _values(api, known, since, needed=needed)


def _values(api: PrometheusApi, look: Look, since: datetime, *, needed: bool) -> Iterator[Concern]:
    """Yield each matcher that nobody meets, or the first that nobody meets together with those before it."""
    alone = [matcher for matcher in look.matchers if not api.value(f"count({selector(look.metric, [matcher])})")]
    for matcher in alone:
        values = api.label_values(matcher.label, since, look.metric)
        meant = nearest(matcher.value, values) if matcher.operator == "=" else ""
        hint = f"; did you mean {meant}?" if meant else f"; there is {_listed(values)}"
        yield Concern(f"no series of {look.metric} has {matcher}{hint}", needed, f"no series has {matcher}{hint}")
    if alone:
        return
    together: list[Matcher] = []
    for matcher in look.matchers:
        together.append(matcher)
        if not api.value(f"count({selector(look.metric, together)})"):
            break
    yield Concern(
        f"no series of {look.metric} has {together[-1]} together with {', '.join(map(str, together[:-1]))}",
        missing=needed,
    )


def _listed(values: Iterable[str]) -> str:
    shown = sorted(value for value in values if value != "__name__")
    rest = len(shown) - MOST_VALUES
    return (", ".join(shown[:MOST_VALUES]) or "none") + (f" and {rest} more" if rest > 0 else "")

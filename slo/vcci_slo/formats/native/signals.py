"""What a promise measures, as a signal of our spec: events where the shape is well-formed, free PromQL otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from vcci_slo.formats.notes import Notes
from vcci_slo.formats.promise import ErrorRatio, Gauge, Limit, NativeLatency, Promise, Ratio
from vcci_slo.formats.queries.counting import counting, groups, halves
from vcci_slo.formats.queries.shapes import Events, Latency, recognised
from vcci_slo.formats.queries.syntax import parse
from vcci_slo.formats.queries.tokens import NotUnderstood
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import Matcher, parse_matchers

__all__ = ["Measured", "WhyNot", "measured"]

WhyNot = Callable[[str], str | None]
"""Why a text is no PromQL that a rule can hold, or None if it is; a full parser answers it."""

_UNITS = {"_seconds": "seconds", "_bytes": "bytes", "_ratio": "ratio"}
_NOUN = re.compile(r"(request|response|error|job|call|message|task|event|connection|operation|evaluation|probe)$")


@dataclass(frozen=True)
class Measured:
    """A signal, and what a promise says about it. `selector` are the signal's matchers that a component may share."""

    wish: str
    signal: Mapping[str, Any]
    keys: Mapping[str, Any]
    selector: tuple[Matcher, ...] = ()
    by: tuple[str, ...] = ()
    latency: bool = False
    expressions: tuple[str, ...] = field(default=())


def measured(promise: Promise, notes: Notes, why_not: WhyNot) -> Measured | None:
    """Return the signal of a promise, or None, with a note, if there is no way to say it."""
    found = _measured(promise, notes)
    for expression in found.expressions if found else ():
        reason = why_not(expression.replace("WINDOW", "5m"))
        if reason is not None:
            notes.lost(promise.origin, "", "the whole promise", f"its query is no PromQL of Prometheus: {reason}")
            return None
    return found


def _measured(promise: Promise, notes: Notes) -> Measured | None:
    match promise.sli:
        case Ratio() as ratio:
            return _ratio(promise, ratio, notes)
        case ErrorRatio() as ratio:
            return _error_ratio(promise, ratio, notes)
        case Limit() as limit:
            return _limit(promise, limit, notes)
        case NativeLatency(metric, matchers, within, by):
            signal = {"events": metric, "duration": metric, "native": True}
            keys = {"within": {promise.percent: promql_duration(within)}}
            return Measured(_noun(metric), signal, keys, matchers, by, latency=True)
        case Gauge(series, by):
            of = f" by ({', '.join(by)}) " if by else ""
            total = f"sum{of}(count_over_time({series}[WINDOW]))"
            bad = f"{total} - sum{of}(sum_over_time({series}[WINDOW]))"
            return _free(promise, {"errors": bad, "total": total}, by)


def _ratio(promise: Promise, ratio: Ratio, notes: Notes) -> Measured | None:
    shape = _shape(ratio)
    if isinstance(shape, Events) and _writable(shape.valid, shape.bad):
        signal = {"events": shape.metric, "bad": _joined(shape.bad)}
        return Measured(_noun(shape.metric), signal, {}, shape.valid, shape.by)
    if isinstance(shape, Latency) and _writable(shape.matchers):
        signal = {"events": f"{shape.metric}_count", "duration": shape.metric}
        within = timedelta(milliseconds=round(shape.seconds * 1000))
        keys = {"within": {promise.percent: promql_duration(within)}}
        return Measured(_noun(shape.metric), signal, keys, shape.matchers, shape.by, latency=True)
    by = ratio.by or _common_groups(promise, ratio, notes)
    errors = f"({ratio.total})\n- ({ratio.part})" if ratio.good else ratio.part
    kinds = {counting(ratio.part), counting(ratio.total)}
    if len(kinds) > 1 or None in kinds:
        notes.changed(
            promise.origin,
            "",
            "a ratio whose parts do not both count events",
            "windows can then not be added up by events",
            "error_ratio, whose mean over time is the account",
        )
        return _free(promise, {"error_ratio": f"({errors})\n/ ({ratio.total})"}, by)
    signal = {"errors": errors, "total": ratio.total}
    return _free(promise, signal | ({"per_second": True} if kinds == {"per second"} else {}), by)


def _shape(ratio: Ratio) -> Events | Latency | None:
    try:
        total, part = parse(ratio.total), parse(ratio.part)
    except NotUnderstood:
        return None
    return recognised(total=total, good=part) if ratio.good else recognised(total=total, bad=part)


def _common_groups(promise: Promise, ratio: Ratio, notes: Notes) -> tuple[str, ...]:
    part, total = groups(ratio.part), groups(ratio.total)
    if part is None or total is None or part != total:
        if (part, total) != ((), ()):
            notes.lost(
                promise.origin,
                "",
                "the labels of the query's result",
                "they cannot be told from the query, and a promise without `by` has one account",
                "one account; the query must give one series",
            )
        return ()
    return part


def _error_ratio(promise: Promise, ratio: ErrorRatio, notes: Notes) -> Measured | None:
    found = halves(ratio.query)
    if found is not None:
        kind, part, total = found
        good = (kind == "good") != ratio.good
        if {counting(part), counting(total)} in ({"counted"}, {"per second"}):
            return _ratio(promise, Ratio(part, total, good=good), notes)
    query = f"1 - ({ratio.query})" if ratio.good else ratio.query
    by = groups(ratio.query) or ()
    return _free(promise, {"error_ratio": query}, by)


def _limit(promise: Promise, limit: Limit, notes: Notes) -> Measured | None:
    metric = re.search(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?=\s*[{\[)]|$)", limit.query)
    name = metric[0] if metric else ""
    unit = next((unit for ending, unit in _UNITS.items() if name.removesuffix("_total").endswith(ending)), "count")
    text, unit = _threshold(limit.limit, unit)
    if limit.strict != (limit.side == "below"):
        notes.changed(
            promise.origin,
            "",
            f"whether exactly {number(limit.limit)} is good",
            "a value at the limit is bad where it must stay below, and good where it must not fall below",
            f"{limit.side}: {text}",
        )
    by = groups(limit.query) or ()
    signal = {"value": " ".join(limit.query.split()), "unit": unit}
    return Measured(promise.name, signal, {limit.side: text}, (), by, expressions=(limit.query,))


def _threshold(value: float, unit: str) -> tuple[str | int | float, str]:
    """Return a limit as our spec writes it, and the unit that then is the value's."""
    if unit == "seconds" and value > 0 and abs(value * 1000 - round(value * 1000)) < 1e-6:
        milliseconds = round(value * 1000)
        return (f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"), unit
    if unit == "ratio" and 0 <= value <= 1:
        return f"{number(value * 100)}%", unit
    if unit == "bytes" and value > 0 and value % 1024 == 0:
        return f"{round(value / 1024)}Ki", unit
    return (int(value) if value == int(value) else value), "count"


def _free(promise: Promise, signal: Mapping[str, Any], by: tuple[str, ...]) -> Measured:
    queries = tuple(str(signal[key]) for key in ("errors", "total", "error_ratio") if key in signal)
    return Measured(promise.name, signal, {}, (), by, expressions=queries)


def _writable(*parts: Iterable[Matcher]) -> bool:
    """Return whether our spec reads the matchers as they are: its regular expressions are checked by Python."""
    try:
        return all(parse_matchers(_joined(part)) == tuple(part) for part in parts)
    except ValueError:
        return False


def _joined(matchers: Iterable[Matcher]) -> str:
    return ", ".join(str(matcher) for matcher in matchers)


def _noun(metric: str) -> str:
    """Return what a counter or histogram counts, as a name.

    >>> _noun("http_request_duration_seconds"), _noun("apiserver_request_total")
    ('http-requests', 'apiserver-requests')
    """
    name = re.sub(r"(_total|_count|_bucket)$", "", metric)
    name = re.sub(r"(_duration|_latency|_time)?(_seconds|_milliseconds|_ms)?$", "", name).replace(":", "_")
    name = name.strip("_").replace("_", "-")
    return f"{name}s" if _NOUN.search(name) else name or "events"

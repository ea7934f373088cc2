"""The well-formed shapes: counters of bad and valid events, and buckets of a histogram that were in time.

Only what means the same is recognised: the queries that an indicator of ours becomes count the same series.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vcci_slo.formats.queries.nodes import Aggregate, Binary, Call, Group, Literal, Node, Selector
from vcci_slo.promql.matchers import Matcher, Operator

__all__ = ["WINDOW", "Count", "Events", "Latency", "bare", "complement", "count", "recognised", "threshold"]

WINDOW = "WINDOW"
PER_SECOND = frozenset({"rate", "irate"})
COUNTED = frozenset({"rate", "increase"})
_OPPOSITE: dict[Operator, Operator] = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}


@dataclass(frozen=True)
class Count:
    """Events of one counter in WINDOW, of each group of `by`."""

    metric: str
    matchers: tuple[Matcher, ...]
    by: tuple[str, ...]

    def having(self, *matchers: Matcher) -> Count:
        """Return the count of those that also have these labels."""
        return replace(self, matchers=(*self.matchers, *matchers))


@dataclass(frozen=True)
class Events:
    """Bad among valid events of one counter."""

    metric: str
    valid: tuple[Matcher, ...]
    bad: tuple[Matcher, ...]
    by: tuple[str, ...]


@dataclass(frozen=True)
class Latency:
    """Events of a histogram, in time if they took at most `seconds`."""

    metric: str
    matchers: tuple[Matcher, ...]
    seconds: float
    by: tuple[str, ...]


def bare(node: Node) -> Node:
    """Return an expression without its brackets and without `or vector(0)`, which a rule of ours has by itself."""
    while True:
        match node:
            case Group(inner=inner):
                node = inner
            case Binary(operator="or", matching="" | "on ()", left=left, right=right) if _is_zero(right):
                node = left
            case _:
                return node


def _is_zero(node: Node) -> bool:
    match node:
        case Group(inner=inner):
            return _is_zero(inner)
        case Call(function="vector", arguments=(Literal(number=0.0),)):
            return True
        case _:
            return False


def count(node: Node) -> Count | None:
    """Return what `sum by (…) (rate(metric{…}[WINDOW]))` counts, or None for anything else."""
    match bare(node):
        case Aggregate(operator="sum", by=by, without=None, arguments=(argument,)):
            match bare(argument):
                case Call(function=function, arguments=(Selector() as series,)) if function in COUNTED:
                    if series.plain and not series.shifted and series.window == WINDOW:
                        return Count(series.metric, series.matchers, by or ())
                case _:
                    return None
        case _:
            return None
    return None


def recognised(*, total: Node, bad: Node | None = None, good: Node | None = None) -> Events | Latency | None:
    """Return the indicator that queries for total and either bad or good events are, or None for free PromQL."""
    valid = count(total)
    if valid is None:
        return None
    if bad is not None:
        wrong = count(bad)
        if wrong is not None:
            extra = _extra(wrong, valid)
            return Events(valid.metric, valid.matchers, extra, valid.by) if extra else None
        good = _subtracted(bad, valid)
    right = count(good) if good is not None else None
    if right is None:
        return None
    extra = _extra(right, valid)
    if len(extra) == 1:
        return Events(valid.metric, valid.matchers, (complement(extra[0]),), valid.by)
    return _in_time(right, valid)


def complement(matcher: Matcher) -> Matcher:
    """Return the matcher of exactly the other series.

    >>> str(complement(Matcher("code", "!~", "5..")))
    'code=~"5.."'
    """
    return Matcher(matcher.label, _OPPOSITE[matcher.operator], matcher.value)


def _extra(part: Count, whole: Count) -> tuple[Matcher, ...]:
    """Return by which matchers a count is a part of another one, or nothing if it is none."""
    if (part.metric, part.by) != (whole.metric, whole.by) or not set(whole.matchers) <= set(part.matchers):
        return ()
    return tuple(matcher for matcher in part.matchers if matcher not in whole.matchers)


def _subtracted(bad: Node, valid: Count) -> Node | None:
    """Return the good events in `total - good`."""
    match bare(bad):
        case Binary(operator="-", left=left, right=right) if _same(count(left), valid):
            return right
        case _:
            return None


def _same(one: Count | None, other: Count) -> bool:
    return one is not None and (one.metric, set(one.matchers), one.by) == (
        other.metric,
        set(other.matchers),
        other.by,
    )


def _in_time(fast: Count, valid: Count) -> Latency | None:
    metric = fast.metric.removesuffix("_bucket")
    # The unit of the other histograms is not known, and our limits have one.
    if metric == fast.metric or not metric.endswith("_seconds"):
        return None
    buckets = [matcher for matcher in fast.matchers if matcher.label == "le"]
    rest = tuple(matcher for matcher in fast.matchers if matcher.label != "le")
    infinite = valid == Count(fast.metric, (*rest, Matcher("le", "=", "+Inf")), fast.by)
    if not infinite and not _same(Count(f"{metric}_count", rest, fast.by), valid):
        return None
    seconds = threshold(buckets[0]) if len(buckets) == 1 else None
    return Latency(metric, rest, seconds, fast.by) if seconds is not None else None


def threshold(bucket: Matcher) -> float | None:
    """Return the limit of a bucket in seconds, or None where no limit in whole milliseconds is meant.

    >>> threshold(Matcher("le", "=", "0.4")), threshold(Matcher("le", "=~", r"5(\\.0)?"))
    (0.4, 5.0)
    """
    text = bucket.value
    if bucket.operator == "=~":
        text = text.replace(r"(\.0)?", "").replace(r"(\\.0)?", "")
    elif bucket.operator != "=":
        return None
    try:
        seconds = float(text)
    except ValueError:
        return None
    milliseconds = seconds * 1000
    if not 1 <= milliseconds < 1e9 or abs(milliseconds - round(milliseconds)) > 1e-6:
        return None
    return seconds

"""Looks for series with which an alert fires, and for some with which it is silent: the proof that a spec wants."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice, product

import promql_parser as promql

from vcci_alerts.errors import AlertsError
from vcci_alerts.proofs.examples import labels_for
from vcci_platform.adoption.importing.promql_text import Expression, grouping, matchers_of, selectors, text_of
from vcci_platform.adoption.importing.worlds import Slope, Unreadable, World, key_of
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import Matcher

__all__ = ["NoProof", "Proof", "prove"]

MOST_TRIED = 40_000
MOST_SELECTORS = 7
LONGEST = timedelta(days=5)
"""promtool refuses tests of more samples."""

MARGIN = 0.05
MINUTE = timedelta(minutes=1)
GROWING = frozenset({"rate", "irate", "increase", "changes", "resets"})
SHIFTING = frozenset({"delta", "idelta", "deriv", "predict_linear"})
SECONDS_AHEAD = 7 * 24 * 3600.0


class NoProof(Exception):
    """No series were found; the text says why."""


@dataclass(frozen=True)
class Proof:
    """Series in promtool's notation."""

    fires: tuple[tuple[str, str], ...]
    silent: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Leaf:
    """A selector: how its series may move, and the labels that they have."""

    key: str
    metric: str
    matchers: tuple[Matcher, ...]
    labels: Mapping[str, str]
    grows: bool
    shifts: bool
    is_bucket: bool


def prove(expression: Expression, side: str, value: float, lasts: timedelta) -> Proof:
    """Return series that make `expression` lie beyond `value` for longer than `lasts`, and some that do not.

    Raises NoProof where none are found in a bounded search.
    """
    leaves = _leaves(expression)
    step = MINUTE if not lasts or lasts >= 2 * MINUTE else max(lasts / 4, timedelta(milliseconds=1))
    span = _longest(expression) + lasts
    if span > LONGEST:
        raise NoProof(f"a test of {span.days} days is more than promtool takes")
    steps = math.ceil(span / step) + 5
    finds = {
        leaf.key: tuple(other.key for other in leaves if _selects(leaf, other.metric, other.labels)) for leaf in leaves
    }
    found: dict[bool, Mapping[str, Slope | None]] = {}
    seconds = step.total_seconds()
    # Half of the way is long enough for every window that must hold while the alert waits.
    moments = (max(steps - math.ceil(lasts / step) - 4, 1) * seconds, steps * seconds)
    for world in islice(_worlds(leaves, _numbers(expression, value), seconds * steps), MOST_TRIED):
        verdict = _verdict(expression, world, finds, seconds, moments, side, value)
        # Nothing at all is silent too, but proves little.
        if verdict is True or (verdict is False and any(world.values())):
            found.setdefault(verdict, world)
        if len(found) == 2:
            break
    if True in found:
        found.setdefault(False, dict.fromkeys(found[True]))
    if True not in found:
        raise NoProof("no series were found that make it fire")
    if found[False] == dict.fromkeys(leaf.key for leaf in leaves) and _verdict(
        expression, found[False], finds, seconds, moments, side, value
    ):
        raise NoProof("it fires whatever happens")
    return Proof(
        fires=_written(leaves, found[True], seconds, steps + 10),
        silent=_written(leaves, found[False], seconds, steps + 10),
    )


def _verdict(
    expression: Expression,
    world: Mapping[str, Slope | None],
    finds: Mapping[str, tuple[str, ...]],
    step: float,
    moments: Iterable[float],
    side: str,
    value: float,
) -> bool | None:
    """Return whether an expression is well beyond its limit at all moments, or well within at all; else None."""
    margin = MARGIN * max(abs(value), 0.1)
    verdicts: set[bool] = set()
    for now in moments:
        try:
            values = World(world, finds, step, now).values(expression)
        except (Unreadable, ArithmeticError) as error:
            raise NoProof(f"nothing here can value {error}") from None
        # What lies exactly on its limit is not beyond it; what lies near it may be, by rounding.
        if any(math.isnan(one) or 0 < abs(one - value) <= margin for one in values):
            return None
        verdicts.add(any(one > value if side == "above" else one < value for one in values))
    return verdicts.pop() if len(verdicts) == 1 else None


# --- the selectors ----------------------------------------------------------------------------------------------------


def _leaves(expression: Expression) -> tuple[_Leaf, ...]:
    shared, grows, shifts, buckets = set[str](), set[str](), set[str](), set[str]()

    def visit(node: Expression) -> bool:
        match node:
            case promql.AggregateExpr():
                kind, labels = grouping(node)
                shared.update(labels if kind == "by" else ())
            case promql.BinaryExpr() if node.modifier is not None:
                matching = node.modifier.matching
                if matching is not None and matching.type == promql.LabelModifierType.Include:
                    shared.update(matching.labels)
            case promql.Call():
                inside = [key_of(one) for one in selectors(node)]
                grows.update(inside if node.func.name in GROWING else ())
                shifts.update(inside if node.func.name in SHIFTING else ())
                buckets.update(inside if node.func.name == "histogram_quantile" else ())
            case _:
                pass
        return True

    promql.walk(expression, visit)
    known = {key_of(node): node for node in selectors(expression)}
    if not known or len(known) > MOST_SELECTORS:
        raise NoProof(f"it has {len(known)} different selectors, and at most {MOST_SELECTORS} are tried")
    for node in known.values():
        if not node.name or node.matchers.or_matchers or node.at is not None:
            raise NoProof(f"series cannot be made up for {text_of(node)}")
    given = _common({key: matchers_of(node) for key, node in known.items()}, shared - {"le"})
    return tuple(
        _Leaf(
            key=key,
            metric=node.name or "",
            matchers=matchers_of(node),
            labels=_labels(matchers_of(node), given),
            grows=key in grows,
            shifts=key in shifts,
            is_bucket=key in buckets,
        )
        for key, node in sorted(known.items())
    )


def _common(known: Mapping[str, tuple[Matcher, ...]], shared: Iterable[str]) -> dict[str, str]:
    """Return one value for each label that sides are matched by, which every selector on it takes."""
    found: dict[str, str] = {}
    for label in sorted(shared):
        wanted = tuple(one for matchers in known.values() for one in matchers if one.label == label)
        try:
            found |= labels_for("proof", wanted, {label: "a"}) if not wanted else labels_for("proof", wanted)
        except AlertsError:
            continue
    return found


def _labels(matchers: tuple[Matcher, ...], given: Mapping[str, str]) -> dict[str, str]:
    own = {one.label for one in matchers}
    fitting = {
        label: value
        for label, value in given.items()
        if label not in own or all(one.holds({label: value}) for one in matchers if one.label == label)
    }
    try:
        return labels_for("proof", matchers, fitting)
    except AlertsError as error:
        raise NoProof(str(error)) from None


def _selects(leaf: _Leaf, metric: str, labels: Mapping[str, str]) -> bool:
    return metric == leaf.metric and all(one.holds(labels) for one in leaf.matchers)


def _longest(expression: Expression) -> timedelta:
    spans = [timedelta(0)]

    def visit(node: Expression) -> bool:
        if isinstance(node, promql.MatrixSelector | promql.SubqueryExpr) and node.range is not None:
            spans.append(node.range)
        if isinstance(node, promql.VectorSelector | promql.SubqueryExpr) and node.offset:
            spans.append(abs(node.offset))
        return True

    promql.walk(expression, visit)
    return sum(spans, timedelta(0)) if len(spans) > 2 and _nested(expression) else max(spans)


def _nested(expression: Expression) -> bool:
    found = [False]

    def visit(node: Expression) -> bool:
        if isinstance(node, promql.SubqueryExpr) or (isinstance(node, promql.VectorSelector) and node.offset):
            found[0] = True
        return True

    promql.walk(expression, visit)
    return found[0]


# --- the search -------------------------------------------------------------------------------------------------------


def _numbers(expression: Expression, value: float) -> tuple[float, ...]:
    """Return what series may be: nothing, one, and twice and half of each number that the expression knows."""
    known = {abs(value)}

    def visit(node: Expression) -> bool:
        if isinstance(node, promql.NumberLiteral) and math.isfinite(node.val):
            known.add(abs(float(node.val)))
        return True

    promql.walk(expression, visit)
    found = [1.0, 0.0]
    for one in sorted(known):
        found += [one, one * 2, one / 2, one + 1] if one not in {0.0, 1.0} else [2.0]
    found += [1000.0, 100.0]
    return tuple(dict.fromkeys(float(f"{one:.6g}") for one in found if one < 1e15))


def _worlds(
    leaves: tuple[_Leaf, ...], numbers: tuple[float, ...], seconds: float
) -> Iterator[Mapping[str, Slope | None]]:
    """Yield series for every selector, the simplest worlds first."""
    choices = [_choices(leaf, numbers, seconds) for leaf in leaves]
    longest = max(len(options) for options in choices)
    # Growing squares: every choice meets every other before far ones are tried with far ones.
    before = 0
    for size in (2, 4, 6, 9, longest):
        if size <= before:
            continue
        for places in product(*(range(min(size, len(options))) for options in choices)):
            if max(places, default=0) >= before:
                yield {leaf.key: options[place] for leaf, options, place in zip(leaves, choices, places, strict=True)}
        before = size


def _choices(leaf: _Leaf, numbers: tuple[float, ...], seconds: float) -> tuple[Slope | None, ...]:
    if leaf.is_bucket:
        return (*(Slope(one) for one in numbers if one > 0), None)
    if leaf.grows:
        rates = [Slope(0.0, one) for one in numbers[:2]] + [Slope(0.0, one / 60) for one in numbers if one]
        rates += [Slope(0.0, one) for one in numbers[2:] if one]
        return (*rates, None)
    level = [Slope(one) for one in numbers]
    if leaf.shifts:
        falling = [Slope(one, -one / (seconds + 3600)) for one in numbers if one]
        rising = [Slope(one, max(one, 1.0) / 60) for one in numbers]
        return (level[0], *_alternated(falling, rising, level[1:]), None)
    below = [Slope(-one) for one in numbers if one > 60]
    return (level[0], level[1], None, *level[2:], *below)


def _alternated(*lists: list[Slope]) -> Iterator[Slope]:
    for place in range(max(len(one) for one in lists)):
        yield from (one[place] for one in lists if place < len(one))


# --- the writing ------------------------------------------------------------------------------------------------------


def _written(
    leaves: tuple[_Leaf, ...], world: Mapping[str, Slope | None], step: float, steps: int
) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for leaf in leaves:
        slope = world[leaf.key]
        if slope is None:
            continue
        if leaf.is_bucket:
            each = step * 10
            for bound, grown in ((number(slope.start / 2), 0.0), (number(slope.start), each), ("+Inf", each)):
                found[_name(leaf.metric, {**leaf.labels, "le": bound})] = _notation(0.0, grown, steps)
        else:
            found[_name(leaf.metric, leaf.labels)] = _notation(slope.start, slope.per_second * step, steps)
    return tuple(found.items())


def _notation(start: float, each: float, steps: int) -> str:
    grown = number(float(f"{each:.10g}"))
    sign = "" if grown.startswith("-") else "+"
    return f"{number(start)}{sign}{grown}x{steps}"


_PLAIN = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def _name(metric: str, labels: Mapping[str, str]) -> str:
    if not _PLAIN.fullmatch(metric) or any(not _PLAIN.fullmatch(label) for label in labels):
        raise NoProof(f"promtool's notation has no form for {metric!r} and its labels")
    inside = ",".join(str(Matcher(label, "=", value)) for label, value in sorted(labels.items()))
    return f"{metric}{{{inside}}}" if inside else metric

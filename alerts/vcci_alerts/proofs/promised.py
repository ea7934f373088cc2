"""Series of what a promise counts, of which a wanted share is bad."""

from __future__ import annotations

import promql_parser as promql

from vcci_alerts.errors import AlertsError
from vcci_alerts.expressions import parse
from vcci_alerts.proofs.examples import values_for
from vcci_alerts.proofs.series import Series
from vcci_alerts.proofs.shapes import bad_events, probes, slow_events
from vcci_slo.plan import (
    WINDOW,
    EventsIndicator,
    EventsSignal,
    LatencyIndicator,
    LimitIndicator,
    ProbeIndicator,
    QueryIndicator,
    QuerySignal,
    Slo,
)
from vcci_slo.promql import series as names
from vcci_slo.promql.indicators import events_matchers, timed_matchers
from vcci_slo.promql.matchers import Matcher

__all__ = ["is_native", "is_sampled", "part_of", "provable", "series_of"]

OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


def series_of(slo: Slo, share: float, events: float, steps: int, *, bad: bool, copies: int = 2) -> tuple[Series, ...]:
    """Return series of the indicator in which `share` of the `events` of each step are bad.

    What is sampled has some `copies`. Decoys, which no matcher may find, are healthy if `bad`, else failures.
    """
    owner = f"slos.{slo.name}"
    part = part_of(slo)
    only = tuple(Matcher(label, "=", value) for label, value in part.items())
    match slo.indicator:
        case EventsIndicator(signal, chosen):
            found = bad_events(owner, signal, (*chosen, *only), share=share, events=events, bad=bad, steps=steps)
        case LatencyIndicator(signal, within, chosen):
            kept = (*chosen, *only)
            found = slow_events(owner, signal, kept, within, share=share, events=events, bad=bad, steps=steps)
        case ProbeIndicator(_, matchers):
            found = probes(owner, (*matchers, *only), (1 - share,) * copies, bad=bad, steps=steps)
        case LimitIndicator():
            found = _verdicts(slo, share, steps, bad=bad, copies=copies)
        case QueryIndicator(signal):
            found = bad_events(owner, _events_of(owner, signal), only, share=share, events=events, bad=bad, steps=steps)
    # A decoy of the label that keeps parts of the promise apart would be another part, not a stranger.
    return tuple(one for one in found if not one.decoy or part.items() <= one.labels.items())


def part_of(slo: Slo) -> dict[str, str]:
    """Return the labels of one part of a promise that is kept apart by labels, as its selectors allow them."""
    matchers: tuple[Matcher, ...]
    match slo.indicator:
        case EventsIndicator(signal, chosen):
            matchers = (*events_matchers(signal), *chosen)
        case LatencyIndicator(signal, _, chosen):
            matchers = (*timed_matchers(signal), *chosen)
        case ProbeIndicator(_, matchers):
            pass
        case QueryIndicator(signal):
            matchers = (_selector(signal.valid or "") or ("", ()))[1]
        case LimitIndicator():
            matchers = ()
    found: dict[str, str] = {}
    for label in slo.by:
        own = tuple(matcher for matcher in matchers if matcher.label == label)
        found[label] = next((value for value in values_for(label, own, ("one",)) if value), "one")
    return found


def _verdicts(slo: Slo, share: float, steps: int, *, bad: bool, copies: int) -> tuple[Series, ...]:
    """Return the recorded verdicts themselves, as of some copies: another proof shows what makes a moment bad."""
    by = part_of(slo)
    mine = [Series(names.BAD, {"slo": slo.name, **by, "copy": str(copy)}, ((share, steps),)) for copy in range(copies)]
    other = Series(names.BAD, {"slo": f"{slo.name}-other", **by}, ((float(not bad), steps),), decoy=True)
    return (*mine, other)


def is_sampled(slo: Slo) -> bool:
    """Return whether the indicator is looked at now and then, where the others count."""
    return isinstance(slo.indicator, ProbeIndicator | LimitIndicator)


def is_native(slo: Slo) -> bool:
    """Return whether only promtool of Prometheus 3 can read the series of the indicator."""
    return isinstance(slo.indicator, LatencyIndicator) and slo.indicator.signal.native


def provable(slo: Slo) -> bool:
    """Return whether series can be made for the indicator: free PromQL only in its plainest form."""
    if not isinstance(slo.indicator, QueryIndicator):
        return True
    try:
        _events_of(slo.name, slo.indicator.signal)
    except AlertsError:
        return False
    return True


def _events_of(owner: str, signal: QuerySignal) -> EventsSignal:
    """Return free PromQL of the form sum(rate(bad[WINDOW])) and sum(rate(valid[WINDOW])) as events.

    Raises AlertsError for every other form, for which nobody can tell which series would be bad.
    """
    bad = _selector(signal.bad)
    valid = _selector(signal.valid or "")
    if bad is None or valid is None or bad[0] != valid[0] or not set(valid[1]) < set(bad[1]):
        raise AlertsError(owner, "errors that are a part of total, each sum(rate(metric{…}[WINDOW]))", signal.bad)
    return EventsSignal(
        component=signal.component,
        name=signal.name,
        title=signal.title,
        events=valid[0],
        duration=None,
        selector=(),
        where=(),
        valid=valid[1],
        bad=tuple(matcher for matcher in bad[1] if matcher not in valid[1]),
        timed=(),
        buckets=(),
        each=None,
    )


def _selector(query: str) -> tuple[str, tuple[Matcher, ...]] | None:
    """Return the metric and the matchers of sum(rate(metric{…}[WINDOW])), None for anything else."""
    if not query:
        return None
    tree = parse("", query.replace(WINDOW, "5m"))
    if not isinstance(tree, promql.AggregateExpr) or str(tree.op) != "sum" or not isinstance(tree.expr, promql.Call):
        return None
    call = tree.expr
    if call.func.name not in {"rate", "increase"} or not isinstance(call.args[0], promql.MatrixSelector):
        return None
    found = call.args[0].vector_selector
    matchers = tuple(Matcher(one.name, OPERATORS[str(one.op)], one.value) for one in found.matchers.matchers)  # type: ignore[arg-type]
    return (found.name, matchers) if found.name and not found.offset else None

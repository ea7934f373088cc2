"""Specs that nobody wrote: any kind of promise over any shape of signal, valid by the way they are made.

A draw says what it is about and nothing else, so that what Hypothesis reports as the smallest failing spec can be read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as some

from vcci_slo import burn
from vcci_slo.promql.durations import parse_duration

__all__ = ["random_specs"]

Data = dict[str, Any]

REACHED = 0.9
"""Below so large a share of errors lies every threshold, with room for the proofs on both sides of it."""

NAMES = some.from_regex(r"[a-z]{1,6}(-[a-z0-9]{1,4})?", fullmatch=True)
METRICS = some.from_regex(r"[a-z]{2,5}_[a-z]{2,5}", fullmatch=True)
PRIORITIES = some.sampled_from(("P0", "P1", "P2", "P3"))
WINDOWS = some.sampled_from((None, "7d", "14d", "28d", "30d", "60d", "90d", "10d12h", "35d", "month", "Asia/Kolkata"))
MONTHS = frozenset({"month", "Asia/Kolkata"})
DEFAULT_DAYS = 30.0
OBJECTIVES = ("90%", "95%", "99%", "99.5%", "99.9%", "99.95%", "99.99%", "99.999%")
SELECTORS = ('job="{name}"', 'job="{name}",zone=~"eu-(a|b)"', 'job=~"{name}-.*",stage!="test"', 'app="{name}"')
WHERE = ("", 'endpoint!~"/health/.*"', 'route=~"/v[12]/.*",tenant!=""')
VALID = ("", 'status!~"4.."', 'outcome!="refused"', 'kind=~"a|b|c"')
BAD = ('status=~"5.."', 'code=~"500|503"', 'outcome="failed"', 'error!=""', 'result!~"ok|cached"')
TIMED = ("", 'outcome="ok"', 'status!~"5.."')
BUCKETS = ("5ms", "100ms", "250ms", "500ms", "1s", "2s500ms", "10s", "1m")
VALUES = (
    ("max({metric}{{SELECTOR}})", "seconds"),
    ("min({metric}{{SELECTOR}})", "count"),
    ("sum by (shard) ({metric}{{SELECTOR}})", "messages"),
    ("time() - max({metric}{{SELECTOR}})", "seconds"),
    ("sum({metric}{{SELECTOR}}) / sum({metric}_limit{{SELECTOR}})", "ratio"),
)
LIMITS: Mapping[str, tuple[str | int, ...]] = {
    "seconds": ("30s", "5m", "12h"),
    "count": (1, 12, 1000),
    "messages": (11, 500),
    "ratio": ("5%", "85%"),
}


OWN = (("15m", "1m"), ("50m", "7m"), ("1h", "50m"), ("3h", "12m30s"), ("4h", "20m"), ("7h", "45m"), ("2d", "6h"))
OWN_LONG = (*OWN, ("25h10m", "2h30m"), ("4d", "9h"))
"""How long and how short the windows of a tier of one's own are; the latter for promises of weeks."""


@dataclass(frozen=True)
class _Signal:
    """A drawn signal and what may be promised about it."""

    ref: str
    data: Data

    @property
    def kinds(self) -> list[str]:
        """The keys of a promise that may name it."""
        if "value" in self.data:
            return ["holds"]
        if "errors" in self.data or "error_ratio" in self.data:
            return ["good"]
        return ["good"] * ("bad" in self.data) + ["fast"] * ("duration" in self.data)


@some.composite
def random_specs(draw: some.DrawFn) -> str:
    """Draw the text of a valid spec with one to three components, up to four promises and up to two alerts."""
    names = draw(some.lists(NAMES, min_size=1, max_size=3, unique=True))
    components: Data = {}
    signals: list[_Signal] = []
    for name in names:
        components[name], found = draw(_component(name, names))
        signals += found
    data: Data = {
        "spec": "vcci/v1",
        "metadata": {
            "name": draw(NAMES),
            "owner": draw(NAMES),
            "selector": draw(some.sampled_from(("", 'namespace="shop"'))),
        },
        "links": draw(some.sampled_from(({}, {"runbooks": "https://r.example", "grafana": "https://g.example"}))),
        "components": components,
        "burn_policies": {},
        "slos": {},
        "alerts": {},
    }
    for number in range(draw(some.integers(1, 3))):
        signal = draw(some.sampled_from([one for one in signals if one.kinds]))
        data["slos"][f"{draw(NAMES)}-s{number}"] = draw(_promise(signal, number, data["burn_policies"], components))
    probed = [name for name, one in components.items() if "probe" in one]
    if probed and draw(some.booleans()):
        objective = {
            "objective": draw(some.sampled_from(OBJECTIVES[3:5])),
            "policy": "only-slow",
            "despite_needs": "drawn so",
        }
        data["burn_policies"]["only-slow"] = {"slow": "P1", "creep": "P3"}
        data["slos"]["reachable"] = {"good": f"{draw(some.sampled_from(probed))}.probe", **objective}
    for number in range(draw(some.integers(0, 2))):
        data["alerts"][f"Alert{number}"] = draw(_alert(draw(some.sampled_from(signals))))
    return json.dumps({key: value for key, value in data.items() if value}, indent=1)


@some.composite
def _component(draw: some.DrawFn, name: str, names: list[str]) -> tuple[Data, list[_Signal]]:
    kind = draw(some.sampled_from(("http", "celery", "other")))
    queues = draw(some.lists(NAMES, max_size=3, unique=True)) if kind == "celery" else []
    signals: Data = {}
    for place in range(draw(some.integers(1, 2))):
        signals[f"{draw(NAMES)}-{place}"] = draw(_signal(f"{name}.queues" if queues else "", metric=f"m{place}"))
    component: Data = {
        "kind": kind,
        "selector": draw(some.sampled_from(SELECTORS)).format(name=name),
        "needs": draw(some.lists(some.sampled_from(names), max_size=2, unique=True).map(lambda found: found)),
        "signals": signals,
    }
    component["needs"] = [need for need in component["needs"] if names.index(need) < names.index(name)]
    if queues:
        component["queues"] = queues
    if draw(some.booleans()):
        component["probe"] = {"url": f"https://{name}.example/up", "from": draw(some.integers(1, 3))}
        if draw(some.booleans()):
            component["probe"]["fails_for"] = {"P0": "2m"}
    return component, [_Signal(f"{name}.{key}", signal) for key, signal in signals.items()]


@some.composite
def _signal(draw: some.DrawFn, queues: str, metric: str) -> Data:
    name = f"{draw(METRICS)}_{metric}"
    if draw(some.integers(0, 2)) == 0:
        promql, unit = draw(some.sampled_from(VALUES))
        return {"value": promql.format(metric=name), "unit": unit}
    match draw(some.integers(0, 7)):
        case 0:
            bad, valid = (f'sum(rate({name}_total{{app="a"{more}}}[WINDOW]))' for more in (',code="500"', ""))
            return {"errors": bad, "total": valid, "per_second": True}
        case 1:
            return {"error_ratio": f"sum(rate({name}_bad[WINDOW])) / sum(rate({name}_all[WINDOW]))"}
        case 2:
            native = {"duration": f"{name}_seconds", "native": True, "timed": draw(some.sampled_from(TIMED))}
            return {"events": f"{name}_total", **{key: value for key, value in native.items() if value}}
        case _:
            pass
    signal: Data = {"events": f"{name}_total", "where": draw(some.sampled_from(WHERE))}
    signal["valid"] = draw(some.sampled_from(VALID))
    counted = draw(some.sampled_from(("bad", "duration", "both")))
    if counted != "duration":
        signal["bad"] = draw(some.sampled_from(BAD))
        if queues and draw(some.booleans()):
            signal["each"] = {"queue": queues}
    if counted != "bad":
        signal["duration"] = f"{name}_seconds"
        signal["timed"] = draw(some.sampled_from(TIMED))
        places = draw(some.sets(some.integers(0, len(BUCKETS) - 1), min_size=2))
        signal["buckets"] = [BUCKETS[place] for place in sorted(places)]
    return {key: value for key, value in signal.items() if value}


@some.composite
def _promise(draw: some.DrawFn, signal: _Signal, number: int, policies: Data, components: Data) -> Data:
    kind = draw(some.sampled_from(signal.kinds))
    promise: Data = {kind: signal.ref, "despite_needs": "what it needs may promise less here"}
    window = draw(WINDOWS)
    days = _days(window) if window and window not in MONTHS else DEFAULT_DAYS
    # What is looked at now and then needs a hundred thousand looks to tell 99.999%.
    told = OBJECTIVES[: 5 if kind == "holds" else None]
    objectives = [one for one in told if any(_reachable(tier, days, one) for tier in burn.TIERS)]
    objective = draw(some.sampled_from(objectives))
    weakest = objective
    if kind == "fast":
        promise["within"] = {objective: draw(some.sampled_from(signal.data.get("buckets", BUCKETS)))}
    elif signal.data.get("each") and draw(some.booleans()):
        queues = components[signal.ref.partition(".")[0]]["queues"]
        other = draw(some.sampled_from(objectives))
        weakest = min(objective, other, key=_percent)
        promise["objective"] = {"default": objective, draw(some.sampled_from(queues)): other}
    else:
        promise["objective"] = objective
    if kind == "holds":
        promise[draw(some.sampled_from(("below", "above")))] = draw(some.sampled_from(LIMITS[signal.data["unit"]]))
    if window:
        promise["window"] = {"month": window} if "/" in window else window
    if _splits(signal, kind) and draw(some.booleans()):
        promise["by"] = draw(some.sampled_from((["cluster"], ["cluster", "cell"])))
    if draw(some.booleans()):
        promise["labels"] = {"class": draw(some.sampled_from(("gold", 'a "quoted" one')))}
    tiers = [tier.name for tier in burn.TIERS if _reachable(tier, days, weakest)]
    chosen = draw(some.lists(some.sampled_from(tiers), min_size=1, max_size=2, unique=True))
    promise["policy"] = f"policy-{number}"
    policies[promise["policy"]] = {name: draw(PRIORITIES) for name in chosen}
    if draw(some.booleans()) and (own := draw(_own_tier(days, weakest))):
        policies[promise["policy"]]["own"] = own
    if draw(some.booleans()):
        promise["min_bad"] = draw(some.sampled_from((0, 1, 7, 40)))
    if draw(some.booleans()):
        promise["no_data"] = {"after": draw(some.sampled_from(("2m", "5m", "20m"))), "priority": draw(PRIORITIES)}
    return promise


@some.composite
def _own_tier(draw: some.DrawFn, days: float, objective: str) -> Data:
    """Draw a tier with windows of its own; nothing if the drawn one could never fire."""
    within, still = draw(some.sampled_from(OWN_LONG if days >= DEFAULT_DAYS else OWN))
    spends = draw(some.sampled_from((0.4, 2, 5, 20)))
    factor = spends / 100 * days / (parse_duration(within).total_seconds() / 86_400)
    if factor * (1 - _percent(objective) / 100) >= REACHED:
        return {}
    tier: Data = {"priority": draw(PRIORITIES), "spends": f"{spends}%", "within": within, "still": still}
    if draw(some.booleans()):
        tier["seen_for"] = draw(some.sampled_from(("0s", "10m", "5h")))
    if draw(some.booleans()):
        tier["keep_firing_for"] = draw(some.sampled_from(("0s", "7m", "1h")))
    if draw(some.booleans()):
        tier["min_bad"] = draw(some.sampled_from((0, 3, 30)))
    return tier


@some.composite
def _alert(draw: some.DrawFn, signal: _Signal) -> Data:
    found: Data = {
        "summary": "It is {value}",
        "pages_because": "nobody knows",
        "for": draw(some.sampled_from(("0m", "3m"))),
    }
    if "value" in signal.data:
        limit = draw(some.sampled_from(LIMITS[signal.data["unit"]]))
        return {**found, "measure": signal.ref, draw(some.sampled_from(("above", "below"))): {draw(PRIORITIES): limit}}
    if not {"bad", "buckets"} & signal.data.keys():
        free = {**FREE["measure"], "component": signal.ref.partition(".")[0]}
        return {**found, **FREE, "measure": free}
    found["min_bad"] = draw(some.sampled_from((0, 10)))
    if "bad" in signal.data:
        share = {"bad_ratio": signal.ref, "over": draw(some.sampled_from(("5m", "15m")))}
        return {**found, "measure": share, "above": {"P2": "1%", "P1": "5%"}}
    inner = signal.data["buckets"][:-1]
    quantile = {"quantile": "95%", "of": signal.ref, "over": "10m"}
    return {**found, "measure": quantile, "above": {draw(PRIORITIES): draw(some.sampled_from(inner))}}


FREE: Data = {
    "measure": {"promql": "max(up)", "unit": "boolean"},
    "below": {"P2": 1},
    "proof": {"fires": {"up": 0}, "silent": {"up": 1}},
}
"""An alert in free PromQL, for signals that only a promise can be made about."""


def _splits(signal: _Signal, kind: str) -> bool:
    """Return whether a promise about the signal can be kept apart by labels."""
    if "each" in signal.data or "errors" in signal.data or "error_ratio" in signal.data:
        return False
    return kind != "holds" or signal.data["value"].startswith(("max(", "min("))


def _days(window: str) -> float:
    days, _, hours = window.partition("d")
    return float(days) + float(hours.rstrip("h") or 0) / 24


def _percent(text: str) -> float:
    return float(text.rstrip("%"))


def _reachable(tier: burn.Tier, days: float, objective: str) -> bool:
    """Return whether a total outage exceeds the threshold of a tier, with room for the proofs on both sides of it."""
    # Tiers are scaled to a shorter period, so that none burns slower there than in 30 days.
    factor = tier.share * max(days, DEFAULT_DAYS) / (tier.long.total_seconds() / 86_400)
    return factor * (1 - _percent(objective) / 100) < REACHED

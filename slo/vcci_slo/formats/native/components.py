"""Services on their way to components: signals shared where they are the same, a selector where all have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vcci_slo.formats.names import Names, made
from vcci_slo.formats.native.signals import Measured
from vcci_slo.formats.promise import Promise
from vcci_slo.promql.matchers import Matcher

__all__ = ["Component", "components_of"]

_IDENTITY = frozenset(
    {*("job", "namespace", "service", "app", "application", "cluster", "container", "container_name", "env"), "project"}
)
"""Labels that say whose series these are: where all signals of a component have them, it says them once."""


class Component:
    """A service on its way into the spec."""

    def __init__(self, name: str, service: str) -> None:
        self.name = name
        self.service = service
        self.selector: tuple[Matcher, ...] = ()
        self.signals: dict[str, dict[str, Any]] = {}
        self.names = Names()

    def data(self) -> dict[str, Any]:
        """Return the component as the spec has it."""
        found: dict[str, Any] = {"kind": "other"}
        if self.service != self.name:
            found["title"] = self.service
        if self.selector:
            found["selector"] = _joined(self.selector)
        if self.signals:
            found["signals"] = {name: _ordered(signal) for name, signal in self.signals.items()}
        return found

    def signal(self, what: Measured) -> str:
        """Return the name of a signal, which is there already if it says the same or can say both."""
        own = [matcher for matcher in what.selector if matcher not in self.selector]
        signal = dict(what.signal)
        if "events" in signal and own:
            signal["where" if what.latency else "valid"] = _joined(own)
        for name, known in self.signals.items():
            joined = _merged(known, signal)
            if joined is not None:
                self.signals[name] = joined
                return name
        wish = made(what.wish, "signal")
        # `probe` is what a promise on the outside probe says.
        name = self.names.take(wish if wish != "probe" else "probes", *([f"{wish}-timed"] if what.latency else []))
        self.signals[name] = signal
        return name


_ORDER = ("title", "events", "duration", "native", "where", "valid", "bad", "timed", "value", "unit")


def _ordered(signal: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in signal.items() if key not in _ORDER}
    return {key: signal[key] for key in _ORDER if key in signal} | rest


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a signal that says what both say: the same, or errors and durations of the same events."""
    if dict(one) == dict(other):
        return dict(one)
    if one.get("events") != other.get("events") or "events" not in one or one.get("native") or other.get("native"):
        return None
    bad, timed = (one, other) if "bad" in one else (other, one)
    if "bad" in timed or "duration" in bad or bad.get("valid", "") != timed.get("where", "") or "where" in bad:
        return None
    return {**timed, "bad": bad["bad"]}


def components_of(found: Sequence[tuple[Promise, Measured]]) -> dict[str, Component]:
    """Return the component of each service, with the matchers that all of its signals have."""
    names = Names()
    components: dict[str, Component] = {}
    for promise, _ in found:
        if promise.service not in components:
            name = names.take(made(promise.service, "service"))
            components[promise.service] = Component(name, promise.service)
    for service, component in components.items():
        chosen = [set(what.selector) for promise, what in found if promise.service == service and what.selector]
        shared = set.intersection(*chosen) if chosen else set[Matcher]()
        first = next((what.selector for promise, what in found if promise.service == service and what.selector), ())
        component.selector = tuple(
            matcher
            for matcher in first
            if matcher in shared and matcher.operator == "=" and matcher.value and matcher.label in _IDENTITY
        )
    return components


def _joined(matchers: Iterable[Matcher]) -> str:
    return ", ".join(str(matcher) for matcher in matchers)

"""Where Alertmanager sends an alert, and what it holds it back for: its configuration, read as it reads it itself.

Source: alertmanager, dispatch/route.go and inhibit/inhibit.go. Pure: a configuration is a map, as YAML gives it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from vcci_slo.promql.durations import parse_duration
from vcci_slo.promql.matchers import Matcher, parse_matchers

__all__ = ["Inhibition", "Unreadable", "Way", "holds", "inhibitions", "integrations", "matchers_of", "ways"]

Labels = Mapping[str, str]

# https://prometheus.io/docs/alerting/latest/configuration/#route
WAIT, INTERVAL, REPEAT = timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=4)

_BARE = re.compile(r'\s*"?(?P<label>[^"=!~\s]+)"?\s*(?P<operator>=~|!~|!=|=)\s*(?P<value>[^",{}\s]*)\s*')


class Unreadable(ValueError):
    """A part of a configuration that Alertmanager would not have taken, or that is newer than this program."""


@dataclass(frozen=True)
class Way:
    """How one receiver hears of an alert. `active` names the hours in which it does; none means always."""

    receiver: str
    group_by: tuple[str, ...] = ()
    wait: timedelta = WAIT
    interval: timedelta = INTERVAL
    repeat: timedelta = REPEAT
    active: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inhibition:
    """While an alert of the source fires, those of the target with equal labels are held back."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]

    def holds_back(self, source: Labels, target: Labels) -> bool:
        """Return whether one alert makes another superfluous; one that is on both sides does not hold back its like."""
        if not (holds(self.source, source) and holds(self.target, target)):
            return False
        if holds(self.source, target) and holds(self.target, source):
            return False
        return all(source.get(label, "") == target.get(label, "") for label in self.equal)

    def __str__(self) -> str:
        within = f" of the same {', '.join(self.equal)}" if self.equal else ""
        return f"{_said(self.source)} holds back {_said(self.target)}{within}"


def holds(matchers: Sequence[Matcher], labels: Labels) -> bool:
    """Return whether every matcher selects these labels; a pattern that only Go understands selects nothing."""
    try:
        return all(matcher.holds(labels) for matcher in matchers)
    except ValueError:
        return False


def ways(configuration: Mapping[str, Any], labels: Labels) -> tuple[Way, ...]:
    """Return every way that an alert with these labels takes, in the order of the routes.

    Raises Unreadable for a route that cannot be understood.
    """
    root = configuration.get("route")
    if not isinstance(root, Mapping):
        raise Unreadable("expected a route, found none")
    return tuple(_ways(root, Way(""), labels))


def _ways(route: Mapping[str, Any], above: Way, labels: Labels) -> Iterator[Way]:
    own = _inherited(route, above)
    found = False
    for child in route.get("routes") or ():
        if holds(matchers_of(child), labels):
            found = True
            yield from _ways(child, own, labels)
            if not child.get("continue"):
                break
    if not found:
        yield own


def _inherited(route: Mapping[str, Any], above: Way) -> Way:
    """Return the settings of a route: hours are its own, everything else is its parent's unless it says so."""
    return replace(
        above,
        receiver=str(route.get("receiver") or above.receiver),
        group_by=tuple(sorted(map(str, route["group_by"]))) if route.get("group_by") else above.group_by,
        wait=_span(route.get("group_wait"), above.wait),
        interval=_span(route.get("group_interval"), above.interval),
        repeat=_span(route.get("repeat_interval"), above.repeat),
        active=tuple(map(str, route.get("active_time_intervals") or ())),
        muted=tuple(map(str, route.get("mute_time_intervals") or ())),
    )


def _span(text: Any, default: timedelta) -> timedelta:
    if text is None:
        return default
    try:
        return parse_duration("0s" if str(text) == "0" else str(text))
    except ValueError as error:
        raise Unreadable(str(error)) from None


def inhibitions(configuration: Mapping[str, Any]) -> tuple[Inhibition, ...]:
    """Return what holds back what, in the order written."""
    return tuple(
        Inhibition(
            source=_sorted(matchers_of(rule, "source_")),
            target=_sorted(matchers_of(rule, "target_")),
            equal=tuple(sorted(map(str, rule.get("equal") or ()))),
        )
        for rule in configuration.get("inhibit_rules") or ()
    )


def integrations(configuration: Mapping[str, Any], receiver: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return what a receiver does, by kind such as `pagerduty`; nothing for one that is not there."""
    for found in configuration.get("receivers") or ():
        if found.get("name") == receiver:
            return {
                kind.removesuffix("_configs"): list(several)
                for kind, several in found.items()
                if kind.endswith("_configs") and several
            }
    return {}


def matchers_of(rule: Mapping[str, Any], side: str = "") -> tuple[Matcher, ...]:
    """Return the matchers of a route, or of one side of an inhibition, in the spelling of today or before 0.22."""
    found: list[Matcher] = []
    for text in rule.get(f"{side}matchers") or ():
        found += _read(str(text))
    found += [Matcher(label, "=", str(value)) for label, value in (rule.get(f"{side}match") or {}).items()]
    found += [Matcher(label, "=~", str(value)) for label, value in (rule.get(f"{side}match_re") or {}).items()]
    return tuple(found)


def _read(text: str) -> tuple[Matcher, ...]:
    try:
        return parse_matchers(text.strip().removeprefix("{").removesuffix("}"))
    except ValueError:
        bare = _BARE.fullmatch(text)
        if bare is None:
            raise Unreadable(f'expected a matcher such as severity="page", found {text!r}') from None
        return (Matcher(bare["label"], bare["operator"], bare["value"]),)  # type: ignore[arg-type]


def _sorted(matchers: Sequence[Matcher]) -> tuple[Matcher, ...]:
    return tuple(sorted(matchers, key=str))


def _said(matchers: Sequence[Matcher]) -> str:
    return ",".join(map(str, matchers)) or "everything"

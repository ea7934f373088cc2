"""Alertmanager's configuration against the spec's: by what it does with every alert, not by how it is written.

A route may be split, moved or spelled otherwise, and still send each alert where the spec wants it. So each alert of
the spec is sent through both configurations, and what comes out is compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from vcci_alerts.model import AlertRule
from vcci_platform.live.alertmanager import Silence
from vcci_platform.live.finding import Drift
from vcci_platform.live.routing import Inhibition, Unreadable, Way, holds, inhibitions, integrations, ways
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.matchers import Matcher

__all__ = ["delivery_drift", "labels_of", "may_hide", "silence_drift"]

Configuration = Mapping[str, Any]

# What stands in these fields is an address, a secret, or belongs to the place where Alertmanager runs.
_OF_THE_PLACE = frozenset(
    {"url", "url_file", "routing_key", "routing_key_file", "service_key", "http_config", "client_url"}
)
MOST_NAMED = 3


def labels_of(rule: AlertRule) -> Mapping[str, str]:
    """Return the labels that every alert of a rule has; what its series add is not among them."""
    return {"alertname": rule.alert, **dict(rule.labels)}


def delivery_drift(wanted: Configuration, live: Configuration, rules: Sequence[AlertRule]) -> tuple[Drift, ...]:
    """Return where alerts go otherwise than the spec says, and what is held back otherwise."""
    try:
        return (
            *_routes(wanted, live, rules),
            *_receivers(wanted, live, rules),
            *_hours(wanted, live, rules),
            *_inhibitions(wanted, live, rules),
        )
    except Unreadable as error:
        return (Drift("route", "alertmanager", f"has a configuration that cannot be compared: {error}"),)


def _routes(wanted: Configuration, live: Configuration, rules: Iterable[AlertRule]) -> Iterator[Drift]:
    differing: dict[tuple[str, str], list[str]] = defaultdict(list)
    for rule in rules:
        labels = labels_of(rule)
        expected, found = ways(wanted, labels), ways(live, labels)
        if set(expected) != set(found):
            differing[_told(expected, found), _told(found, expected)].append(_named(rule))
    for (expected_way, found_way), names in differing.items():
        verb = "is" if len(names) == 1 else "are"
        yield Drift("route", _some(names), f"{verb} sent otherwise than the spec says", expected_way, found_way)


def _told(several: Sequence[Way], others: Sequence[Way]) -> str:
    """Return ways in words; the pace only where the receivers are the same and so the pace is what differs."""
    same_receivers = {way.receiver for way in several} == {way.receiver for way in others}
    return " and ".join(_way(way, paced=same_receivers) for way in several) or "nobody"


def _way(way: Way, *, paced: bool) -> str:
    hours = f" during {' or '.join(way.active)}" if way.active else ""
    hours += f" except {' or '.join(way.muted)}" if way.muted else ""
    if not paced:
        return f"{way.receiver}{hours}"
    wait, interval, repeat = (promql_duration(span) if span else "0s" for span in (way.wait, way.interval, way.repeat))
    by = ", ".join(way.group_by) or "nothing"
    return f"{way.receiver}{hours} (grouped by {by}; wait {wait}, then every {interval}, again after {repeat})"


def _receivers(wanted: Configuration, live: Configuration, rules: Iterable[AlertRule]) -> Iterator[Drift]:
    names = dict.fromkeys(way.receiver for rule in rules for way in ways(wanted, labels_of(rule)))
    known = {str(one.get("name")) for one in live.get("receivers") or ()}
    for name in names:
        if name not in known:
            yield Drift("receiver", name, "is not there")
            continue
        expected, found = integrations(wanted, name), integrations(live, name)
        for kind in sorted({*expected, *found}):
            has, wants = found.get(kind, ()), expected.get(kind, ())
            if len(has) < len(wants):
                yield Drift("receiver", name, f"does not tell {kind}", str(len(wants)), str(len(has)))
            elif len(has) > len(wants):
                yield Drift(
                    "receiver", name, f"tells {kind} too, which the spec does not", str(len(wants)), str(len(has))
                )
            else:
                for one, other in zip(wants, has, strict=True):
                    yield from _fields(name, kind, one, other)


def _fields(receiver: str, kind: str, wanted: Mapping[str, Any], has: Mapping[str, Any]) -> Iterator[Drift]:
    for field, value in wanted.items():
        if field not in _OF_THE_PLACE and not _within(value, has.get(field)):
            yield Drift(
                "receiver",
                receiver,
                f"has another `{field}` for {kind}",
                _short(value),
                _short(has.get(field, "absent")),
            )


def _within(wanted: Any, has: Any) -> bool:
    """Return whether a setting is as wanted; Alertmanager adds details of its own to those that are given."""
    if isinstance(wanted, Mapping) and isinstance(has, Mapping):
        return all(has.get(name) == value for name, value in wanted.items())
    return bool(wanted == has)


def _hours(wanted: Configuration, live: Configuration, rules: Iterable[AlertRule]) -> Iterator[Drift]:
    used = {name for rule in rules for way in ways(wanted, labels_of(rule)) for name in (*way.active, *way.muted)}
    here, there = _named_hours(wanted), _named_hours(live)
    for name in sorted(used):
        if name not in there:
            yield Drift("hours", name, "is not there")
        elif here.get(name) != there[name]:
            yield Drift("hours", name, "has other hours", _short(here.get(name)), _short(there[name]))


def _named_hours(configuration: Configuration) -> Mapping[str, Any]:
    several = (*(configuration.get("time_intervals") or ()), *(configuration.get("mute_time_intervals") or ()))
    return {str(one.get("name")): [_interval(part) for part in one.get("time_intervals") or ()] for one in several}


def _interval(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an interval with weekdays one by one: Alertmanager joins days that follow each other."""
    days: list[int] = []
    for text in found.get("weekdays") or ():
        first, _, last = str(text).partition(":")
        start = _DAYS.index(first)
        days += range(start, _DAYS.index(last or first) + 1)
    return {**found, "weekdays": sorted(days)}


_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def _inhibitions(wanted: Configuration, live: Configuration, rules: Sequence[AlertRule]) -> Iterator[Drift]:
    here, there = dict.fromkeys(inhibitions(wanted)), dict.fromkeys(inhibitions(live))
    for rule in here:
        if rule not in there:
            yield Drift("inhibition", str(rule), "is not there")
    for rule in there:
        touched = [_named(one) for one in rules if _may_target(rule, labels_of(one))]
        if rule not in here and touched:
            yield Drift("inhibition", str(rule), f"is not the spec's, and can hold back {_some(touched)}")


def _may_target(rule: Inhibition, labels: Mapping[str, str]) -> bool:
    return holds([matcher for matcher in rule.target if matcher.label in labels], labels)


def silence_drift(silences: Iterable[Silence], rules: Sequence[AlertRule], now: datetime) -> tuple[Drift, ...]:
    """Return each silence that hides, or will hide, alerts that the spec says are heard: whose it is and until when."""
    found: list[Drift] = []
    for silence in silences:
        hidden = [_named(rule) for rule in rules if may_hide(silence.matchers, labels_of(rule))]
        if not hidden:
            continue
        begins = "" if silence.starts_at <= now else f" from {silence.starts_at:%Y-%m-%d %H:%M} UTC"
        some = "" if all(_surely(silence.matchers, rule) for rule in rules if _named(rule) in hidden) else "some of "
        found.append(
            Drift(
                "silence",
                silence.id,
                f"hides {some}{_some(hidden)}{begins} until {silence.ends_at:%Y-%m-%d %H:%M} UTC; "
                f"made by {silence.by or 'nobody'}: {silence.comment or 'no reason given'}",
            )
        )
    return tuple(found)


def may_hide(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Return whether a silence can hide an alert: labels that only its series have are not known beforehand.

    A silence whose every matcher is about such labels is somebody else's.
    """
    known = [matcher for matcher in matchers if matcher.label in labels]
    return bool(known) and holds(known, labels)


def _surely(matchers: Sequence[Matcher], rule: AlertRule) -> bool:
    labels = labels_of(rule)
    return all(matcher.label in labels for matcher in matchers) and holds(matchers, labels)


def _named(rule: AlertRule) -> str:
    labels = dict(rule.labels)
    telling = " ".join(labels[label] for label in ("tier", "priority") if label in labels)
    return f"{rule.alert} ({telling})" if telling else rule.alert


def _some(several: Sequence[str]) -> str:
    names = sorted(several, key=lambda name: (name[-3:-1], name))  # the gravest first
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

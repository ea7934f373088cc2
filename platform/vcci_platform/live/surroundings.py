"""What must be true around the rules: targets are scraped, the clocks and the retention are those of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import yaml

from vcci_alerts.prometheus_config import flags as wanted_flags
from vcci_alerts.prometheus_config import job_name
from vcci_platform.live.finding import Drift
from vcci_platform.live.prometheus import Target
from vcci_slo.plan import Component, Plan
from vcci_slo.promql.durations import parse_duration, promql_duration

__all__ = ["clock_drift", "retention_drift", "target_drift"]

RETENTION = "storage.tsdb.retention.time"
DEFAULT_RETENTION = timedelta(days=15)
"""Prometheus' own, when neither time nor size is given. It prints 0s then."""


def target_drift(plan: Plan, targets: Sequence[Target]) -> tuple[Drift, ...]:
    """Return each component that is not scraped, or not probed from enough places, and each target that is down."""
    return tuple(found for component in plan.components for found in _of_component(plan, component, targets))


def _of_component(plan: Plan, component: Component, targets: Sequence[Target]) -> Iterator[Drift]:
    if component.scrape is not None:
        own = [target for target in targets if _selects(component, target)]
        if not own:
            said = ", ".join(map(str, component.selector)) or f'job="{job_name(plan, component)}"'
            yield Drift("target", component.name, f"is not scraped: no target has {said}")
        yield from _down(component.name, own)
    if component.probe is not None:
        probes = [target for target in targets if target.labels.get("job") == f"probe-{component.name}"]
        if len(probes) < component.probe.places:
            yield Drift(
                "target",
                f"probe-{component.name}",
                "is not probed from as many places as the spec wants" if probes else "is not probed from outside",
                str(component.probe.places),
                str(len(probes)),
            )
        yield from _down(f"probe-{component.name}", probes)


def _selects(component: Component, target: Target) -> bool:
    """Return whether a target is the component's, by those labels that a target has before it is scraped."""
    known = [matcher for matcher in component.selector if matcher.label in target.labels]
    return any(matcher.label == "job" for matcher in known) and all(matcher.holds(target.labels) for matcher in known)


def _down(subject: str, targets: Sequence[Target]) -> Iterator[Drift]:
    for target in targets:
        if target.health == "down":
            yield Drift(
                "target", subject, f"cannot be scraped at {target.labels.get('instance', target.url)}: {target.error}"
            )


def clock_drift(plan: Plan, configuration: str) -> tuple[Drift, ...]:
    """Return whether Prometheus scrapes and evaluates more seldom than the windows of the plan suppose."""
    try:
        document: Any = yaml.safe_load(configuration)
        given: Mapping[str, Any] = (document or {}).get("global") or {}
    except (yaml.YAMLError, AttributeError):
        return ()
    found: list[Drift] = []
    for name, wanted in (("scrape_interval", plan.scrape_every), ("evaluation_interval", plan.evaluate_every)):
        has = parse_duration(str(given.get(name, "1m")))
        if has > wanted:
            found.append(
                Drift(
                    "prometheus",
                    name,
                    "is longer than the plan supposes",
                    promql_duration(wanted),
                    promql_duration(has),
                )
            )
    return tuple(found)


def retention_drift(plan: Plan, flags: Mapping[str, str]) -> tuple[Drift, ...]:
    """Return whether Prometheus forgets what a promise still looks back on."""
    wanted = next((flag.partition("=")[2] for flag in wanted_flags(plan) if flag.startswith(f"--{RETENTION}=")), None)
    text, size = flags.get(RETENTION, ""), flags.get("storage.tsdb.retention.size", "")
    if wanted is None or not text:
        return ()
    try:
        has = parse_duration(_days(text))
    except ValueError:
        return ()
    if not has:
        if size not in {"", "0B", "0"}:
            return ()
        has = DEFAULT_RETENTION
    if has >= parse_duration(wanted):
        return ()
    return (Drift("prometheus", RETENTION, "is shorter than the longest window needs", wanted, promql_duration(has)),)


def _days(text: str) -> str:
    """Return a duration of Prometheus without years, which our durations do not know."""
    years, mark, rest = text.partition("y")
    return f"{int(years) * 365}d{rest}" if mark and years.isdigit() and not rest else text

"""References of the sections that plan the work: checks, capacity, backups, security, changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vcci_slo import plan
from vcci_slo.resolve.findings import Findings
from vcci_slo.spec.document import Spec
from vcci_slo.spec.operations import CheckItemSpec, ConditionSpec
from vcci_slo.spec.source import Path
from vcci_slo.spec.units import Quantity

__all__ = ["check_operations"]

NAMED_TIMES: tuple[str, ...] = ("business", "off-peak", "maintenance")


def check_operations(spec: Spec, components: tuple[plan.Component, ...], findings: Findings) -> None:
    """Note each signal, alert, role, component and time that does not exist, and each limit in the wrong unit."""
    signals = {signal.ref: signal for component in components for signal in component.signals}
    for path, condition in _conditions(spec):
        _check_condition(path, condition, signals, findings)
    for path, role in _roles(spec):
        findings.lookup(path, "a role", role, spec.contacts)
    if spec.capacity is not None:
        _check_capacity(spec, signals, findings)
    for name, backup in spec.backups.items():
        if backup.rpo is not None and backup.rpo.measure is not None:
            findings.lookup(("backups", name, "rpo", "measure"), "a signal", backup.rpo.measure, signals)
    if spec.changes is not None:
        for name, window in spec.changes.windows.items():
            if window.during is not None:
                known = dict.fromkeys(NAMED_TIMES)
                findings.lookup(("changes", "windows", name, "during"), "a named time", window.during, known)


def _check_capacity(spec: Spec, signals: Mapping[str, plan.Signal], findings: Findings) -> None:
    assert spec.capacity is not None  # noqa: S101 - the caller's condition
    alerts = {f"alerts.{name}": None for name in spec.alerts}
    for name, up in spec.capacity.up.items():
        path: Path = ("capacity", "up", name)
        findings.lookup((*path, "scale"), "a component", up.scale, spec.components)
        if up.when.alert is not None:
            findings.lookup((*path, "when"), "an alert", up.when.alert, alerts)
    if spec.capacity.down is not None:
        findings.lookup(
            ("capacity", "down", "during"), "a named time", spec.capacity.down.during, dict.fromkeys(NAMED_TIMES)
        )
    for name, tracked in spec.capacity.track.items():
        if tracked.measure is not None:
            path = ("capacity", "track", name)
            signal = findings.lookup((*path, "measure"), "a signal", tracked.measure, signals)
            if signal is not None and tracked.ceiling is not None:
                _check_unit((*path, "ceiling"), tracked.ceiling, signal, findings)


def _check_condition(
    path: Path, condition: ConditionSpec, signals: Mapping[str, plan.Signal], findings: Findings
) -> None:
    signal = findings.lookup((*path, "measure"), "a signal", condition.measure, signals)
    if signal is None:
        return
    if isinstance(signal, plan.EventsSignal):
        findings.add((*path, "measure"), "a signal that is a value", repr(condition.measure))
        return
    for side, limit in (("above", condition.above), ("below", condition.below)):
        if limit is not None:
            _check_unit((*path, side), limit, signal, findings)


def _check_unit(path: Path, limit: Quantity, signal: plan.Signal, findings: Findings) -> None:
    unit = signal.unit if signal.unit in {"ratio", "seconds", "bytes"} else "number"
    if limit.unit != unit:
        findings.add(path, f"a limit in {signal.unit}", repr(limit.text))


def _conditions(spec: Spec) -> Iterator[tuple[Path, ConditionSpec]]:
    for path, item in _items(spec):
        if item.fails_when is not None:
            yield (*path, "fails_when"), item.fails_when
    if spec.capacity is not None:
        for name, up in spec.capacity.up.items():
            if up.when.condition is not None:
                yield ("capacity", "up", name, "when", "condition"), up.when.condition
        if spec.capacity.down is not None:
            for index, condition in enumerate(spec.capacity.down.when):
                yield ("capacity", "down", "when", index), condition


def _items(spec: Spec) -> Iterator[tuple[Path, CheckItemSpec]]:
    for name in ("daily", "weekly", "monthly"):
        listed = getattr(spec.checks, name) if spec.checks is not None else None
        for key, item in listed.items.items() if listed is not None else ():
            yield ("checks", name, "items", key), item
    if spec.security is not None:
        for name, table in (("daily", spec.security.daily), ("weekly", spec.security.weekly)):
            for key, item in table.items():
                yield ("security", name, key), item


def _roles(spec: Spec) -> Iterator[tuple[Path, str]]:
    for path, item in _items(spec):
        if item.who is not None:
            yield (*path, "who"), item.who
    if spec.changes is not None:
        for priority, role in spec.changes.approver.items():
            yield ("changes", "approver", priority), role
        for name, window in spec.changes.windows.items():
            if window.approver is not None:
                yield ("changes", "windows", name, "approver"), window.approver

"""Recording and alerting rules as values; the writer prints them, the proofs ask them what they must say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from vcci_slo.promql.durations import promql_duration

__all__ = ["AlertRule", "Group", "Recording", "rules_document"]

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Recording:
    """A series that Prometheus computes and keeps."""

    record: str
    expression: str
    labels: Pairs = ()

    def document(self) -> Mapping[str, Any]:
        """Return it as Prometheus reads it."""
        written: dict[str, Any] = {"record": self.record, "expr": self.expression}
        return written | ({"labels": dict(self.labels)} if self.labels else {})


@dataclass(frozen=True)
class AlertRule:
    """A condition that becomes an alert once it has lasted, and stays one for a while after it ended."""

    alert: str
    expression: str
    lasts: timedelta
    keep_firing_for: timedelta
    labels: Pairs
    annotations: Pairs

    def document(self) -> Mapping[str, Any]:
        """Return it as Prometheus reads it."""
        written: dict[str, Any] = {"alert": self.alert, "expr": self.expression}
        if self.lasts:
            written["for"] = promql_duration(self.lasts)
        if self.keep_firing_for:
            written["keep_firing_for"] = promql_duration(self.keep_firing_for)
        return written | {"labels": dict(self.labels), "annotations": dict(self.annotations)}


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after the other, at one moment."""

    name: str
    rules: tuple[Recording | AlertRule, ...]

    @property
    def alerts(self) -> tuple[AlertRule, ...]:
        """The alerting rules among them."""
        return tuple(rule for rule in self.rules if isinstance(rule, AlertRule))


def rules_document(groups: Iterable[Group]) -> Mapping[str, Any]:
    """Return a rule file: one YAML document, since Prometheus reads only the first."""
    return {
        "groups": [{"name": group.name, "rules": [dict(rule.document()) for rule in group.rules]} for group in groups]
    }

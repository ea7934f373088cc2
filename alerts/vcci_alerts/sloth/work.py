"""What passes along the chain of plugins: the objective, its tiers, and the rules so far. Plugins return new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from vcci_slo.formats.sloth import Objective, OpenSloSpec, SlothSpec, Windows

__all__ = ["Group", "Info", "Plugin", "PluginFactory", "Rule", "Rules", "Tier", "Work"]


@dataclass(frozen=True)
class Rule:
    """One Prometheus rule: a recording rule has `record`, an alert has `alert`."""

    expr: str
    record: str = ""
    alert: str = ""
    wait: timedelta = timedelta(0)
    """The `for` of an alert."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Rules that Prometheus evaluates together. Without a name it gets the usual one, without rules it is left out."""

    rules: tuple[Rule, ...] = ()
    name: str = ""
    interval: timedelta = timedelta(0)


@dataclass(frozen=True)
class Rules:
    """The groups of one objective, in the order in which they are written."""

    sli: Group = Group()
    metadata: Group = Group()
    alerts: Group = Group()
    extra: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Info:
    """Who generates, in the labels of `sloth_slo_info`."""

    version: str
    mode: str
    spec: str


@dataclass(frozen=True)
class Tier:
    """Two windows that must both burn `factor` times faster than evenly."""

    short: timedelta
    long: timedelta
    factor: float


@dataclass(frozen=True)
class Work:
    """One objective on its way through the plugins. `notes` are for those who debug."""

    info: Info
    objective: Objective
    windows: Windows
    source: SlothSpec | OpenSloSpec
    rules: Rules = field(default_factory=Rules)
    notes: tuple[str, ...] = ()

    @property
    def budget_percent(self) -> float:
        """The share of events that may be bad, in percent."""
        return 100 - self.objective.objective

    @property
    def page(self) -> tuple[Tier, Tier]:
        """The quick and the slow tier of the page."""
        return self._tier("page quick"), self._tier("page slow")

    @property
    def ticket(self) -> tuple[Tier, Tier]:
        """The quick and the slow tier of the ticket."""
        return self._tier("ticket quick"), self._tier("ticket slow")

    @property
    def alert_windows(self) -> tuple[timedelta, ...]:
        """Every window of the tiers once, shortest first."""
        tiers = self.windows.tiers.values()
        return tuple(sorted({length for tier in tiers for length in (tier.short, tier.long)}))

    def _tier(self, name: str) -> Tier:
        window = self.windows.tiers[name]
        return Tier(window.short, window.long, self.windows.factor(window))


Plugin = Callable[[Work], Work]
"""One step of the chain. Raises SlothError to refuse the objective."""

PluginFactory = Callable[[Any], Plugin]
"""Makes a step of its config, which is whatever stands in the spec. Raises SlothError for a config that it refuses."""

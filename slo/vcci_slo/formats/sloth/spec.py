"""What a file declares, as it stands there: one model for Sloth's two own inputs, one for OpenSLO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vcci_slo.formats.sloth.decoding import UnknownKey
from vcci_slo.formats.sloth.documents import Kind

__all__ = [
    "Alert",
    "Alerting",
    "Document",
    "Events",
    "KubernetesMeta",
    "OpenSloMetric",
    "OpenSloObjective",
    "OpenSloSpec",
    "OpenSloTimeWindow",
    "Plugin",
    "PluginUse",
    "Plugins",
    "Raw",
    "Sli",
    "SlothSlo",
    "SlothSpec",
]

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Events:
    """Bad events over all events, each PromQL with `{{.window}}` in it."""

    error_query: str = ""
    total_query: str = ""


@dataclass(frozen=True)
class Raw:
    """The error ratio itself, PromQL with `{{.window}}` in it."""

    error_ratio_query: str = ""


@dataclass(frozen=True)
class PluginUse:
    """A query that a plugin makes."""

    id: str = ""
    options: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Sli:
    """The indicator. A valid one has one of the three; with `plugin`, Sloth drops what `raw` says."""

    events: Events | None = None
    raw: Raw | None = None
    plugin: PluginUse | None = None


@dataclass(frozen=True)
class Alert:
    """The page or the ticket of an objective."""

    disable: bool = False
    labels: Texts = field(default_factory=dict)
    annotations: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Alerting:
    """Both alerts of an objective, and what they share."""

    name: str = ""
    labels: Texts = field(default_factory=dict)
    annotations: Texts = field(default_factory=dict)
    page: Alert = field(default_factory=Alert)
    ticket: Alert = field(default_factory=Alert)


@dataclass(frozen=True)
class Plugin:
    """One step of the plugin chain. Lower priorities run first; below zero, before the default plugins."""

    id: str = ""
    config: Any = None
    priority: int = 0


@dataclass(frozen=True)
class Plugins:
    """Steps that a group or an objective adds, or puts in the place of what came before."""

    override_previous: bool = False
    chain: tuple[Plugin, ...] = ()


@dataclass(frozen=True)
class SlothSlo:
    """One objective, in percent. Its description is never printed by Sloth."""

    name: str
    objective: float
    description: str = ""
    labels: Texts = field(default_factory=dict)
    sli: Sli = field(default_factory=Sli)
    alerting: Alerting = field(default_factory=Alerting)
    plugins: Plugins = field(default_factory=Plugins)


@dataclass(frozen=True)
class KubernetesMeta:
    """The metadata of the object that the rules inherit. Empty annotations are printed, absent ones are not."""

    name: str = ""
    namespace: str = ""
    labels: Texts = field(default_factory=dict)
    annotations: Texts | None = None


@dataclass(frozen=True)
class SlothSpec:
    """The objectives of one service; `metadata` is set for the Kubernetes object."""

    service: str
    slos: tuple[SlothSlo, ...]
    labels: Texts = field(default_factory=dict)
    plugins: Plugins = field(default_factory=Plugins)
    metadata: KubernetesMeta | None = None

    @property
    def kind(self) -> Kind:
        """Which of the two inputs this is."""
        return Kind.PROMETHEUS if self.metadata is None else Kind.KUBERNETES


@dataclass(frozen=True)
class OpenSloMetric:
    """One side of a ratio."""

    source: str = ""
    query_type: str = ""
    query: str = ""


@dataclass(frozen=True)
class OpenSloObjective:
    """One target of an OpenSLO, a share of good events from 0 to 1; Sloth makes an objective of each."""

    target: float | None = None
    good: OpenSloMetric | None = None
    total: OpenSloMetric | None = None
    display_name: str = ""
    value: float = 0.0
    op: str = ""
    slice_target: float | None = None


@dataclass(frozen=True)
class OpenSloTimeWindow:
    """How long the budget lasts."""

    unit: str = ""
    count: int = 0


@dataclass(frozen=True)
class OpenSloSpec:
    """An SLO of OpenSLO v1alpha."""

    name: str
    service: str
    objectives: tuple[OpenSloObjective, ...]
    display_name: str = ""
    description: str = ""
    budgeting_method: str = ""
    time_windows: tuple[OpenSloTimeWindow, ...] = ()

    @property
    def kind(self) -> Kind:
        """Always OpenSLO v1alpha."""
        return Kind.OPENSLO


@dataclass(frozen=True)
class Document:
    """What one document declares, and the keys in it that Sloth does not read."""

    spec: SlothSpec | OpenSloSpec
    ignored: tuple[UnknownKey, ...] = ()

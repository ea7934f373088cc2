"""Objectives as Sloth works on them: labels merged, plugins asked for their queries, identifiers made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from vcci_slo.formats.sloth.errors import SlothError
from vcci_slo.formats.sloth.go import quote
from vcci_slo.formats.sloth.spec import (
    Alert,
    Events,
    OpenSloObjective,
    OpenSloSpec,
    Plugin,
    Plugins,
    Raw,
    SlothSlo,
    SlothSpec,
)

__all__ = ["AlertMeta", "Objective", "SliPlugin", "objectives_of"]

SliPlugin = Callable[[Mapping[str, str], Mapping[str, str], Mapping[str, str]], str]
"""Makes an error ratio query of the meta (`service`, `slo`, `objective`), the service's labels, and the options."""

LONGEST_DAYS = 106_751
"""What fits into Go's durations."""

_RATIO_OF_GOOD = """
  1 - (
    (
      {good}
    )
    /
    (
      {total}
    )
  )
"""


@dataclass(frozen=True)
class AlertMeta:
    """An alert with what both share and what is its own."""

    disable: bool = False
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Objective:
    """One objective, in percent, with everything that its rules need."""

    id: str
    name: str
    service: str
    objective: float
    period: timedelta
    description: str = ""
    events: Events | None = None
    raw: Raw | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    page: AlertMeta = AlertMeta(disable=True)
    ticket: AlertMeta = AlertMeta(disable=True)
    plugins: Plugins = field(default_factory=Plugins)


def objectives_of(
    spec: SlothSpec | OpenSloSpec, *, period: timedelta, sli_plugin: Callable[[str], SliPlugin]
) -> tuple[Objective, ...]:
    """Return the objectives of a spec. `sli_plugin` finds a plugin by its id, or raises SlothError."""
    if isinstance(spec, OpenSloSpec):
        return tuple(
            _of_openslo(spec, objective, position, period) for position, objective in enumerate(spec.objectives)
        )
    return tuple(_of_sloth(spec, slo, period, sli_plugin) for slo in spec.slos)


def _of_sloth(spec: SlothSpec, slo: SlothSlo, period: timedelta, sli_plugin: Callable[[str], SliPlugin]) -> Objective:
    return Objective(
        id=f"{spec.service}-{slo.name}",
        name=slo.name,
        service=spec.service,
        description=slo.description,
        objective=slo.objective,
        period=period,
        events=slo.sli.events,
        raw=_raw(spec, slo, sli_plugin),
        labels={**spec.labels, **slo.labels},
        page=_alert(slo, slo.alerting.page),
        ticket=_alert(slo, slo.alerting.ticket),
        plugins=_plugins(spec, slo),
    )


def _raw(spec: SlothSpec, slo: SlothSlo, sli_plugin: Callable[[str], SliPlugin]) -> Raw | None:
    use = slo.sli.plugin
    if use is None:
        return slo.sli.raw
    try:
        plugin = sli_plugin(use.id)
    except SlothError as error:
        raise error.during("could not get plugin") from None
    meta = {"service": spec.service, "slo": slo.name, "objective": f"{slo.objective:.6f}"}
    try:
        return Raw(plugin(meta, spec.labels, use.options))
    except SlothError as error:
        raise error.during(f"plugin {quote(use.id)} execution error") from None


def _alert(slo: SlothSlo, alert: Alert) -> AlertMeta:
    if alert.disable:
        return AlertMeta(disable=True)
    shared = slo.alerting
    return AlertMeta(
        name=shared.name,
        labels={**shared.labels, **alert.labels},
        annotations={**shared.annotations, **alert.annotations},
    )


def _plugins(spec: SlothSpec, slo: SlothSlo) -> Plugins:
    """Return the group's steps and the objective's own, or only these if it overrides what came before."""
    override = slo.plugins.override_previous
    group: tuple[Plugin, ...] = () if override else spec.plugins.chain
    return Plugins(override or spec.plugins.override_previous, (*group, *slo.plugins.chain))


def _of_openslo(spec: OpenSloSpec, objective: OpenSloObjective, position: int, period: timedelta) -> Objective:
    try:
        raw = _ratio(objective)
    except SlothError as error:
        raise error.during("could not map SLI").during("could not map SLOs correctly") from None
    if objective.target is None:
        raise SlothError(f"could not map SLOs correctly: objective {position} has no target")
    return Objective(
        id=f"{spec.service}-{spec.name}-{position}",
        name=f"{spec.name}-{position}",
        service=spec.service,
        description=spec.description,
        objective=objective.target * 100,
        period=_days(spec.time_windows[0].count) if spec.time_windows else period,
        raw=raw,
    )


def _days(count: int) -> timedelta:
    if abs(count) > LONGEST_DAYS:
        raise SlothError(f"the {count}d SLO period time window is not supported")
    return timedelta(days=count)


def _ratio(objective: OpenSloObjective) -> Raw:
    good, total = objective.good, objective.total
    if good is None or total is None:
        raise SlothError("missing ratioMetrics")
    if good.source not in {"prometheus", "sloth"}:
        raise SlothError("prometheus or sloth query ratio 'good' source is required")
    if total.source != "prometheus" and good.source != "sloth":  # Sloth looks at the good one here too
        raise SlothError("prometheus or sloth query ratio 'total' source is required")
    if good.query_type != "promql":
        raise SlothError(f"unsupported 'good' indicator query type: {good.query_type}")
    if total.query_type != "promql":
        raise SlothError(f"unsupported 'total' indicator query type: {total.query_type}")
    return Raw(_RATIO_OF_GOOD.format(good=good.query, total=total.query))

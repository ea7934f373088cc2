"""OpenSLO v1alpha as Sloth reads it: ratios of good events, one time window in days."""

from __future__ import annotations

from vcci_slo.formats.sloth.decoding import Record, Style, Unknowns
from vcci_slo.formats.sloth.documents import Kind
from vcci_slo.formats.sloth.errors import SlothError
from vcci_slo.formats.sloth.spec import Document, OpenSloMetric, OpenSloObjective, OpenSloSpec, OpenSloTimeWindow
from vcci_slo.formats.sloth.yaml_tree import read_tree

__all__ = ["read_openslo"]

_SPEC = ("timeWindows", "budgetingMethod", "description", "indicator", "service", "objectives")
_OBJECTIVE = ("displayName", "value", "ratioMetrics", "target", "timeSliceTarget", "op")


def read_openslo(text: str) -> Document:
    """Return what an OpenSLO document declares. Raises SlothError, in Sloth's words, for what it would not load."""
    unknowns = Unknowns()
    try:
        root = Record(read_tree(text), "SLO", ("apiVersion", "kind", "metadata", "spec"), Style.YAML, unknowns)
        version, spec = root.text("apiVersion"), _spec(root)
    except SlothError as error:
        raise error.during("could not unmarshall YAML spec correctly") from None
    if version != Kind.OPENSLO:
        raise SlothError(f'invalid spec version, should be "{Kind.OPENSLO}"')
    if not spec.objectives:
        raise SlothError("at least one SLO is required")
    if len(spec.time_windows) > 1:
        raise SlothError("invalid SLO time windows: only 1 time window is supported")
    if any(window.unit.lower() != "day" for window in spec.time_windows):
        raise SlothError("invalid SLO time windows: only days based time windows are supported")
    return Document(spec, tuple(unknowns.found))


def _spec(root: Record) -> OpenSloSpec:
    metadata = root.record("metadata", "Metadata", ("name", "displayName"))
    body = root.record("spec", "SLOSpec", _SPEC)
    windows = body.records("timeWindows", "TimeWindow", ("unit", "count", "isRolling", "calendar"))
    return OpenSloSpec(
        name=metadata.text("name"),
        display_name=metadata.text("displayName"),
        service=body.text("service"),
        description=body.text("description"),
        budgeting_method=body.text("budgetingMethod"),
        objectives=tuple(_objective(each) for each in body.records("objectives", "Objective", _OBJECTIVE)),
        time_windows=tuple(OpenSloTimeWindow(each.text("unit"), each.integer("count")) for each in windows),
    )


def _objective(objective: Record) -> OpenSloObjective:
    ratio = objective.optional("ratioMetrics", "RatioMetrics", ("good", "total", "counter"))
    return OpenSloObjective(
        target=objective.optional_number("target"),
        good=None if ratio is None else _metric(ratio, "good"),
        total=None if ratio is None else _metric(ratio, "total"),
        display_name=objective.text("displayName"),
        value=objective.number("value"),
        op=objective.text("op"),
        slice_target=objective.optional_number("timeSliceTarget"),
    )


def _metric(ratio: Record, name: str) -> OpenSloMetric:
    metric = ratio.record(name, "MetricSourceSpec", ("source", "queryType", "query"))
    return OpenSloMetric(metric.text("source"), metric.text("queryType"), metric.text("query"))

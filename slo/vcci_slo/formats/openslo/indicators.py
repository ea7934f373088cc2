"""SLIs of OpenSLO: ratios of good or bad events, ratios computed elsewhere, values with a threshold."""

from __future__ import annotations

from vcci_slo.formats.cursor import Cursor
from vcci_slo.formats.notes import Origin
from vcci_slo.formats.openslo.forms import LONGEST_DESCRIPTION, V2, metadata, name_at
from vcci_slo.formats.openslo.model import Indicator, Metric, RatioMetric, Version

__all__ = ["indicator"]


def indicator(cursor: Cursor, origin: Origin, version: Version) -> Indicator:
    """Return an SLI, an object of its own or inside an SLO."""
    spec = cursor.at("spec")
    kinds = [kind for kind in ("thresholdMetric", "ratioMetric") if spec.has(kind)]
    if len(kinds) != 1:
        spec.refuse("exactly one of thresholdMetric and ratioMetric", " and ".join(kinds) or "none of them")
    return Indicator(
        origin=origin,
        metadata=metadata(cursor, version),
        description=spec.text("description", longest=LONGEST_DESCRIPTION),
        threshold=_metric(spec.at("thresholdMetric"), version) if "thresholdMetric" in kinds else None,
        ratio=_ratio(spec.at("ratioMetric"), version) if "ratioMetric" in kinds else None,
    )


def _ratio(cursor: Cursor, version: Version) -> RatioMetric | None:
    if not cursor.is_map():
        return None
    given = {key for key in ("good", "bad", "total", "raw") if cursor.has(key)}
    if len(given & {"total", "raw"}) != 1:
        cursor.refuse("exactly one of total and raw", " and ".join(sorted(given & {"total", "raw"})) or "none of them")
    elif len(given & {"raw", "good", "bad"}) > 1:
        cursor.refuse("only one of raw, good and bad", " and ".join(sorted(given & {"raw", "good", "bad"})))
    elif "total" in given and not given & {"good", "bad"}:
        cursor.refuse("good or bad beside total", "neither")
    raw_type = ""
    if "raw" in given:
        raw_type = cursor.choice("rawType", ("success", "failure"), needed=True)
    metrics = {key: _metric(cursor.at(key), version) for key in given}
    return RatioMetric(
        counter=cursor.flag("counter"),
        good=metrics.get("good"),
        bad=metrics.get("bad"),
        total=metrics.get("total"),
        raw=metrics.get("raw"),
        raw_type=raw_type,
    )


def _metric(cursor: Cursor, version: Version) -> Metric | None:
    if not cursor.is_map():
        return None
    if version == V2:
        return _flat_metric(cursor)
    source = cursor.at("metricSource")
    if source.data is None:
        cursor.refuse("the key metricSource", "no such key", key="metricSource")
        return None
    if not source.is_map():
        return None
    spec = source.at("spec")
    if not isinstance(spec.data, dict) or not spec.data:
        source.refuse("a spec with at least one key", spec.data, key="spec")
        return None
    return Metric(name_at(source, "metricSourceRef"), source.text("type"), spec.data)


def _flat_metric(cursor: Cursor) -> Metric | None:
    given = [key for key in ("dataSourceRef", "dataSourceSpec") if cursor.has(key)]
    if len(given) != 1:
        cursor.refuse("exactly one of dataSourceRef and dataSourceSpec", " and ".join(given) or "none of them")
    inline = cursor.at("dataSourceSpec")
    kind = ""
    if inline.data is not None and inline.is_map():
        kind = inline.text("type", needed=True)
        inline.text("description", longest=LONGEST_DESCRIPTION)
        if not inline.has("connectionDetails"):
            inline.refuse("the key connectionDetails", "no such key", key="connectionDetails")
    spec = cursor.at("spec").data
    return Metric(name_at(cursor, "dataSourceRef"), kind, spec if isinstance(spec, dict) else {})

"""Conversions as the command makes them, with the ports that it hands in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from vcci_alerts.errors import AlertsError
from vcci_alerts.expressions import check
from vcci_alerts.sloth import SLI_PLUGINS
from vcci_slo.formats.convert import Conversion, Target, convert
from vcci_slo.formats.incoming import Reading
from vcci_slo.formats.sloth import BUILT_IN, SliPlugin, SlothError, Windows
from vcci_slo.load import load_plan
from vcci_slo.plan import Plan, Slo

__all__ = [
    "BAD",
    "EVENTS",
    "TOTAL",
    "converted",
    "data_of",
    "only_slo",
    "plan_of",
    "plugin",
    "sloth_text",
    "text_of",
    "why_not",
]

BAD = 'sum(rate(hits_total{job="shop",code=~"5.."}[{{.window}}]))'
TOTAL = 'sum(rate(hits_total{job="shop"}[{{.window}}]))'
EVENTS = {"events": {"error_query": BAD, "total_query": TOTAL}}

USUAL = next(windows for period, windows in BUILT_IN.items() if period.days == 30)


def why_not(query: str) -> str | None:
    """Return why a rule could not hold a query."""
    try:
        check("the query", query)
    except AlertsError as error:
        return str(error)
    return None


def plugin(name: str) -> SliPlugin:
    """Return a stand-in for one of Sloth's plugins."""
    if name not in SLI_PLUGINS:
        raise SlothError(f"there is no plugin {name!r}")
    return SLI_PLUGINS[name]


def converted(
    text: str | Mapping[str, str], target: Target = "vcci", *, windows: Windows = USUAL, name: str = "converted"
) -> Conversion:
    """Return a conversion of one text, or of several by their file."""
    texts = {"in.yaml": text} if isinstance(text, str) else text
    return convert(
        texts, given=None, target=target, reading=Reading(plugin, windows), why_not=why_not, name=name, include=None
    )


def text_of(conversion: Conversion) -> str:
    """Return the first file."""
    return next(iter(conversion.files.values()))


def data_of(conversion: Conversion) -> Any:
    """Return the first document of the first file as plain data."""
    return next(yaml.safe_load_all(text_of(conversion)))


def plan_of(conversion: Conversion) -> Plan:
    """Return the plan of a converted spec, which its reader must take."""
    return load_plan(text_of(conversion), file="converted.yaml")


def only_slo(conversion: Conversion) -> Slo:
    """Return the one promise of a converted spec."""
    (slo,) = plan_of(conversion).slos
    return slo


def sloth_text(*slos: dict[str, Any], service: str = "shop", labels: dict[str, str] | None = None) -> str:
    """Return a spec of Sloth with some promises, each like a usual one but for what is given."""
    usual = {"name": "requests-ok", "objective": 99.9, "sli": EVENTS, "alerting": {"name": "ShopFails"}}
    found = [usual | slo for slo in slos] or [usual]
    return yaml.safe_dump(
        {"version": "prometheus/v1", "service": service, "labels": labels or {}, "slos": found}, sort_keys=False
    )

"""Sloth's own formats, read as Sloth v0.16 reads them, its oddities included. Rules from them: `vcci_alerts.sloth`."""

from __future__ import annotations

from vcci_slo.formats.sloth.decoding import UnknownKey
from vcci_slo.formats.sloth.documents import Kind, kind_of, split_documents
from vcci_slo.formats.sloth.durations import parse_duration, print_duration
from vcci_slo.formats.sloth.errors import SlothError
from vcci_slo.formats.sloth.model import AlertMeta, Objective, SliPlugin, objectives_of
from vcci_slo.formats.sloth.reading import UNKNOWN_KIND, read_document, read_file
from vcci_slo.formats.sloth.spec import (
    Alert,
    Alerting,
    Document,
    Events,
    KubernetesMeta,
    OpenSloMetric,
    OpenSloObjective,
    OpenSloSpec,
    OpenSloTimeWindow,
    Plugin,
    Plugins,
    PluginUse,
    Raw,
    Sli,
    SlothSlo,
    SlothSpec,
)
from vcci_slo.formats.sloth.template import Template
from vcci_slo.formats.sloth.validation import CheckQuery, validate
from vcci_slo.formats.sloth.windows import BUILT_IN, Catalog, Window, Windows, read_catalog, read_windows

__all__ = [
    "BUILT_IN",
    "UNKNOWN_KIND",
    "Alert",
    "AlertMeta",
    "Alerting",
    "Catalog",
    "CheckQuery",
    "Document",
    "Events",
    "Kind",
    "KubernetesMeta",
    "Objective",
    "OpenSloMetric",
    "OpenSloObjective",
    "OpenSloSpec",
    "OpenSloTimeWindow",
    "Plugin",
    "PluginUse",
    "Plugins",
    "Raw",
    "Sli",
    "SliPlugin",
    "SlothError",
    "SlothSlo",
    "SlothSpec",
    "Template",
    "UnknownKey",
    "Window",
    "Windows",
    "kind_of",
    "objectives_of",
    "parse_duration",
    "print_duration",
    "read_catalog",
    "read_document",
    "read_file",
    "read_windows",
    "split_documents",
    "validate",
]

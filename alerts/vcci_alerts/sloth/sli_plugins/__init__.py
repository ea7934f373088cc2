"""SLI plugins that stand in for published Go ones, by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vcci_alerts.sloth.sli_plugins.common import COMMON
from vcci_alerts.sloth.sli_plugins.getting_started import answers_of
from vcci_slo.formats.sloth import SliPlugin

__all__ = ["SLI_PLUGINS"]

SLI_PLUGINS: Mapping[str, SliPlugin] = MappingProxyType(
    {
        **COMMON,
        "getting_started_availability": answers_of("http_request_duration_seconds_count"),
        "integration_test": answers_of("integration_test"),
    }
)
"""Those of sloth-common, of Sloth's examples, and of its integration tests."""

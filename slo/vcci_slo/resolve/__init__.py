"""From the spec to the plan: names, defaults, order, windows, thresholds and references are decided here."""

from vcci_slo.resolve.plan import resolve

__all__ = ["resolve"]

"""What changes between two plans, in words that a reviewer understands: promises, alerts, people, dashboards."""

from vcci_slo.difference.change import Change
from vcci_slo.difference.whole import difference

__all__ = ["Change", "difference"]

"""Who may use the service: tenants, their API keys, and how often a key may ask."""

from __future__ import annotations

from vcci_platform.tenancy.keys import Tenancy
from vcci_platform.tenancy.model import Caller

__all__ = ["Caller", "Tenancy"]

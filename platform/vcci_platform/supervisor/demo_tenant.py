"""`python -m vcci_platform.supervisor.demo_tenant NAME KEY_NAME`: print a new key of the tenant of this name.

A program of its own, because it brings the whole service with it: the supervisor stays small, and keeps its signals
(polars takes SIGINT from whoever imports it).
"""

from __future__ import annotations

import sys

from vcci_platform.errors import PlatformError
from vcci_platform.settings import Settings
from vcci_platform.tenancy.model import TenancyError
from vcci_platform.wiring.tenants import service_tenancy

__all__ = ["make_key"]


def make_key(settings: Settings, tenant_name: str, key_name: str) -> str:
    """Return a new key of the tenant of this name, which is made if there is none."""
    with service_tenancy(settings) as (_, tenancy):
        try:
            tenant = tenancy.tenant(tenant_name)
        except TenancyError:
            tenant = tenancy.create_tenant(tenant_name)
        return tenancy.create_key(tenant.id, key_name)[1]


if __name__ == "__main__":
    try:
        print(make_key(Settings(), sys.argv[1], sys.argv[2]))
    except PlatformError as error:
        sys.exit(str(error))

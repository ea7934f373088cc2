"""The service's database and its tenants, for who needs no more: the command line, and the rest of the service."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from vcci_platform.clock import SystemClock
from vcci_platform.settings import Settings
from vcci_platform.storage.database import Database, connect
from vcci_platform.tenancy import Tenancy
from vcci_platform.tenancy.pepper import pepper

__all__ = ["service_database", "service_tenancy"]


def service_database(settings: Settings) -> Database:
    """Return the service's database; embedded, its folder is made."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return connect(
        settings.service_database,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_max_overflow,
    )


@contextmanager
def service_tenancy(settings: Settings) -> Generator[tuple[Database, Tenancy]]:
    """Yield the service's database and its tenants, for the command line."""
    database = service_database(settings)
    try:
        yield database, Tenancy(database, pepper(settings), SystemClock())
    finally:
        database.close()

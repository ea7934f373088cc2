"""The check of the database; those of what is asked over the network are in `remote_checks`."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from vcci_platform.storage.database import Database
from vcci_platform.telemetry.health import CHECK_TIMEOUT, Check, Role

__all__ = ["database"]


def database(
    source: Database, *, name: str = "database", role: Role | None = None, timeout: timedelta = CHECK_TIMEOUT
) -> Check:
    """Return the check of a database, through the same pool as the requests. SQLite's file is the replica's own."""
    # `SELECT 1` alone never touches SQLite's file.
    question = text("SELECT count(*) FROM sqlite_master" if source.is_sqlite else "SELECT 1")

    def probe() -> None:
        with source.read() as connection:
            connection.execute(question).scalar_one()

    return Check(name, role or (Role.OWN if source.is_sqlite else Role.SHARED), probe, timeout)

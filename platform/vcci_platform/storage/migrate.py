"""Migrations: bring a database to the newest form, in process and from package data.

`upgrade` is run by every process at its start. Two that start together wait for each other: the whole run is one
transaction under PostgreSQL's advisory lock, or under SQLite's `BEGIN IMMEDIATE`; the second finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

from vcci_platform.storage.database import Database
from vcci_platform.storage.metadata import desk_metadata, service_metadata

__all__ = ["Store", "check", "configuration", "downgrade", "revise", "upgrade", "version"]

Store = Literal["service", "desk"]

METADATA: dict[Store, MetaData] = {"service": service_metadata, "desk": desk_metadata}
MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x76636369  # "vcci": one lock for the migrations of a PostgreSQL database


def upgrade(database: Database, store: Store, revision: str = "head") -> None:
    """Bring the tables of `store` to `revision`; harmless when they are there already."""
    with _locked(database) as connection:
        command.upgrade(configuration(store, connection), revision)


def downgrade(database: Database, store: Store, revision: str = "base") -> None:
    """Take the tables of `store` back to `revision`; `base` removes them all."""
    with _locked(database) as connection:
        command.downgrade(configuration(store, connection), revision)


def version(database: Database, store: Store) -> str | None:
    """Return the revision that the database is at, None when it has never been migrated."""
    with database.read() as connection:
        return MigrationContext.configure(
            connection, opts={"version_table": version_table(store)}
        ).get_current_revision()


def check(database: Database, store: Store) -> list[str]:
    """Return how the declared tables differ from the database's, as sentences; empty when the migrations are complete.

    The caller has imported the features whose `tables.py` declare them.
    """
    with database.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": version_table(store), "compare_type": True, "target_metadata": METADATA[store]},
        )
        return [str(difference) for difference in compare_metadata(context, METADATA[store])]


def revise(database: Database, store: Store, message: str, number: str) -> None:
    """Write the migration `v<number>_<message>.py` that carries the database to the declared tables."""
    with _locked(database) as connection:
        command.revision(configuration(store, connection), message, autogenerate=True, rev_id=number)


def version_table(store: Store) -> str:
    """Return the name of the table that remembers the revision; each store has its own."""
    return f"{store}_schema_version"


def configuration(store: Store, connection: Connection) -> Config:
    """Return Alembic's configuration, made here so that no alembic.ini is needed beside an installed wheel."""
    config = Config()
    for name, value in {
        "script_location": str(MIGRATIONS),
        "version_locations": str(MIGRATIONS / store / "versions"),
        "path_separator": "newline",
        "file_template": "v%(rev)s_%(slug)s",
    }.items():
        config.set_main_option(name, value if name == "path_separator" else value.replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = METADATA[store]
    config.attributes["version_table"] = version_table(store)
    return config


@contextmanager
def _locked(database: Database) -> Generator[Connection]:
    if not database.is_sqlite:
        with database.write() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            yield connection
        return
    with database.engine.connect() as pooled:
        driver = pooled.connection.driver_connection
        if driver is None:
            raise RuntimeError("the pool gave a connection without its driver")
        # Batch mode rebuilds tables; with foreign keys on, dropping the old one would delete what refers to it.
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            connection = pooled.execution_options(vcci_begin="BEGIN IMMEDIATE")
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise RuntimeError(f"the migration would leave rows that refer to nothing: {broken[:5]}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")

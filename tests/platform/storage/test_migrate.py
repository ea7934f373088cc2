"""Migrations: complete, reversible, and harmless when two processes start together; on both databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, Table, inspect, text

import vcci_platform.carbon.tables
import vcci_platform.incidents.context.tables
import vcci_platform.incidents.review.tables
import vcci_platform.incidents.tables
import vcci_platform.reliability.tables
import vcci_platform.tenancy.affected.tables
import vcci_platform.tenancy.tables  # noqa: F401  # declaring the tables is what these imports are for
from vcci_platform.storage import migrate
from vcci_platform.storage.database import Database, connect
from vcci_platform.storage.metadata import service_metadata

STORES: tuple[migrate.Store, ...] = ("service", "desk")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'a.db'}"
    return request.getfixturevalue("postgresql_url")


@pytest.fixture
def database(url):
    database = connect(url)
    yield database
    database.close()


def tables_of(database: Database) -> set[str]:
    with database.read() as connection:
        return set(inspect(connection).get_table_names())


@pytest.mark.parametrize("store", STORES)
def test_the_migrations_make_every_declared_table_and_column(database, store):
    migrate.upgrade(database, store)

    assert migrate.check(database, store) == []


@pytest.mark.parametrize("store", STORES)
def test_the_migrations_go_down_and_up_again(database, store):
    migrate.upgrade(database, store)
    migrate.downgrade(database, store)
    left = tables_of(database)
    migrate.upgrade(database, store)

    assert left == {migrate.version_table(store)}
    assert migrate.check(database, store) == []


def test_upgrading_again_changes_nothing(database):
    migrate.upgrade(database, "service")
    before = migrate.version(database, "service")

    migrate.upgrade(database, "service")

    assert before is not None
    assert migrate.version(database, "service") == before


def test_a_database_that_was_never_migrated_has_no_version(database):
    assert migrate.version(database, "service") is None


def test_check_tells_of_a_table_that_no_migration_makes(database):
    migrate.upgrade(database, "service")
    forgotten = Table("forgotten", service_metadata, Column("id", Integer, primary_key=True))
    try:
        differences = migrate.check(database, "service")
    finally:
        service_metadata.remove(forgotten)

    assert any("add_table" in difference and "forgotten" in difference for difference in differences)


def test_the_two_stores_can_share_a_database_without_meeting(database):
    migrate.upgrade(database, "service")
    migrate.upgrade(database, "desk")

    migrate.downgrade(database, "desk")

    assert "job" in tables_of(database)
    assert migrate.version(database, "service") is not None


def test_four_processes_that_start_together_all_find_the_newest_form(url):
    program = (
        "import sys; from vcci_platform.storage import migrate; from vcci_platform.storage.database import connect;"
        "database = connect(sys.argv[1]); migrate.upgrade(database, 'service');"
        "print(migrate.version(database, 'service'))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    ended = [process.communicate(timeout=120) for process in started]

    assert [process.returncode for process in started] == [0, 0, 0, 0], ended
    assert len({out for out, _ in ended}) == 1


def test_sqlite_keeps_foreign_keys_on_after_a_migration(tmp_path: Path):
    database = connect(f"sqlite:///{tmp_path / 'a.db'}")
    migrate.upgrade(database, "service")

    with database.read() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    database.close()

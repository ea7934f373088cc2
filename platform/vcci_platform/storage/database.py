"""One database: SQLite embedded, PostgreSQL at scale, the same two verbs on both."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

__all__ = ["Database", "connect"]

SQLITE_BUSY_MILLISECONDS = 5_000


class Turnstile:
    """A lock that whoever waits gets next, also before the thread that gives it back; its holder may take it again.

    A plain lock mostly goes to the thread that released it a moment ago: in a storm, work that writes one transaction
    after another would keep a hook waiting that has only one row to store.
    """

    def __init__(self) -> None:
        self._gate, self._lock = threading.Lock(), threading.RLock()
        self._holder, self._depth = 0, 0

    def __enter__(self) -> None:
        if self._holder == threading.get_ident():
            self._lock.acquire()
        else:
            with self._gate:
                self._lock.acquire()
        self._holder = threading.get_ident()
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._holder = 0
        self._lock.release()


@dataclass(frozen=True)
class Database:
    """A pool of connections to one database.

    `read` and `write` each give a connection inside a transaction. `write` commits when its block ends and rolls
    back when it raises. SQLite has one writer at a time: within a process writers queue on a lock, across processes
    on `busy_timeout`; without the lock, retries give inserts a tail of over a second.
    """

    engine: Engine
    _writer: Turnstile = field(default_factory=Turnstile)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Generator[Connection]:
        """Yield a connection that sees one consistent state."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """Yield a connection whose changes become visible together, or not at all."""
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._writer, self.engine.connect() as pooled:
            connection = pooled.execution_options(vcci_begin="BEGIN IMMEDIATE")
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def connect(url: str, *, pool_size: int = 20, max_overflow: int = 10) -> Database:
    """Return the database at `url` (`sqlite:///file` or `postgresql+psycopg://…`); nothing is opened yet.

    A plain `postgresql://` or `postgres://` means the psycopg 3 driver.
    """
    parsed = make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": SQLITE_BUSY_MILLISECONDS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(
            parsed, pool_size=pool_size, max_overflow=max_overflow, pool_recycle=3600, pool_pre_ping=True
        )
    return Database(engine)


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # pysqlite's own BEGIN comes too late for a consistent read
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={SQLITE_BUSY_MILLISECONDS}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("vcci_begin", "BEGIN"))

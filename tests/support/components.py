"""The real components that tests talk to: how each is found, and what a missing one means.

With `CI=true` (or `VCCI_REQUIRE_ALL=1`) a test whose component is missing fails; elsewhere it is skipped, and the
summary at the end of the run names what was left out and why.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from amqp import AMQPError
from amqp import Connection as AmqpConnection
from sqlalchemy import make_url

__all__ = [
    "COMPONENTS",
    "LEFT_OUT",
    "RABBITMQ",
    "REDIS",
    "absent",
    "missing",
    "postgresql_admin",
    "postgresql_program",
    "program",
]

POSTGRESQL = os.environ.get("VCCI_TEST_POSTGRESQL", "")
RABBITMQ = os.environ.get("VCCI_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
REDIS = os.environ.get("VCCI_TEST_REDIS", "redis://127.0.0.1:6379/0")

LEFT_OUT = "left out, needs"
ANSWER_SECONDS = 30
# Debian keeps the server's programs outside PATH, one folder per major version.
POSTGRESQL_FOLDERS = "/usr/lib/postgresql"
EXPORTERS = (
    "prometheus-node-exporter",
    "prometheus-postgres-exporter",
    "prometheus-redis-exporter",
    "prometheus-blackbox-exporter",
)


def program(*names: str) -> str | None:
    """Return the path of the first of these programs that is installed."""
    return next((path for name in names if (path := shutil.which(name))), None)


def postgresql_program(name: str) -> str | None:
    """Return the path of a program of the newest PostgreSQL server that is installed."""
    folders = sorted(Path(POSTGRESQL_FOLDERS).glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    return next((str(folder / name) for folder in folders if (folder / name).exists()), None) or program(name)


@cache
def postgresql_admin() -> str:
    """Return the URL of a database in which this user may create databases."""
    candidates = [POSTGRESQL] if POSTGRESQL else [f"postgresql://{user}@127.0.0.1:5432/postgres" for user in _users()]
    refusals: list[str] = []
    for url in candidates:
        try:
            with psycopg.connect(url, connect_timeout=ANSWER_SECONDS) as connection:
                row = connection.execute(
                    "select rolcreatedb or rolsuper from pg_roles where rolname = current_user"
                ).fetchone()
        except psycopg.Error as error:
            refusals.append(str(error).strip().splitlines()[0])
        else:
            if row and row[0]:
                return url
            refusals.append(f"{make_url(url).username} may not create databases")
    raise LookupError(refusals[-1])


def _users() -> tuple[str, ...]:
    own = os.environ.get("PGUSER") or os.environ.get("USER") or "root"
    return tuple(dict.fromkeys((own, "root", "postgres", "vcci_test:vcci_test")))  # the last is made by .ci/machine


def _postgresql() -> str | None:
    try:
        postgresql_admin()
    except LookupError as error:
        return f"no usable PostgreSQL at {POSTGRESQL or '127.0.0.1:5432'}: {error}"
    return None


def _rabbitmq() -> str | None:
    url = make_url(RABBITMQ)
    host = f"{url.host}:{url.port or 5672}"
    try:
        connection = AmqpConnection(
            host,
            userid=url.username or "guest",
            password=url.password or "guest",
            virtual_host=url.database or "/",
            connect_timeout=ANSWER_SECONDS,
            read_timeout=ANSWER_SECONDS,
        )
        connection.connect()
        connection.close()
    except (OSError, AMQPError) as error:
        return f"no RabbitMQ at {host}: {error}"
    return None


def _redis() -> str | None:
    url = make_url(REDIS)
    address = (url.host or "127.0.0.1", url.port or 6379)
    try:
        with socket.create_connection(address, timeout=ANSWER_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            reply = connection.recv(64)
    except OSError as error:
        return f"no Redis at {address[0]}:{address[1]}: {error}"
    return None if reply.startswith((b"+PONG", b"-NOAUTH")) else f"{address[0]}:{address[1]} is not Redis"


def _programs(*names: str) -> Callable[[], str | None]:
    def find() -> str | None:
        gone = [name for name in names if not program(name)]
        return f"not installed: {', '.join(gone)} (`make machine` installs it)" if gone else None

    return find


COMPONENTS: Mapping[str, Callable[[], str | None]] = {
    "postgresql": _postgresql,
    "rabbitmq": _rabbitmq,
    "redis": _redis,
    "prometheus": _programs("prometheus", "promtool"),
    "alertmanager": _programs("prometheus-alertmanager", "amtool"),
    "exporters": _programs(*EXPORTERS),
    "chromium": _programs("chromium"),
    "node": _programs("node"),
}


@cache
def missing(component: str) -> str | None:
    """Return why this component cannot be used, or None when it can; it is looked for once in a run."""
    return COMPONENTS[component]()


def absent(component: str, reason: str) -> NoReturn:
    """Fail the running test where everything must be present, skip it elsewhere."""
    if os.environ.get("CI", "").lower() == "true" or os.environ.get("VCCI_REQUIRE_ALL") == "1":
        pytest.fail(f"needs {component}, and nothing may be missing in this run: {reason}", pytrace=False)
    pytest.skip(f"{LEFT_OUT} {component}: {reason}")

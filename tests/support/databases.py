"""Fresh databases on the servers that run here, and private servers for tests that stop or crash one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
from amqp import AMQPError, Connection
from psycopg import sql
from sqlalchemy import make_url

from support.components import RABBITMQ, REDIS, absent, postgresql_admin, postgresql_program, program
from support.ports import free_port
from support.processes import Server

__all__ = [
    "fresh_postgresql",
    "fresh_rabbitmq",
    "fresh_redis",
    "new_postgresql_cluster",
    "private_postgresql",
    "private_rabbitmq",
    "private_redis",
]

COMMAND_SECONDS = 240
RABBITMQ_SCRIPTS = Path("/usr/lib/rabbitmq/bin")
# Redis has sixteen databases; number 0 is left to whoever uses the server for something else.
REDIS_DATABASES = range(1, 16)


@contextmanager
def fresh_postgresql() -> Generator[str]:
    """Yield the URL of an empty database, dropped afterwards with whoever is still connected."""
    admin = postgresql_admin()
    name = f"vcci_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
    url = make_url(admin).set(drivername="postgresql", database=name)
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


@contextmanager
def fresh_rabbitmq() -> Generator[str]:
    """Yield the URL of an empty virtual host, deleted afterwards.

    A broker named by VCCI_TEST_RABBITMQ is used as it is: whoever names it says that tests may have that virtual host.
    """
    if "VCCI_TEST_RABBITMQ" in os.environ:
        yield RABBITMQ
        return
    if os.geteuid() != 0 or not program("rabbitmqctl"):
        absent("rabbitmq", "a fresh virtual host takes rabbitmqctl as root, or name one by VCCI_TEST_RABBITMQ")
    name = f"vcci-test-{uuid.uuid4().hex[:12]}"
    _rabbitmqctl("add_vhost", name)
    try:
        _rabbitmqctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        yield make_url(RABBITMQ).set(database=name).render_as_string(hide_password=False)
    finally:
        _rabbitmqctl("delete_vhost", name)


def _rabbitmqctl(*arguments: str) -> None:
    subprocess.run(
        ["rabbitmqctl", "--quiet", *arguments],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=COMMAND_SECONDS,
    )


@contextmanager
def fresh_redis() -> Generator[str]:
    """Yield the URL of an empty Redis database that no other test has, emptied afterwards."""
    url = make_url(REDIS)
    ours = uuid.uuid4().hex
    with redis.Redis.from_url(REDIS) as locks:
        for number in REDIS_DATABASES:
            claim = f"vcci-test-database-{number}"
            if not locks.set(claim, ours, nx=True, ex=3600):
                continue
            mine = url.set(database=str(number)).render_as_string(hide_password=False)
            with redis.Redis.from_url(mine) as database:
                try:
                    if database.dbsize():  # someone keeps something there
                        continue
                    yield mine
                    database.flushdb()
                    return
                finally:
                    locks.delete(claim)
    absent("redis", "no empty database among 1 to 15")


@contextmanager
def _server_folder(user: str | None) -> Generator[Path]:
    """Yield a folder that the server's user may write; pytest's own folders are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="vcci-test-"))
    if user:
        shutil.chown(folder, user, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server_user(name: str) -> str | None:
    """PostgreSQL and RabbitMQ refuse to run as root; everyone else runs them as themselves."""
    return name if os.geteuid() == 0 else None


@contextmanager
def new_postgresql_cluster() -> Generator[Path]:
    """Yield the folder of a cluster that was never started; copies of it start faster than a new one is made."""
    initdb = postgresql_program("initdb")
    if not initdb:
        absent("postgresql", "initdb is not installed, and this test needs a server of its own")
    user = _server_user("postgres")
    with _server_folder(user) as folder:
        subprocess.run(
            [initdb, "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            user=user,
            group=user,
            cwd="/",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        yield folder / "data"


class PostgreSQL(Server):
    """A PostgreSQL server with one database, `vcci`; `crash` leaves it to recover from its log at the next start."""

    def __init__(self, folder: Path, cluster: Path, user: str | None) -> None:
        port = free_port()
        data = folder / "data"
        subprocess.run(
            ["cp", "-a", str(cluster), str(data)], check=True, stdin=subprocess.DEVNULL, timeout=COMMAND_SECONDS
        )
        self.url = f"postgresql://postgres@127.0.0.1:{port}/vcci"
        self._admin = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        program = postgresql_program("postgres")
        assert program
        super().__init__(
            [program, "-D", str(data), "-p", str(port), "-k", str(folder), "-h", "127.0.0.1", "-c", "fsync=off"],
            log=folder / "log",
            ready=self._takes_queries,
            user=user,
            stop_signal=signal.SIGINT,  # "fast": sessions are ended, everything is written
            crash_signal=signal.SIGQUIT,  # "immediate": nothing is written
        )

    def _takes_queries(self) -> bool:
        try:
            with psycopg.connect(self._admin, connect_timeout=10, autocommit=True) as connection:
                with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                    connection.execute("create database vcci")
                return True
        except psycopg.OperationalError:
            return False


@contextmanager
def private_postgresql(cluster: Path) -> Generator[PostgreSQL]:
    """Yield a running PostgreSQL of its own, started from a copy of `cluster`."""
    user = _server_user("postgres")
    with _server_folder(user) as folder, PostgreSQL(folder, cluster, user) as server:
        yield server


class Redis(Server):
    """A Redis that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        command = program("redis-server")
        if not command:
            absent("redis", "redis-server is not installed, and this test needs a server of its own")
        super().__init__(
            [command, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)],
            log=folder / "log",
            ready=self._pongs,
        )

    def _pongs(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=10) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def private_redis() -> Generator[Redis]:
    """Yield a running Redis of its own."""
    with _server_folder(None) as folder, Redis(folder) as server:
        yield server


class RabbitMQ(Server):
    """A RabbitMQ node with its own name, ports and data, and with its metrics at `metrics_url`."""

    def __init__(self, folder: Path, user: str | None) -> None:
        command = RABBITMQ_SCRIPTS / "rabbitmq-server"
        if not command.exists():
            absent("rabbitmq", "rabbitmq-server is not installed, and this test needs a server of its own")
        port, distribution, metrics = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{port}//"
        self.metrics_url = f"http://127.0.0.1:{metrics}/metrics"
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{port}\n"
            f"prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {metrics}\n"
            "prometheus.return_per_object_metrics = true\n"
            "log.console = true\nlog.file = false\n"
        )
        (folder / "plugins").write_text("[rabbitmq_prometheus].\n")
        super().__init__(
            [str(command)],
            log=folder / "log",
            ready=self._accepts,
            user=user,
            environment={
                "HOME": str(folder),
                "RUNNING_UNDER_SYSTEMD": "yes",  # the script becomes the node instead of watching over it
                "RABBITMQ_NODENAME": f"vcci-{folder.name}@localhost",
                "RABBITMQ_DIST_PORT": str(distribution),
                "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
                "RABBITMQ_CONF_ENV_FILE": "/dev/null",
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
                "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
                "RABBITMQ_LOG_BASE": str(folder),
                "RABBITMQ_PID_FILE": str(folder / "pid"),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            },
        )

    def _accepts(self) -> bool:
        url = make_url(self.url)
        try:
            connection = Connection(f"{url.host}:{url.port}", connect_timeout=10, read_timeout=10)
            connection.connect()
            connection.close()
        except (OSError, AMQPError):
            return False
        return True


@contextmanager
def private_rabbitmq() -> Generator[RabbitMQ]:
    """Yield a running RabbitMQ node of its own; it takes some seconds."""
    user = _server_user("rabbitmq")
    with _server_folder(user) as folder, RabbitMQ(folder, user) as server:
        yield server

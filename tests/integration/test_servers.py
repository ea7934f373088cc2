"""The servers that tests start for themselves: ready when they say so, stopped and crashed at will, gone afterwards."""

from __future__ import annotations

import os
from contextlib import closing

import psycopg
import pytest
import redis
from amqp import Connection
from sqlalchemy import make_url

from support.databases import fresh_postgresql, fresh_redis


def write_one_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table kept (value int)")
        connection.execute("insert into kept values (11)")


def rows(url: str) -> list[tuple[int, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select value from kept").fetchall()


@pytest.mark.needs("postgresql")
def test_a_fresh_database_is_empty_and_gone_afterwards():
    with fresh_postgresql() as url:
        write_one_row(url)

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        rows(url)


@pytest.mark.needs("postgresql")
def test_a_crashed_postgresql_recovers_what_was_committed(private_postgresql):
    write_one_row(private_postgresql.url)

    private_postgresql.crash()
    with pytest.raises(psycopg.OperationalError):
        rows(private_postgresql.url)
    private_postgresql.start()

    assert rows(private_postgresql.url) == [(11,)]


@pytest.mark.needs("redis")
def test_two_fresh_redis_databases_do_not_meet():
    with (
        fresh_redis() as one,
        fresh_redis() as other,
        redis.Redis.from_url(one) as here,
        redis.Redis.from_url(other) as there,
    ):
        here.set("number", 11)

        assert there.get("number") is None


@pytest.mark.needs("redis")
def test_a_stopped_redis_answers_again_after_its_start(private_redis):
    with redis.Redis.from_url(private_redis.url) as client:
        private_redis.stop()
        with pytest.raises(redis.ConnectionError):
            client.ping()

        private_redis.start()

        assert client.ping()


def declare(url: str, queue: str) -> int:
    parsed = make_url(url)
    with (
        closing(Connection(f"{parsed.host}:{parsed.port}", virtual_host=parsed.database)) as connection,
    ):
        connection.connect()
        with closing(connection.channel()) as channel:
            return channel.queue_declare(queue, durable=True, auto_delete=False).message_count


@pytest.mark.needs("rabbitmq")
def test_a_fresh_virtual_host_takes_queues(rabbitmq_url):
    assert declare(rabbitmq_url, "emissions") == 0


@pytest.mark.needs("rabbitmq")
def test_a_private_rabbitmq_starts_again_after_a_crash(private_rabbitmq):
    declare(private_rabbitmq.url, "emissions")

    private_rabbitmq.crash()
    with pytest.raises(OSError, match="refused"):
        declare(private_rabbitmq.url, "emissions")
    private_rabbitmq.start()

    assert declare(private_rabbitmq.url, "emissions") == 0


@pytest.mark.needs("prometheus", "alertmanager")
def test_monitoring_runs_on_the_configuration_of_the_test(tmp_path, prometheus_process, alertmanager_process):
    routes = tmp_path / "alertmanager.yml"
    routes.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    alertmanager = alertmanager_process(routes)
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(
        "global: {external_labels: {written_by: this test}}\n"
        f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager.url.removeprefix('http://')}']}}]}}]}}\n"
    )
    prometheus = prometheus_process(configuration)

    [sample] = prometheus.query("vector(11)")

    assert sample["value"][1] == "11"
    assert alertmanager.running
    prometheus.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(prometheus.pid, 0)

"""The checks ask the real dependencies: they pass while those answer, fail when they do not, and recover."""

import socket
from datetime import timedelta

import pytest

from vcci_platform.storage.database import connect
from vcci_platform.telemetry import checks, remote_checks
from vcci_platform.telemetry.health import Role

PATIENT = timedelta(seconds=60)
"""Of a check that must pass, also while the machine is busy."""


def passes(check):
    try:
        check.probe()
    except Exception:  # noqa: BLE001  # whatever it raises is a failed check
        return False
    return True


@pytest.fixture
def silent_port():
    """A port where somebody accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_sqlite_is_the_replicas_own_and_a_broken_file_is_noticed(tmp_path):
    path = tmp_path / "service.db"
    database = connect(f"sqlite:///{path}")
    check = checks.database(database)
    assert (check.role, passes(check)) == (Role.OWN, True)
    database.close()

    path.write_bytes(b"this is no database" * 400)

    assert not passes(check)
    database.close()


@pytest.mark.needs("postgresql")
def test_postgresql_is_shared_and_its_crash_and_return_are_noticed(private_postgresql):
    private_postgresql.start()
    database = connect(private_postgresql.url)
    check = checks.database(database)
    assert (check.role, passes(check)) == (Role.SHARED, True)

    private_postgresql.crash()
    assert not passes(check)

    private_postgresql.start()
    assert passes(check)
    database.close()


@pytest.mark.needs("rabbitmq")
def test_a_broker_that_answers_passes_again_and_again_on_one_connection(rabbitmq_url):
    check = remote_checks.broker(rabbitmq_url, timeout=PATIENT)

    assert [passes(check) for _ in range(3)] == [True, True, True]


@pytest.mark.needs("rabbitmq")
def test_a_broker_that_cut_the_kept_connection_still_passes(rabbitmq_url):
    check = remote_checks.broker(rabbitmq_url, timeout=PATIENT)
    assert passes(check)

    check.probe._kept.transport.sock.close()

    assert passes(check)


def test_a_broker_that_is_not_there_fails(free_port):
    assert not passes(remote_checks.broker(f"amqp://guest:guest@127.0.0.1:{free_port()}//"))


def test_a_broker_that_never_says_a_word_fails_in_time(silent_port):
    check = remote_checks.broker(f"amqp://guest:guest@127.0.0.1:{silent_port}//", timeout=timedelta(milliseconds=200))

    assert not passes(check)


@pytest.mark.needs("redis")
def test_redis_is_optional_and_passes_while_it_answers(redis_url):
    check = remote_checks.redis(redis_url, timeout=PATIENT)

    assert (check.role, passes(check)) == (Role.OPTIONAL, True)


def test_a_redis_that_is_not_there_or_never_says_a_word_fails(free_port, silent_port):
    assert not passes(remote_checks.redis(f"redis://127.0.0.1:{free_port()}/0"))
    assert not passes(remote_checks.redis(f"redis://127.0.0.1:{silent_port}/0", timeout=timedelta(milliseconds=200)))

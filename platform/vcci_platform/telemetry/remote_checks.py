"""The checks of the broker and of Redis: each makes a round trip, with timeouts of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kombu import connection as kombu_connection
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from vcci_platform.telemetry.health import CHECK_TIMEOUT, Check, Role

__all__ = ["broker", "redis"]

_connection: Any = kombu_connection.Connection  # kombu has no types


def broker(url: str, *, name: str = "broker", role: Role = Role.SHARED, timeout: timedelta = CHECK_TIMEOUT) -> Check:
    """Return the check of an AMQP broker: it opens and closes a channel on a connection that it keeps."""
    return Check(name, role, _Amqp(url, timeout.total_seconds()), timeout)


def redis(url: str, *, name: str = "redis", role: Role = Role.OPTIONAL, timeout: timedelta = CHECK_TIMEOUT) -> Check:
    """Return the check of a Redis: PING. A cache is optional: without it the service is slower, not gone."""
    seconds = timeout.total_seconds()
    client = Redis.from_url(
        url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 0), max_connections=4
    )

    def probe() -> None:
        try:
            client.ping()
        except BaseException:
            client.connection_pool.disconnect()
            raise

    return Check(name, role, probe, timeout)


class _Amqp:
    """A connection that is kept, since opening one for each question costs the broker more than the question."""

    def __init__(self, url: str, seconds: float) -> None:
        # The transport is asked itself, because the connection of kombu tries again after seconds.
        self._transport = _connection(
            url,
            connect_timeout=seconds,
            transport_options={"read_timeout": seconds, "write_timeout": seconds},
        ).transport
        self._kept: Any = None

    def __call__(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            try:
                self._ask(kept)
            except Exception:  # noqa: BLE001, S110  # the broker may have restarted since: a new connection decides
                pass
            else:
                return
        self._ask(self._transport.establish_connection())

    def __del__(self) -> None:
        if self._kept is not None:
            self._kept.collect()

    def _ask(self, connection: Any) -> None:
        try:
            connection.channel().close()
        except BaseException:
            connection.collect()
            raise
        self._kept = connection

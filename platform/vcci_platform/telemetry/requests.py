"""The middleware that counts, times and logs every request, and changes none.

It stands inside FastAPI's own tracing, so that the span of the request is there to be pointed at, and outside of
every other middleware, so that what they refuse is counted too: `telemetry.install` comes last.

What is counted: the exact status; 500 for an exception, also one in the middle of an answer; 499, as nginx has it, when
the client left before it had the whole answer, which is nobody's failure here. (Clients that leave because we are slow
hide among those; they stand out in `http_requests_total{status="499"}`.) Time ends with the last byte of the answer,
background tasks come after it.

An answer of server-sent events lasts as long as somebody listens, which says nothing of how fast it came: its time ends
when it begins, it is no request in progress but an open stream, and a reader who leaves it has had what was asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.context import attach, detach
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vcci_platform.telemetry import events, logs
from vcci_platform.telemetry.endpoints import UNMATCHED, endpoint_of, endpoints
from vcci_platform.telemetry.ids import request_id, trace_context
from vcci_platform.telemetry.metrics import HTTP_METHODS, HTTP_OUTCOMES, Metrics

__all__ = ["RequestMetrics", "Witness"]

OTHER_METHOD = "OTHER"
CLIENT_LEFT = 499  # https://nginx.org/en/docs/dev/development_guide.html#http_request_finalization
FAILURES = (500, 503)
"""Statuses whose series start at zero, so that the very first failure is an increase and not a beginning."""

HEALTH = "/health/"
STREAM = b"text/event-stream"

_METHODS = frozenset(HTTP_METHODS)

Witness = Callable[[Scope, str, int, float], None]
"""Told of each request that has ended: its scope, endpoint, status and seconds. It must be quick, and raise nothing."""


@dataclass(frozen=True, slots=True)
class _Series:
    """Where a request is counted; kept, since finding the children by their labels costs as much as counting."""

    counter: Counter
    durations: Histogram


class RequestMetrics:
    """Counts, times and logs the requests of an application; pure ASGI, about ten microseconds each."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        clock: Callable[[], float] = time.perf_counter,
        witness: Witness | None = None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock
        self._witness = witness
        self._series: dict[tuple[str, str, int], _Series] = {}
        self._in_progress = metrics.http_requests_in_progress
        self._streams = metrics.http_streams_open
        self._routes: Sequence[BaseRoute] = ()
        self._started = False
        self._log = logs.get(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._started and isinstance(scope.get("app"), FastAPI):
            self._start(scope["app"])
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock()
        span, token = trace.get_current_span().get_span_context(), None
        if not span.is_valid:  # not recorded: only the ids go along
            span = trace_context(scope)
            token = attach(trace.set_span_in_context(trace.NonRecordingSpan(span)))
        facts = logs.begin(request_id=request_id(scope, span))
        self._in_progress.inc()
        request = _Request(self, scope, receive, send, span, began)
        try:
            await request.run(self._app)
        finally:
            (self._in_progress if request.streams_after is None else self._streams).dec()
            logs.end(facts)
            if token is not None:
                detach(token)

    def _start(self, app: FastAPI) -> None:
        """Make the series of every endpoint, at zero: at the application's start, once it has all its routes."""
        outermost: object = app.user_middleware[0].cls if app.user_middleware else None
        if outermost is not RequestMetrics:
            raise RuntimeError(
                f"{outermost} was added after telemetry.install: what it refuses would not be counted; install last"
            )
        self._started = True
        self._routes = app.routes
        self._log = self._log.bind()  # the log is configured by now; making a logger costs as much as a line
        for endpoint in endpoints(app.routes):
            for method in endpoint.methods:
                for status in (endpoint.success, *FAILURES):
                    self._find(_method(method), endpoint.template, status)
                for outcome in HTTP_OUTCOMES:
                    self._metrics.http_request_duration.labels(_method(method), endpoint.template, outcome)
        for method in (*HTTP_METHODS, OTHER_METHOD):
            for status in (404, *FAILURES):
                self._find(method, UNMATCHED, status)

    def _find(self, method: str, endpoint: str, status: int) -> _Series:
        key = (method, endpoint, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series(
                self._metrics.http_requests.labels(method, endpoint, str(status)),
                self._metrics.http_request_duration.labels(method, endpoint, outcome_of(status)),
            )
        return series

    def begin_stream(self, request: _Request) -> None:
        """Take a request for an open stream from now on."""
        request.streams_after = self._clock() - request.began
        self._in_progress.dec()
        self._streams.inc()

    def record(self, request: _Request, status: int, error: BaseException | None = None) -> None:
        """Count a request that has ended with this status, and log it."""
        seconds = self._clock() - request.began
        scope = request.scope
        endpoint = endpoint_of(scope, self._routes)
        method = _method(scope["method"])
        series = self._find(method, endpoint, status)
        exemplar = request.exemplar()
        series.counter.inc(1, exemplar)
        series.durations.observe(seconds if request.streams_after is None else request.streams_after, exemplar)
        if self._witness is not None:
            self._witness(scope, endpoint, status, seconds)
        event, level = events.REQUEST_HANDLED, self._log.info
        fields: dict[str, Any] = {}
        if status == CLIENT_LEFT:
            event = events.REQUEST_ABANDONED
        elif error is not None:
            event, level, fields["exc_info"] = events.REQUEST_FAILED, self._log.error, logs.told(error)
        elif status >= 500:
            level = self._log.error
        elif endpoint.startswith(HEALTH):
            level = self._log.debug
        level(
            event,
            method=scope["method"],
            endpoint=endpoint,
            path=scope["path"],
            status=status,
            duration_ms=round(seconds * 1000, 3),
            **fields,
        )

    def record_late(self, request: _Request, error: BaseException) -> None:
        """Log an exception of a background task: the request had its answer and is counted by it."""
        path = request.scope["path"]
        endpoint = endpoint_of(request.scope, self._routes)
        self._log.error(events.BACKGROUND_TASK_FAILED, endpoint=endpoint, path=path, exc_info=error)
        logs.told(error)


class _Request:
    """One request on its way: what was sent of the answer, and whether the client is still there.

    `streams_after` is how many seconds passed until a stream began, None for what is no stream.
    """

    __slots__ = ("_owner", "_receive", "_send", "_span", "began", "done", "left", "scope", "status", "streams_after")

    def __init__(
        self,
        owner: RequestMetrics,
        scope: Scope,
        receive: Receive,
        send: Send,
        span: trace.SpanContext,
        began: float,
    ) -> None:
        self._owner = owner
        self._receive = receive
        self._send = send
        self._span = span
        self.scope = scope
        self.began = began
        self.status = 0
        self.done = False
        self.left = False
        self.streams_after: float | None = None

    async def run(self, app: ASGIApp) -> None:
        try:
            await app(self.scope, self.receive, self.send)
        except ClientDisconnect:
            self._end(self._without_client)
            raise
        except BaseException as error:  # cancelled requests count too; nothing is swallowed
            if self.done:
                self._owner.record_late(self, error)
            self._end(self._without_client if self.left else 500, error)
            raise
        self._end(self._without_client if self.left else 500)  # nothing happens unless the answer was never completed

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.left = True
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            if _is_stream(message):
                self._owner.begin_stream(self)
        try:
            await self._send(message)
        except OSError:  # so ASGI servers say that nobody listens any more
            self.left = True
            raise
        if (kind == "http.response.body" and not message.get("more_body", False)) or kind == "http.response.pathsend":
            self._end(self.status)

    @property
    def _without_client(self) -> int:
        """How a request has ended whose client left."""
        return CLIENT_LEFT if self.streams_after is None else self.status

    def exemplar(self) -> dict[str, str] | None:
        """Return the label that leads from a metric to this request's trace, if that is kept."""
        if self._span.trace_flags.sampled:
            return {"trace_id": trace.format_trace_id(self._span.trace_id)}
        return None

    def _end(self, status: int, error: BaseException | None = None) -> None:
        if not self.done:
            self.done = True
            self._owner.record(self, status, error)


def outcome_of(status: int) -> str:
    """Return whose doing a status is: `ok`, `client_error` or `server_error`.

    >>> outcome_of(204), outcome_of(304), outcome_of(404), outcome_of(503)
    ('ok', 'ok', 'client_error', 'server_error')
    """
    if status >= 500:
        return "server_error"
    return "client_error" if status >= 400 else "ok"


def _is_stream(start: Message) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(STREAM) for name, value in start.get("headers", ()))


def _method(method: str) -> str:
    return method if method in _METHODS else OTHER_METHOD

"""Logs: one JSON object a line, with the ids that join it to its trace and its request, and without secrets.

    log = logs.get(__name__)
    log.info("incident_opened", incident_id=incident.id)

Events are named in the past tense; what happened is in the fields. Lines of libraries (uvicorn, celery, sqlalchemy,
alembic) pass the same way and come out in the same form.

A process that serves calls `configure`. One that does not, such as a command, writes its warnings in the same form:
structlog's own default prints to standard output, with the local variables of every frame of a traceback.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from vcci_platform.telemetry.redaction import REDACTED, is_sensitive, process_redactor

__all__ = ["about", "begin", "configure", "end", "get", "note", "noted", "told"]

OWN_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.task", "alembic", "sqlalchemy")
"""Loggers that libraries give handlers of their own; theirs are removed, so that each line is written once."""

QUIET = {
    "uvicorn.access": logging.ERROR,  # the request log tells more
    "httpx": logging.WARNING,  # writes the whole address of every call
    "httpcore": logging.WARNING,
    "httpx2": logging.WARNING,
    "httpcore2": logging.WARNING,
    "celery.worker.strategy": logging.WARNING,  # a line for every task received
    "celery.app.trace": logging.WARNING,  # and one for every task done
}
TOLD = "_vcci_told"

_facts: ContextVar[dict[str, Any] | None] = ContextVar("vcci_log_facts", default=None)


def get(name: str) -> FilteringBoundLogger:
    """Return the logger of a module."""
    logger: FilteringBoundLogger = structlog.get_logger(source=name)
    return logger


@contextmanager
def about(**facts: Any) -> Generator[dict[str, Any]]:
    """Add facts to every line that is logged within: the request's id, the job's id."""
    token = begin(**facts)
    try:
        yield _facts.get() or {}
    finally:
        end(token)


def begin(**facts: Any) -> Token[dict[str, Any] | None]:
    """Do what `about` does, where a `with` for every request costs too much; `end` takes what this returns."""
    return _facts.set({**(_facts.get() or {}), **facts})


def end(token: Token[dict[str, Any] | None]) -> None:
    """Forget what `begin` added."""
    _facts.reset(token)


def note(**facts: Any) -> None:
    """Add facts to the present request or job as they become known, from whichever of its threads knows them.

    Outside of any `about` there is nothing to add to, and nothing happens.
    """
    known = _facts.get()
    if known is not None:
        known.update(facts)


def noted(name: str) -> Any:
    """Return a fact that `note` or `begin` added to the present request or job, None if nobody did."""
    known = _facts.get()
    return None if known is None else known.get(name)


def told(error: BaseException) -> BaseException:
    """Return the error, marked as logged with its trace id: the server's own line about it is left out."""
    setattr(error, TOLD, True)
    return error


def configure(
    level: str = "INFO", *, service: str = "vcci", secrets: Iterable[str] = (), stream: BinaryIO | None = None
) -> None:
    """Send the log of this process to `stream` (standard error), from this level up, under the name of a service."""
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"VCCI_LOG_LEVEL: expected DEBUG, INFO, WARNING, ERROR or CRITICAL, got {level!r}")
    process_redactor.add(*secrets)
    output = structlog.BytesLogger(stream or sys.stderr.buffer)
    line = _Line(service)
    _form(line, number, lambda: output)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Foreign)]:
        root.removeHandler(handler)
    root.addHandler(_Foreign(output, line))
    root.setLevel(number)
    for name in OWN_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name, quiet in QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, number))


def _form(line: _Line, level: int, output: Callable[[], structlog.BytesLogger]) -> None:
    structlog.configure(
        processors=[line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
        logger_factory=lambda *_: output(),
        cache_logger_on_first_use=False,
    )


class _Line:
    """The last processor: it completes an event and renders it as one line of JSON."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: WrappedLogger, method: str, event: EventDict) -> bytes:
        whole: dict[str, Any] = {
            "timestamp": datetime.now(UTC).isoformat(timespec="microseconds"),
            "level": method,
            "event": event.pop("event", ""),
            "service": self._service,
            **(_facts.get() or {}),
            **event,
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            whole["trace_id"] = trace.format_trace_id(context.trace_id)
            whole["span_id"] = trace.format_span_id(context.span_id)
        if whole.get("exc_info"):
            structlog.processors.format_exc_info(None, method, whole)
        shown = _hidden(whole)
        try:
            rendered = orjson.dumps(shown, default=str)
        except TypeError:  # a huge integer, a lone surrogate: a line must never fail the one who writes it
            plain = {key: str(value).encode(errors="replace").decode() for key, value in shown.items()}
            rendered = orjson.dumps(plain)
        return process_redactor.text(rendered.decode()).encode()


class _Foreign(logging.Handler):
    """Brings the lines of libraries into our form."""

    def __init__(self, output: structlog.BytesLogger, line: _Line) -> None:
        super().__init__()
        self._output = output
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and hasattr(record.exc_info[1], TOLD):
            return
        try:
            event: dict[str, Any] = {"event": record.getMessage(), "source": record.name}
            if record.exc_info:
                event["exc_info"] = record.exc_info
            self._output.msg(self._line(None, record.levelname.lower(), event))
        except Exception:  # noqa: BLE001  # logging reports its own errors, it never raises them into the caller
            self.handleError(record)


_PLAIN = frozenset({str, int, float, bool, type(None)})


def _hidden(value: Any) -> Any:
    """Return the value without what stands under the key of a secret, at any depth. Runs for every line: no frills."""
    if isinstance(value, Mapping):
        shown: dict[str, Any] = {}
        for key, inner in value.items():
            name = key if type(key) is str else str(key)
            if is_sensitive(name):
                shown[name] = REDACTED
            else:
                shown[name] = inner if type(inner) in _PLAIN else _hidden(inner)
        return shown
    if isinstance(value, list | tuple):
        return [_hidden(inner) for inner in value]
    return value


_form(_Line("vcci"), logging.WARNING, lambda: structlog.BytesLogger(sys.stderr.buffer))

"""The ids of a request: of its trace, as the caller sent them or new, and its own."""

from __future__ import annotations

import random
import re

from opentelemetry.trace import SpanContext, TraceFlags, format_trace_id
from starlette.types import Scope

__all__ = ["request_id", "trace_context"]

REQUEST_ID = b"x-request-id"
REQUEST_ID_SHAPE = re.compile(rb"[!-~]{1,64}")
TRACEPARENT = b"traceparent"
# https://www.w3.org/TR/trace-context/#traceparent-header
TRACEPARENT_SHAPE = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


def trace_context(scope: Scope) -> SpanContext:
    """Return the ids under which an unrecorded request belongs to the caller's trace, or to a new one.

    Recording a span that nobody will see costs more than all the rest of telemetry, these two numbers do not.
    """
    span_id = random.getrandbits(64) or 1  # an id, not a secret
    found = TRACEPARENT_SHAPE.match(_header(scope, TRACEPARENT))
    if found is not None:
        flags = TraceFlags(int(found[3], 16) & TraceFlags.SAMPLED)
        return SpanContext(int(found[1], 16), span_id, is_remote=False, trace_flags=flags)
    return SpanContext(random.getrandbits(128) or 1, span_id, is_remote=False)


def request_id(scope: Scope, trace: SpanContext) -> str:
    """Return the id that the caller gave, if it cannot forge a line of log, else the trace's."""
    given = _header(scope, REQUEST_ID)
    if given and REQUEST_ID_SHAPE.fullmatch(given):
        return given.decode("ascii")
    return format_trace_id(trace.trace_id)


def _header(scope: Scope, name: bytes) -> bytes:
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return b""

"""Traces: one trace from the request through SQL, the broker and the worker to the calls that leave the house.

FastAPI traces requests by itself and is told so where the application is made:

    provider = tracing.configure(settings, "vcci-api")
    app = FastAPI(..., telemetry=tracing.native(provider))
    tracing.trace_database(database.engine, provider)
    celery.trace_tasks(provider)  # `telemetry.celery`, where there are tasks

Without an endpoint nothing is recorded and SQL is not even watched; ids are still made and handed on, so that the log
lines of one request find each other, in the worker too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any
from weakref import WeakSet

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.sqlalchemy.engine import EngineTracer
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace import ProxyTracerProvider, Status
from sqlalchemy import Engine

from vcci_platform.settings import Settings
from vcci_platform.telemetry.redaction import process_redactor

__all__ = ["configure", "is_exporting", "native", "trace_database", "watch"]

HEALTH = "/health/"
_exporting: WeakSet[TracerProvider] = WeakSet()


def configure(settings: Settings, service_name: str) -> TracerProvider:
    """Return what this process records its spans with, and watch outgoing HTTP with it.

    A request that arrives with a sampling decision keeps it; of the others `OTEL_TRACES_SAMPLER_ARG` is the share.
    """
    # The names that FastAPI's own tracing uses; the instrumentations read this once.
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
    endpoint = settings.otlp_endpoint
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.trace_ratio) if endpoint else ALWAYS_OFF),
        resource=Resource.create({SERVICE_NAME: service_name, SERVICE_VERSION: version("vcci")}),
    )
    if endpoint:
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(_Redacting(exporter)))
        _exporting.add(provider)
    if isinstance(trace.get_tracer_provider(), ProxyTracerProvider):
        trace.set_tracer_provider(provider)
    watch(HTTPXClientInstrumentor, provider)
    return provider


def watch(instrumentor: Any, provider: TracerProvider) -> None:
    """Record what a library does, by its instrumentor; a process has one, and the last call decides with what."""
    watcher = instrumentor()
    if watcher.is_instrumented_by_opentelemetry:
        watcher.uninstrument()
    watcher.instrument(tracer_provider=provider, meter_provider=NoOpMeterProvider())


def is_exporting(provider: TracerProvider) -> bool:
    """Return whether the spans of this provider leave the process."""
    return provider in _exporting


def native(provider: TracerProvider) -> TelemetryConfig:
    """Return the argument `telemetry` of FastAPI: a span for each request but the probes of health, nothing else.

    Metrics are ours, the log is ours, and spans of dependencies and serialisation double the cost. Where spans do not
    leave the process there are none: `RequestMetrics` hands the ids on.
    """
    return TelemetryConfig(
        tracer_provider=provider,
        tracing=is_exporting(provider),
        metrics=False,
        logs=False,
        operation_spans=False,
        auto_configure=False,
        exclude=lambda scope: scope["path"].startswith(HEALTH),
    )


def trace_database(engine: Engine, provider: TracerProvider) -> None:
    """Record a span for each statement, if spans leave the process."""
    if is_exporting(provider):
        connections = NoOpMeterProvider().get_meter("vcci").create_up_down_counter("db.client.connections.usage")
        make: Any = EngineTracer  # untyped
        make(provider.get_tracer("sqlalchemy"), engine, connections)


class _Redacting(SpanExporter):
    """Takes secrets out of spans on their way: out of addresses, statements, and what exceptions say."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_clean(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _clean(span: ReadableSpan) -> ReadableSpan:
    described = span.status.description
    return ReadableSpan(
        name=process_redactor.text(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_clean_values(span.attributes),
        events=[Event(event.name, _clean_values(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, described and process_redactor.text(described)),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _clean_values(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        key: process_redactor.text(value) if isinstance(value, str) else value for key, value in (values or {}).items()
    }

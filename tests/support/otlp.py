"""A receiver of OTLP over HTTP: it decodes what arrives and keeps the spans."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

__all__ = ["Receiver", "receiver"]


@dataclass
class Seen:
    """A span as the receiver understood it."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, object]
    failed: bool


@dataclass
class Receiver:
    """Where spans go (`url`), and those that came."""

    url: str
    spans: list[Seen] = field(default_factory=list)
    downstream: list[dict[str, str]] = field(default_factory=list)
    """Headers of the plain requests that came: the receiver is also somebody whom a service calls."""

    def wait_for(self, enough: Callable[[list[Seen]], bool], seconds: float = 120) -> list[Seen]:
        """Return the spans once there are enough of them; fail, showing them, when there never are."""
        deadline = time.monotonic() + seconds
        while not enough(self.spans):
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not enough spans within {seconds} s: {[(s.service, s.name) for s in self.spans]}"
                )
            time.sleep(0.02)
        return list(self.spans)


def _decode(body: bytes) -> list[Seen]:
    request = ExportTraceServiceRequest.FromString(body)
    found = []
    for resource in request.resource_spans:
        service = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
        for scope in resource.scope_spans:
            for span in scope.spans:
                attributes = {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}
                kind = Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_")
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                failed = span.status.code == Status.STATUS_CODE_ERROR
                found.append(Seen(service, span.name, kind, *ids, attributes, failed))
    return found


@contextmanager
def receiver() -> Generator[Receiver]:
    """Yield a receiver on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                assert self.headers["content-type"] == "application/x-protobuf"
                seen.spans += _decode(body)
            self._answer(ExportTraceServiceResponse().SerializeToString())

        def do_GET(self) -> None:
            seen.downstream.append({key.lower(): value for key, value in self.headers.items()})
            self._answer(b"here you are")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        seen = Receiver(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield seen
        server.shutdown()
        thread.join(5)

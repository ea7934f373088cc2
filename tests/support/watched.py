"""The platform as Prometheus sees it: the real registries under traffic, and labelled fixtures of what cannot run here.

One small HTTP server stands for all targets. Its counters grow with every scrape, so no clock is involved.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml
from prometheus_client import generate_latest

from vcci_platform.telemetry.metrics import EFFECT_TARGETS, DeskMetrics, ServiceMetrics

__all__ = ["JOBS", "labels_exposed", "scrape_configuration", "serve_targets"]

EXPOSITIONS = Path(__file__).with_name("expositions")
NAMESPACE = "vcci-production"
SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? ")
LABEL = re.compile(r'(\w+)="')

# What each job of the spec exposes: a registry of ours, or a file that says it is a fixture.
JOBS = {
    "vcci-api": "service",
    "vcci-desk": "desk",
    "probe-api": "probe",
    "probe-desk": "probe",
    "postgres": "postgres",
    "redis": "redis",
    "rabbitmq": "rabbitmq",
    "node": "node",
    "kube-state-metrics": "kubernetes",
    "cert-manager": "certificates",
}


class Targets:
    """Every exposition by name; each look makes the counters grow."""

    def __init__(self) -> None:
        self._service, self._desk = ServiceMetrics(), DeskMetrics()
        self._scrapes = 0
        self._lock = threading.Lock()

    def text(self, name: str) -> str:
        with self._lock:
            self._scrapes += 1
            if name == "service":
                work(self._service)
                return generate_latest(self._service.registry).decode()
            if name == "desk":
                carry_out(self._desk)
                return generate_latest(self._desk.registry).decode()
            return _grown((EXPOSITIONS / f"{name}.prom").read_text(encoding="utf-8"), self._scrapes)


def work(metrics: ServiceMetrics) -> None:
    """Count what a little traffic would leave behind: mostly good, some slow, a few failures."""
    for status, outcome, seconds, times in (
        ("200", "ok", 0.11, 30),
        ("200", "ok", 0.7, 2),
        ("503", "server_error", 0.02, 1),
    ):
        for _ in range(times):
            metrics.http_requests.labels("GET", "/v1/results", status).inc()
            metrics.http_request_duration.labels("GET", "/v1/results", outcome).observe(seconds)
    for queue in ("emissions", "reports", "supplier_engagement", "data_import"):
        metrics.jobs_finished.labels(queue, "succeeded").inc(9)
        metrics.jobs_finished.labels(queue, "failed").inc()
    metrics.engine_specs.labels("validate", "answered").inc(19)
    metrics.engine_specs.labels("validate", "busy").inc()
    metrics.lines_calculated.labels("1").inc(110)
    metrics.emissions_calculated.labels("1").inc(1200)
    metrics.line_gaps.labels("no-rate").inc()
    metrics.dependency_up.labels("database").set(1)
    metrics.active_tenants.set(1)


def carry_out(metrics: DeskMetrics) -> None:
    """Count what one alert would leave behind."""
    metrics.desk_inbox.labels("alertmanager", "accepted").inc()
    metrics.desk_page_seconds.observe(0.3)
    metrics.desk_timer_late_seconds.observe(0.2)
    for target in EFFECT_TARGETS:
        metrics.desk_effect_seconds.labels(target).observe(0.1)


def _grown(text: str, scrapes: int) -> str:
    """Return a fixture in which every counter has grown by its figure at each scrape."""
    counters: set[str] = set()
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("# TYPE ") and line.endswith(" counter"):
            counters.add(line.split()[2])
        elif line and not line.startswith("#") and line.partition("{")[0].split(" ")[0] in counters:
            series, _, value = line.rpartition(" ")
            lines.append(f"{series} {float(value) * scrapes!r}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def labels_exposed() -> dict[str, frozenset[str]]:
    """Return the labels of every series of every target, with those that the scrape puts on it."""
    targets = Targets()
    found: dict[str, set[str]] = {}
    for name in set(JOBS.values()):
        for line in targets.text(name).splitlines():
            if sample := SAMPLE.match(line):
                labels = LABEL.findall(sample["labels"] or "")
                found.setdefault(sample["name"], {"job", "instance", "namespace"}).update(labels)
    return {name: frozenset(labels) for name, labels in found.items()}


@contextmanager
def serve_targets() -> Iterator[str]:
    """Serve every exposition under its name; yield the address without a scheme."""
    targets = Targets()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = targets.text(self.path.strip("/")).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # a scrape that took too long hangs up
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def scrape_configuration(address: str, rule_files: list[str], *, every: str) -> str:
    """Return a Prometheus configuration that scrapes every job from the one server."""
    return yaml.safe_dump(
        {
            "global": {"scrape_interval": every, "evaluation_interval": every},
            "rule_files": rule_files,
            "scrape_configs": [
                {
                    "job_name": job,
                    "metrics_path": f"/{name}",
                    "honor_labels": True,
                    "static_configs": [{"targets": [address], "labels": {"namespace": NAMESPACE}}],
                }
                for job, name in JOBS.items()
            ],
        }
    )

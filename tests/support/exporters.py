"""What each component of the spec really exposes: our own processes, Debian's exporters, the broker; or a fixture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from amqp import Connection as AmqpConnection
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from support import web
from support.components import RABBITMQ, REDIS, postgresql_admin, program
from support.ports import free_port
from support.processes import Server
from vcci_platform import api, desk, sandbox
from vcci_platform.reliability.samples import Samples, parse
from vcci_platform.settings import Settings

__all__ = ["FIXTURES", "exporter", "exposed"]

EXPOSITIONS = Path(__file__).with_name("expositions")
FIXTURES = {"pods": "kubernetes", "certificates": "certificates"}
"""Components whose systems cannot run in a test, and the file that stands for each and says so."""

PROBE_MODULES = """\
modules:
  http_2xx: {prober: http, timeout: 5s}
  untrusted:
    prober: http
    timeout: 5s
    http: {tls_config: {insecure_skip_verify: true}, valid_status_codes: [200, 404]}
"""
QUEUE = "emissions"


@contextmanager
def exposed(folder: Path) -> Iterator[dict[str, Samples]]:
    """Yield the samples that each component of the spec exposes, with the labels that a scrape would add."""
    with ExitStack() as stack:
        settings = Settings(home=folder / "home", sandbox_port=0, sandbox_tls_port=0)
        service = stack.enter_context(TestClient(api.create_app(settings)))
        service.get("/v1/uploads")
        incident_desk = stack.enter_context(TestClient(desk.create_app(settings)))
        addresses, _ = stack.enter_context(sandbox.running(settings))
        probes = exporter(stack, folder, "blackbox", f"--config.file={_modules(folder)}")
        broker = stack.enter_context(AmqpConnection(make_url(RABBITMQ).host or "127.0.0.1"))
        broker.channel().queue_declare(QUEUE, exclusive=True, auto_delete=True)
        texts = {
            "api": service.get("/health/metrics").text,
            "worker": service.get("/health/metrics").text,
            "desk": incident_desk.get("/health/metrics").text,
            "postgres": _metrics(exporter(stack, folder, "postgres", DATA_SOURCE_NAME=_data_source())),
            "redis": _metrics(exporter(stack, folder, "redis", f"--redis.addr={REDIS}")),
            "nodes": _metrics(exporter(stack, folder, "node")),
            "rabbitmq": _rabbitmq(),
            "probe": _metrics(probes, f"/probe?module=http_2xx&target={addresses.page}/health/live")
            + _metrics(probes, f"/probe?module=untrusted&target={addresses.pagerduty}"),
            **{name: (EXPOSITIONS / f"{file}.prom").read_text("utf-8") for name, file in FIXTURES.items()},
        }
        scraped = {"job": "any", "instance": "any", "namespace": "any"}
        yield {name: parse(text, scraped) for name, text in texts.items()}


def exporter(stack: ExitStack, folder: Path, kind: str, *flags: str, **environment: str) -> str:
    """Start one of Debian's exporters on a free port and return its address."""
    address = f"127.0.0.1:{free_port()}"
    command = program(f"prometheus-{kind}-exporter") or f"prometheus-{kind}-exporter"

    def ready() -> bool:
        try:
            return web.get(f"http://{address}/metrics").is_success
        except httpx.TransportError:
            return False

    listen = f"--web.listen-address={address}"
    server = Server([command, listen, *flags], log=folder / f"{kind}.log", ready=ready, environment=environment)
    server.start()
    stack.callback(server.stop)
    return address


def _metrics(address: str, path: str = "/metrics") -> str:
    answer = web.get(f"http://{address}{path}")
    answer.raise_for_status()
    return answer.text


def _modules(folder: Path) -> Path:
    path = folder / "blackbox.yml"
    path.write_text(PROBE_MODULES, encoding="utf-8")
    return path


def _data_source() -> str:
    url = make_url(postgresql_admin()).set(drivername="postgresql").update_query_dict({"sslmode": "disable"})
    return url.render_as_string(hide_password=False)


def _rabbitmq() -> str:
    host = make_url(RABBITMQ).host or "127.0.0.1"
    port = os.environ.get("VCCI_TEST_RABBITMQ_METRICS_PORT", "15692")
    return _metrics(f"{host}:{port}", "/metrics/detailed?family=queue_coarse_metrics&family=queue_consumer_count")

"""Throughput of an observed endpoint as a ratio to the same endpoint of bare FastAPI, with and without traces.

Every variant is a uvicorn process of its own on a free loopback port; they are measured in turns, so that whatever else
the machine does falls on all of them. The ratio compares requests a second within one round; the microseconds are the
server's own processor time, which a busy machine hardly changes.

    python bench_http.py VARIANT PORT OTLP_URL     serves one variant; `run` starts them so
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import BaseModel

from support.ports import free_port
from vcci_platform import telemetry
from vcci_platform.settings import Settings
from vcci_platform.telemetry import logs, tracing
from vcci_platform.telemetry.metrics import ServiceMetrics

ROUNDS = 7
SECONDS = 1.0
CONNECTIONS = 16
REQUEST = b"GET /v1/slos/api-errors HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"

VARIANTS = {
    "bare": "bare FastAPI",
    "metrics": "metrics, request log, ids",
    "traced": "the same, 1 % of traces sent",
    "all-traced": "the same, every trace sent",
}


class Promise(BaseModel):
    """What the endpoint answers: a small document, as most do."""

    name: str
    objective: float
    good: int
    total: int
    tiers: list[str]


def make_app(variant: str, otlp: str) -> FastAPI:
    """Return the application of a variant; they differ in nothing but what observes them."""
    if variant == "bare":
        app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False})
    else:
        ratio = {"traced": 0.01, "all-traced": 1.0}.get(variant)
        endpoint = None if ratio is None else otlp
        settings = Settings(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_TRACES_SAMPLER_ARG=ratio or 0.0)
        logs.configure("INFO", service="bench")
        app = FastAPI(telemetry=tracing.native(tracing.configure(settings, "bench")))

    @app.get("/v1/slos/{name}")
    async def slo(name: str) -> Promise:
        return Promise(name=name, objective=0.999, good=11, total=12, tiers=["fast", "slow", "steady", "creep"])

    if variant != "bare":
        telemetry.install(app, settings, ServiceMetrics(), [])
    return app


def make_sink() -> FastAPI:
    """Return a collector that reads traces and forgets them."""
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False})

    @app.post("/v1/traces")
    async def forget() -> dict[str, str]:
        return {}

    return app


def serve(variant: str, port: str, otlp: str) -> None:
    """Serve one variant until the process is ended."""
    app = make_sink() if variant == "sink" else make_app(variant, otlp)
    uvicorn.run(
        app, host="127.0.0.1", port=int(port), access_log=False, log_config=None, loop="uvloop", http="httptools"
    )


@dataclass
class Server:
    """A running variant and what was measured of it."""

    variant: str
    otlp: str
    port: int = field(default_factory=free_port)
    rates: list[float] = field(default_factory=list)
    microseconds: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        command = [sys.executable, str(Path(__file__)), self.variant, str(self.port), self.otlp]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        pin(self.process.pid, first=True)
        asyncio.run(self._wait())

    async def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server of {self.variant} did not start") from None
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return

    def measure(self, seconds: float) -> None:
        """Ask as fast as it answers for so long, and note how fast that was."""
        spent = self._processor_seconds()
        began = time.perf_counter()
        answered = uvloop.run(load(self.port, seconds))
        self.rates.append(answered / (time.perf_counter() - began))
        if answered:  # on a machine that is busy enough a round may pass without an answer
            self.microseconds.append((self._processor_seconds() - spent) / answered * 1e6)

    def _processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End the process."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def pin(process: int, *, first: bool) -> None:
    """Keep servers on the first processor and the one who asks on the others, where there are several."""
    if hasattr(os, "sched_setaffinity"):
        present = sorted(os.sched_getaffinity(0) | os.sched_getaffinity(process))
        if len(present) > 1:
            os.sched_setaffinity(process, present[:1] if first else present[1:])


class Asker(asyncio.Protocol):
    """A connection that asks again as soon as it was answered."""

    def __init__(self) -> None:
        self.answered = 0
        self.asking = True
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"unexpected answer: {head[:60]!r}")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) >= length:
            self.buffer = body[length:]
            self.answered += 1
            if self.asking:
                self.transport.write(REQUEST)


async def load(port: int, seconds: float) -> int:
    """Return how many requests were answered within this time."""
    loop = asyncio.get_running_loop()
    askers = [(await loop.create_connection(Asker, "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    for asker in askers:
        asker.asking = False
    answered = sum(asker.answered for asker in askers)
    await asyncio.sleep(0.05)
    for asker in askers:
        asker.transport.close()
    return answered


def run() -> Iterable[str]:
    """Measure every variant in turns and yield the figures; nothing is asserted about time."""
    sink = Server("sink", "")
    servers = [Server(variant, f"http://127.0.0.1:{sink.port}") for variant in VARIANTS]
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    started: list[Server] = []
    try:
        for server in (sink, *servers):
            started.append(server)
            server.start()
        pin(sink.process.pid, first=False)
        pin(0, first=False)
        for server in servers:
            server.measure(SECONDS / 2)  # to warm up; not counted
            server.rates.clear()
            server.microseconds.clear()
        for _ in range(ROUNDS):
            for server in servers:
                server.measure(SECONDS)
    finally:
        if allowed is not None:
            os.sched_setaffinity(0, allowed)
        for server in started:
            server.stop()
    bare = servers[0]
    for server in servers:
        pairs = [(mine, base) for mine, base in zip(server.rates, bare.rates, strict=True) if base]
        if not pairs or not server.microseconds:
            yield f"{VARIANTS[server.variant]:<30} not one answer: the machine is too busy to measure"
            continue
        ratio = statistics.median(mine / base for mine, base in pairs)
        rate, spent = statistics.median(server.rates), statistics.median(server.microseconds)
        yield f"{VARIANTS[server.variant]:<30} {rate:>8,.0f} requests/s   {ratio:4.2f} x bare   {spent:5.0f} µs each"


if __name__ == "__main__":
    serve(*sys.argv[1:])

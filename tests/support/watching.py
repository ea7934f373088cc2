"""The real Prometheus and Alertmanager with everything that the spec generates, for tests that change one thing."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from support.monitoring import Alertmanager, Prometheus
from support.processes import wait_until
from support.promtool import write
from vcci_alerts import Receivers, alertmanager, prometheus_config, rules, with_targets
from vcci_platform.asking import Asker
from vcci_platform.live.alertmanager import AlertmanagerApi
from vcci_platform.live.prometheus import PrometheusApi
from vcci_slo.plan import Plan

__all__ = ["Service", "Watched", "watch"]


@dataclass(frozen=True)
class Watched:
    """Both programs, the folder of their files, and the questions to them."""

    folder: Path
    prometheus: Prometheus
    alertmanager: Alertmanager
    client: httpx.Client

    @property
    def rules(self) -> PrometheusApi:
        return PrometheusApi(Asker(self.client, "Prometheus", self.prometheus.url))

    @property
    def delivery(self) -> AlertmanagerApi:
        return AlertmanagerApi(Asker(self.client, "Alertmanager", self.alertmanager.url))

    @contextmanager
    def edited(self, path: str, old: str, new: str) -> Generator[None]:
        """Change a file as a person would and have both programs read it; undo it at the end."""
        text = (self.folder / path).read_text("utf-8")
        assert old in text, f"{path} holds no {old!r}"
        (self.folder / path).write_text(text.replace(old, new, 1), "utf-8")
        self.reload()
        try:
            yield
        finally:
            (self.folder / path).write_text(text, "utf-8")
            self.reload()

    def reload(self) -> None:
        """Have both read their files again, and wait until every rule was evaluated."""
        self.alertmanager.reload()
        self.prometheus.reload()
        self.settle()

    def settle(self) -> None:
        """Wait until every group was evaluated and Alertmanager is found."""
        wait_until(self._settled, what="Prometheus did not evaluate its rules")

    def _settled(self) -> bool:
        groups = self.rules.groups()
        evaluated = all(group.evaluated_at is not None for group in groups)
        return bool(groups) and evaluated and bool(self.rules.alertmanagers())


@contextmanager
def watch(folder: Path, plan: Plan, targets: Mapping[str, Sequence[str]] | None = None) -> Generator[Watched]:
    """Yield both, running with what the plan gives and with nobody to page."""
    write(folder, {"token": "a-token", "key": "a-key"})
    nowhere = "http://127.0.0.1:9"
    receivers = Receivers(f"{nowhere}/hook", str(folder / "token"), f"{nowhere}/enqueue", str(folder / "key"))
    write(folder, {alertmanager.PATH: alertmanager.configuration(plan, receivers)})
    with ExitStack() as stack:
        manager = stack.enter_context(Alertmanager(folder / alertmanager.PATH, folder))
        addresses = with_targets(plan, targets or {}, alertmanager=[manager.url.removeprefix("http://")])
        write(folder, {**rules.render(plan), **prometheus_config.render(plan), **addresses})
        flags = prometheus_config.flags(plan)
        prometheus = stack.enter_context(Prometheus(folder / prometheus_config.CONFIGURATION, folder, *flags))
        watched = Watched(folder, prometheus, manager, stack.enter_context(httpx.Client()))
        watched.settle()
        yield watched


class Service:
    """A service whose counters grow as if requests came in: so many a second, of which a share fails.

    Its histogram says that good answers take 50 ms and every tenth 300 ms.
    """

    def __init__(self, *, a_second: float = 100.0) -> None:
        self.failing = 0.0
        self.forgetful = False
        """Whether it counts from zero again with every second scrape, as a restart does, though the process goes on."""
        self._a_second = a_second
        self._since = time.monotonic()
        self._good = self._bad = 0.0
        self._scrapes = 0
        self._lock = threading.Lock()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = service.text().encode()
                # A scrape that ran out of time would leave a traceback among what a command says.
                with suppress(ConnectionError):
                    self.send_response(200)
                    self.send_header("Content-Type", "text/plain; version=0.0.4")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def text(self) -> str:
        """Return the exposition of this moment."""
        with self._lock:
            now = time.monotonic()
            came = (now - self._since) * self._a_second
            self._since = now
            self._good += came * (1 - self.failing)
            self._bad += came * self.failing
            good, bad = round(self._good), round(self._bad)
            self._scrapes += 1
            if self.forgetful and self._scrapes % 2:
                self._good = self._bad = good = bad = 0
        fast = round(good * 0.9)
        return f"""\
# TYPE http_requests_total counter
http_requests_total{{endpoint="/v1/things",status="200"}} {good}
http_requests_total{{endpoint="/v1/things",status="503"}} {bad}
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{{endpoint="/v1/things",outcome="ok",le="0.1"}} {fast}
http_request_duration_seconds_bucket{{endpoint="/v1/things",outcome="ok",le="0.5"}} {good}
http_request_duration_seconds_bucket{{endpoint="/v1/things",outcome="ok",le="1"}} {good}
http_request_duration_seconds_bucket{{endpoint="/v1/things",outcome="ok",le="+Inf"}} {good}
http_request_duration_seconds_sum{{endpoint="/v1/things",outcome="ok"}} {good * 0.07}
http_request_duration_seconds_count{{endpoint="/v1/things",outcome="ok"}} {good}
# TYPE oldest_age_seconds gauge
oldest_age_seconds 12
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1700000000
"""

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

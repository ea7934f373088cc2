"""An application with every way that a request can end, bare or with the middleware that counts."""

from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import RedirectResponse, StreamingResponse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from starlette.testclient import TestClient

from vcci_platform.problems import Problem
from vcci_platform.problems import install as install_problems
from vcci_platform.telemetry.metrics import Metrics
from vcci_platform.telemetry.requests import RequestMetrics

__all__ = ["application", "ask", "count", "observed", "seconds"]


class Ticks:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def application(sampler=ALWAYS_OFF):
    """Return it, traced by FastAPI under this sampler; None: not traced at all."""
    provider = None if sampler is None else TracerProvider(sampler=sampler)
    app = FastAPI(telemetry={"tracer_provider": provider, "tracing": provider is not None, "metrics": False})
    install_problems(app)
    app.state.ticks = Ticks()

    @app.get("/lines/{line_id}")
    def line(line_id: int) -> dict[str, int]:
        app.state.ticks.now += 0.3
        return {"line": line_id}

    @app.post("/lines", status_code=201)
    async def add(request: Request) -> int:
        return len(await request.body())

    @app.get("/refused")
    def refused() -> None:
        raise Problem(status=409, code="busy", detail="Wait.")

    @app.get("/down")
    def down() -> None:
        raise Problem(status=503, code="down", detail="Come back.", headers={"Retry-After": "13"})

    @app.get("/surprise")
    def surprise() -> None:
        raise ArithmeticError("nobody expected this")

    awkward(app)
    return app


def awkward(app):
    """Add the routes whose end is not simply an answer."""

    @app.get("/moved")
    def moved() -> RedirectResponse:
        return RedirectResponse("/lines/1")

    @app.get("/stream")
    def stream() -> StreamingResponse:
        def parts():
            for part in (b"one", b"two", b"three"):
                app.state.ticks.now += 1
                yield part

        return StreamingResponse(parts(), media_type="text/plain")

    @app.get("/torn")
    def torn() -> StreamingResponse:
        def parts():
            yield b"one"
            raise ArithmeticError("in the middle")

        return StreamingResponse(parts())

    late(app)

    @app.get("/health/live")
    def live() -> str:
        return "alive"


def late(app):
    """Add the routes that go on after their answer."""

    @app.get("/later")
    def later(tasks: BackgroundTasks) -> str:
        def work():
            app.state.ticks.now += 60

        tasks.add_task(work)
        return "soon"

    @app.get("/later-fails")
    def later_fails(tasks: BackgroundTasks) -> str:
        def work():
            raise ArithmeticError("after the answer")

        tasks.add_task(work)
        return "soon"


def observed(sampler=ALWAYS_OFF):
    app, metrics = application(sampler), Metrics()
    app.add_middleware(RequestMetrics, metrics=metrics, clock=app.state.ticks)
    return app, metrics


def ask(app, method, path, **options):
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False).request(method, path, **options)


def count(metrics, method, endpoint, status):
    labels = {"method": method, "endpoint": endpoint, "status": str(status)}
    return metrics.registry.get_sample_value("http_requests_total", labels)


def seconds(metrics, method, endpoint, outcome, part="sum"):
    labels = {"method": method, "endpoint": endpoint, "outcome": outcome}
    return metrics.registry.get_sample_value(f"http_request_duration_seconds_{part}", labels)

"""The endpoint of a request: a template for every kind of route that FastAPI has, and never a raw path.

This leans on structures that FastAPI does not promise; a new minor version must pass here first.
"""

from contextlib import suppress

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from opentelemetry.sdk.trace import TracerProvider
from starlette.testclient import TestClient

from vcci_platform.telemetry.endpoints import UNMATCHED, endpoint_of, endpoints, match

TRACED = {"tracer_provider": TracerProvider(), "metrics": False, "logs": False, "operation_spans": False}


class Note:
    """Notes the endpoint of every request, as the metrics do: when it is over."""

    def __init__(self, app, noted):
        self.app, self.noted = app, noted

    async def __call__(self, scope, receive, send):
        self.routes = scope["app"].routes
        expected = match(self.routes, scope) if scope["type"] == "http" else None
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] == "http":
                self.noted.append((endpoint_of(scope, self.routes), expected))


def application(folder, noted, **options):
    app = FastAPI(**options)
    app.add_middleware(Note, noted=noted)

    leaf = APIRouter(prefix="/lines")

    @leaf.get("/{line_id}")
    def line(line_id: int) -> int:
        return line_id

    @leaf.get("/{line_id}/fails")
    def fails(line_id: int) -> int:
        raise ArithmeticError(line_id)

    branch = APIRouter(prefix="/uploads/{upload_id}")
    branch.include_router(leaf)

    @branch.post("", status_code=202)
    def upload(upload_id: str) -> str:
        return upload_id

    @app.get("/plain/{name}")
    def plain(name: str) -> str:
        return name

    @app.get("/files/{name:path}")
    def files(name: str) -> str:
        return name

    inner = FastAPI()
    inner_router = APIRouter(prefix="/deep")

    @inner_router.get("/{item}")
    def deep(item: str) -> str:
        return item

    inner.include_router(inner_router)
    app.include_router(branch, prefix="/v1")
    app.mount("/static", StaticFiles(directory=folder))
    app.mount("/inner", inner)
    return app


ROUTES = [
    ("GET", "/v1/uploads/up_11/lines/12", "/v1/uploads/{upload_id}/lines/{line_id}"),
    ("GET", "/v1/uploads/up_11/lines/not-a-number", "/v1/uploads/{upload_id}/lines/{line_id}"),
    ("GET", "/v1/uploads/up_11/lines/12/fails", "/v1/uploads/{upload_id}/lines/{line_id}/fails"),
    ("POST", "/v1/uploads/up_11", "/v1/uploads/{upload_id}"),
    ("GET", "/plain/13", "/plain/{name}"),
    ("GET", "/files/a/b/c", "/files/{name}"),
    ("GET", "/static/style.css", "/static/{path}"),
    ("GET", "/static/missing.css", "/static/{path}"),
    ("GET", "/inner/deep/14", "/inner/deep/{item}"),
    ("GET", "/docs", "/docs"),
]
NOTHING = [
    ("GET", "/wp-admin/setup.php", UNMATCHED),
    ("GET", "/v1/uploads", UNMATCHED),
    ("BREW", "/nowhere", UNMATCHED),
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "style.css").write_text("a {}")
    return tmp_path


def ask(app, noted, method, path):
    with suppress(ArithmeticError):
        TestClient(app, follow_redirects=False).request(method, path)
    return noted[-1]


@pytest.mark.parametrize(("method", "path", "template"), ROUTES + NOTHING)
def test_a_traced_request_is_known_by_the_template_of_its_route(folder, method, path, template):
    noted = []
    app = application(folder, noted, telemetry=TRACED)

    assert ask(app, noted, method, path)[0] == template


@pytest.mark.parametrize(("method", "path", "template"), ROUTES + NOTHING)
def test_an_untraced_request_is_known_by_it_too(folder, method, path, template):
    noted = []
    app = application(folder, noted, telemetry={"tracing": False})

    assert ask(app, noted, method, path)[0] == template


@pytest.mark.parametrize(("method", "path", "template"), ROUTES)
def test_the_route_that_will_take_a_request_is_known_beforehand(folder, method, path, template):
    noted = []
    app = application(folder, noted)

    assert ask(app, noted, method, path)[1] == template


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/plain/13"), ("GET", "/nowhere")])
def test_what_no_route_takes_has_no_template_beforehand(folder, method, path):
    noted = []

    assert ask(application(folder, noted), noted, method, path)[1] is None


@pytest.mark.parametrize("tracing", [True, False])
@pytest.mark.parametrize(
    ("path", "template"), [("/plain/13", "/plain/{name}"), ("/static/style.css", "/static/{path}")]
)
def test_the_prefix_under_which_a_proxy_serves_the_application_is_not_part_of_the_template(
    folder, path, template, tracing
):
    noted = []
    app = application(folder, noted, telemetry={**TRACED, "tracing": tracing})

    TestClient(app, root_path="/scope3").get(f"/scope3{path}")

    assert noted[-1][0] == template


def test_every_endpoint_is_known_before_the_first_request(folder):
    app = application(folder, [], openapi_url=None)

    found = {endpoint.template: (endpoint.methods, endpoint.success) for endpoint in endpoints(app.routes)}

    assert found["/v1/uploads/{upload_id}"] == (("POST",), 202)
    assert found["/v1/uploads/{upload_id}/lines/{line_id}"] == (("GET",), 200)
    assert found["/inner/deep/{item}"] == (("GET",), 200)
    assert found["/static/{path}"] == (("GET",), 200)

"""The reference of an HTTP API at `/docs`, from files of this machine: it works offline and asks nobody else."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

__all__ = ["install"]

ASSETS: Final = "/docs/assets"


def install(app: FastAPI) -> None:
    """Serve the reference of `app`, which was made with `docs_url=None`; fastapi-swagger carries Swagger UI's files."""
    app.mount(ASSETS, StaticFiles(packages=[("fastapi_swagger", "resources")]), name="reference-assets")

    @app.get("/docs", include_in_schema=False)
    def reference() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=app.openapi_url or "/openapi.json",
            title=f"{app.title}: reference",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon-32x32.png",
        )

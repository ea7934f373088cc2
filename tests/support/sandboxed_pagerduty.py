"""The sandbox's PagerDuty behind the client that the desk uses, in this process and without a socket."""

from __future__ import annotations

import httpx2
from fastapi.testclient import TestClient

from vcci_platform.sandbox.app import create_app
from vcci_platform.sandbox.state import Sandbox

__all__ = ["SandboxTransport"]


class SandboxTransport(httpx2.BaseTransport):
    """Carries each request to a sandbox, and its answer back as one whose body has yet to arrive."""

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self._client = TestClient(create_app(sandbox), base_url="https://testserver")

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._client.request(
            request.method,
            request.url.raw_path.decode(),
            content=request.read(),
            headers={name: value for name, value in request.headers.items() if name not in {"host", "content-length"}},
        )
        headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
        return httpx2.Response(answer.status_code, headers=headers, stream=httpx2.ByteStream(answer.content))

"""A Prometheus and an Alertmanager that answer what a test says."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from vcci_platform.asking import Asker
from vcci_platform.live.alertmanager import AlertmanagerApi
from vcci_platform.live.prometheus import PrometheusApi


@pytest.fixture
def prometheus() -> Callable[..., PrometheusApi]:
    """A function: `prometheus(handler)` gives the API whose requests the handler answers."""
    return lambda handler: PrometheusApi(Asker(_client(handler), "Prometheus", "http://prometheus:9090/"))


@pytest.fixture
def alertmanager() -> Callable[..., AlertmanagerApi]:
    """The same of an Alertmanager."""
    return lambda handler: AlertmanagerApi(Asker(_client(handler), "Alertmanager", "http://alertmanager:9093"))


def _client(handler: Callable[[httpx.Request], httpx.Response | object]) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        found = handler(request)
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(200, text=json.dumps({"status": "success", "data": found}))

    return httpx.Client(transport=httpx.MockTransport(answer))

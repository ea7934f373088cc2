"""A sandbox on a clock that the test moves, called as its clients call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from vcci_platform.sandbox import (
    PAGERDUTY_API_KEY,
    PAGERDUTY_FROM,
    ROUTING_KEY,
    STATUSPAGE_API_KEY,
    Sandbox,
    create_app,
)
from vcci_platform.testing import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sandbox(clock: ManualClock) -> Sandbox:
    return Sandbox(clock=clock)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[TestClient]:
    """A client over TLS, as the base URL says."""
    with TestClient(create_app(sandbox), base_url="https://sandbox.test") as client:
        yield client


@pytest.fixture
def statuspage(client: TestClient) -> TestClient:
    client.headers["Authorization"] = f"OAuth {STATUSPAGE_API_KEY}"
    return client


@pytest.fixture
def rest(client: TestClient) -> TestClient:
    """The client as PagerDuty's REST API wants it."""
    client.headers |= {
        "Authorization": f"Token token={PAGERDUTY_API_KEY}",
        "Accept": "application/vnd.pagerduty+json;version=2",
        "From": PAGERDUTY_FROM,
    }
    return client


@pytest.fixture
def enqueue(client: TestClient) -> Callable[..., Any]:
    """Send one event: `enqueue("trigger", "key-11", summary="…")`."""

    def send(action: str, dedup_key: str | None = None, *, summary: str = "eleven", **top: Any) -> Any:
        event = {"routing_key": ROUTING_KEY, "event_action": action, **top}
        if dedup_key is not None:
            event["dedup_key"] = dedup_key
        if action == "trigger" and "payload" not in event:
            event["payload"] = {"summary": summary, "source": "host-12", "severity": "error"}
        return client.post("/v2/enqueue", json=event)

    return send


@pytest.fixture
def state(client: TestClient) -> Callable[[], dict[str, Any]]:
    """Read what was received, as any test outside this process would."""
    return lambda: client.get("/sandbox/state").json()

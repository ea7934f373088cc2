"""A running service inside the test, embedded unless told otherwise, and the words that tests speak to it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from support.processes import PATIENCE_SECONDS, wait_until
from vcci_platform.api import create_app
from vcci_platform.settings import Settings
from vcci_platform.wiring.service import ServiceParts, service_parts

__all__ = ["PURCHASES", "Customer", "Service", "purchases", "running_service"]

HEADER = "date,supplier,description,naics,amount,currency\n"
PURCHASES = (
    HEADER + "2022-03-01,Acme GmbH,Steel sheets,331110,1100.00,USD\n"
    "2022-04-01,Acme GmbH,Consulting,541611,1200.00,EUR\n"
    "2022-05-01,Bolt Ltd,Software,541511,1300.00,GBP\n"
    "2022-06-01,Bolt Ltd,Lost currency,541511,1400.00,\n"
    "2022-07-01,Bolt Ltd,Unknown industry,999999,1500.00,USD\n"
).encode()
"""Five purchases, of which three can be calculated."""


def purchases(rows: int) -> bytes:
    """Return a file of so many purchases, all of which can be calculated."""
    lines = (f"2022-{1 + n % 12:02d}-11,Supplier {n % 7},Thing {n},541511,{100 + n}.50,USD\n" for n in range(rows))
    return (HEADER + "".join(lines)).encode()


@dataclass(frozen=True)
class Customer:
    """A tenant with a key, talking to the service."""

    client: TestClient
    tenant_id: str
    key: str

    def get(self, path: str, **params: Any) -> Response:
        return self.client.get(path, params=params, headers={"Authorization": f"Bearer {self.key}"})

    def send(self, content: bytes, *, name: str = "p.csv", kind: str = "text/csv", **extra: Any) -> Response:
        headers = {"Authorization": f"Bearer {self.key}", **extra.pop("headers", {})}
        return self.client.post("/v1/uploads", headers=headers, files={"file": (name, content, kind)}, **extra)

    def upload(self, content: bytes = PURCHASES, **extra: Any) -> str:
        response = self.send(content, **extra)
        assert response.status_code == 202, response.text
        return str(response.json()["upload"]["id"])

    def settled(self, upload_id: str, *, within: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait until the upload has results or a reason, and return it."""

        def is_settled() -> bool:
            return self.get(f"/v1/uploads/{upload_id}").json()["settled_at"] is not None

        wait_until(is_settled, within=within, what=f"upload {upload_id} was not settled")
        shown: dict[str, Any] = self.get(f"/v1/uploads/{upload_id}").json()
        return shown


@dataclass(frozen=True)
class Service:
    """The running service and its parts."""

    client: TestClient
    parts: ServiceParts

    def customer(self, name: str) -> Customer:
        tenant = self.parts.tenancy.create_tenant(name)
        _, key = self.parts.tenancy.create_key(tenant.id, "test")
        return Customer(self.client, tenant.id, key)

    def metric(self, name: str, **labels: str) -> float:
        """Return a sample of the service's metrics after a scrape."""
        self.client.get("/health/metrics")
        value = self.parts.metrics.registry.get_sample_value(name, labels)
        assert value is not None, f"{name}{labels} is not exposed"
        return value


@contextmanager
def running_service(home: Path, **settings: Any) -> Generator[Service]:
    """Yield a service that runs in this process."""
    chosen = Settings(home=home, **settings)
    parts = service_parts(chosen)
    with TestClient(create_app(chosen, parts), raise_server_exceptions=False) as client:
        yield Service(client, parts)

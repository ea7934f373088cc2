"""Specs posted to the engine of a running service."""

from typing import Any

from httpx import Response

from support.service import Customer

__all__ = ["post"]


def post(customer: Customer, task: str, body: str | bytes, *, kind: str = "application/yaml", **extra: Any) -> Response:
    """Return the answer of one task of the engine."""
    headers = {"Authorization": f"Bearer {customer.key}", "Content-Type": kind, **extra.pop("headers", {})}
    content = body.encode() if isinstance(body, str) else body
    return customer.client.post(f"/v1/engine/{task}", content=content, headers=headers, **extra)

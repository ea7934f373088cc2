"""The figures of a process as text, in the form that the scraper accepts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

__all__ = ["render"]


def render(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return the exposition and its media type: OpenMetrics, which alone carries exemplars, if `accept` names it."""
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type

"""The form in which the HTTP API of Prometheus answers. https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vcci_platform.asking.asker import Asker, Parameters

__all__ = ["data_of"]

LONGEST_QUERY: Final = 2_000
"""Proxies begin to refuse addresses at 4 KiB, some at 2; beyond it the question goes in a form."""

FORMS: Final = frozenset({"query", "query_range", "labels", "series"})


def data_of(asker: Asker, what: str, parameters: Parameters | None = None) -> Any:
    """Return the data of an answer. `what` is a path under /api/v1. Raises AskingError if there is none."""
    given = dict(parameters or {})
    path = f"/api/v1/{what}"
    is_long = what in FORMS and sum(len(str(value)) for value in given.values()) > LONGEST_QUERY
    content = asker.post(path, given) if is_long else asker.get(path, given)
    if not isinstance(content, Mapping):
        raise asker.odd("JSON of another form")
    if "data" not in content:
        raise asker.odd("JSON without `data`")
    return content["data"]

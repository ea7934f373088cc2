"""The HTTP API of a Prometheus as recorded answers: its series, its targets, and what its queries gave."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

__all__ = ["NOW", "Recorded", "series", "target"]

NOW = 1_795_437_279.0
SCRAPE_SECONDS = 15
_WANTED = re.compile(r'(\w+|__name__)="((?:[^"\\]|\\.)*)"')


def series(metric: str, job: str = "shop", **labels: str) -> dict[str, str]:
    """Return the labels of a series."""
    return {"__name__": metric, "job": job, "instance": "shop:9090", **labels}


def target(job: str = "shop", address: str = "shop:9090", **discovered: str) -> dict[str, Any]:
    """Return an active target as the API shows it."""
    return {
        "labels": {"job": job, "instance": address},
        "discoveredLabels": {"__address__": address, **discovered},
        "scrapeUrl": f"http://{address}/metrics",
        "scrapeInterval": "15s",
        "health": "up",
    }


@dataclass
class Recorded:
    """Answers like a Prometheus. `queries` maps regular expressions to values, or to lists of (labels, value)."""

    known: list[dict[str, str]]
    types: Mapping[str, str] = field(default_factory=dict)
    targets: list[dict[str, Any]] = field(default_factory=list)
    queries: Mapping[str, Any] = field(default_factory=dict)
    retention: str | None = "40d"
    seen_days: int = 7
    unknown: set[str] = field(default_factory=set)
    unknown_code: int = 404
    asked: list[httpx.Request] = field(default_factory=list)

    def client(self, **headers: str) -> httpx.Client:
        """Return a client that talks to it."""
        return httpx.Client(transport=httpx.MockTransport(self), headers=headers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = unquote(request.url.path).removeprefix("/api/v1/")
        if path in self.unknown:
            return httpx.Response(self.unknown_code, text="page not found")
        return httpx.Response(200, json={"status": "success", "data": self._data(path, request.url.params)})

    def _data(self, path: str, asked: httpx.QueryParams) -> Any:  # noqa: PLR0911 - one answer for each question
        matching = self._matching(asked.get("match[]", ""))
        if "start" in asked and float(asked["start"]) > NOW - SCRAPE_SECONDS:
            matching = []  # the newest sample is older than that
        if named := re.fullmatch(r"label/(.+)/values", path):
            return sorted({one[named[1]] for one in matching if named[1] in one})
        match path:
            case "query":
                return self._query(asked["query"])
            case "query_range":
                first = NOW - self.seen_days * 86_400
                jobs = sorted({one["job"] for one in self.known})
                rows = [{"metric": {"job": job}, "values": [[first, "1"], [NOW, "1"]]} for job in jobs]
                return {"resultType": "matrix", "result": rows if asked["step"] == "3600" else []}
            case "labels":
                return sorted({label for one in matching for label in one})
            case "metadata":
                return {name: [{"type": kind, "help": "", "unit": ""}] for name, kind in self.types.items()}
            case "targets":
                return {"activeTargets": self.targets, "droppedTargets": []}
            case "status/buildinfo":
                return {"version": "3.5.3"}
            case "status/runtimeinfo":
                return {"storageRetention": self.retention} if self.retention else {}
            case _:
                raise AssertionError(path)

    def _matching(self, selector: str) -> Iterable[dict[str, str]]:
        wanted = {name: value.replace('\\"', '"').replace("\\\\", "\\") for name, value in _WANTED.findall(selector)}
        return [one for one in self.known if all(one.get(name) == value for name, value in wanted.items())]

    def _query(self, expression: str) -> Any:
        if expression == "time()":
            return {"resultType": "scalar", "result": [NOW, str(NOW)]}
        for pattern, found in self.queries.items():
            if re.search(pattern, expression):
                rows = found if isinstance(found, list) else [({}, found)]
                result = [{"metric": labels, "value": [NOW, str(value)]} for labels, value in rows]
                return {"resultType": "vector", "result": result}
        return {"resultType": "vector", "result": []}

"""Endpoints: the template of the route that a request took. A label never holds a raw path.

FastAPI includes routers lazily: the route in the scope has lost the prefixes it was included under, and what is mounted
leaves none. What FastAPI's own tracing notes in the scope is whole, so it is asked first; without it (tracing off, or a
request that it leaves out) the context of the inclusion, then the route, then the routes once more. FastAPI promises
none of this, therefore its minor version is pinned and tests/platform/telemetry/test_endpoints.py asks for every kind
of route.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Mount

__all__ = ["UNMATCHED", "Endpoint", "endpoint_of", "endpoints", "match"]

UNMATCHED = "unmatched"
"""Of a request that no route took: an unknown path, or one that was refused before it reached the router."""

FOUND = "vcci.endpoint"
"""Key of the scope under which whoever refuses a request before the router notes the template; see `faults`."""

Scope = MutableMapping[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """A route of an application: what it is called on, and the status of its success."""

    template: str
    methods: tuple[str, ...]
    success: int


def endpoint_of(scope: Scope, routes: Sequence[BaseRoute] = ()) -> str:
    """Return the template of the route that took the request, known once the router of these routes has chosen."""
    traced = getattr(scope.get("fastapi.telemetry"), "route", None)
    if isinstance(traced, str):
        return traced.removeprefix(_root(scope))
    if "app_root_path" not in scope:  # else something mounted took it, and its routes know nothing of the outer ones
        context = scope.get("fastapi", {}).get("effective_route_context")
        for route in (context, scope.get("route")):
            template = getattr(route, "path_format", None)
            if isinstance(template, str) and template:
                return template
    if FOUND in scope:
        found: str = scope[FOUND]
        return found
    return match(routes, scope) or UNMATCHED


def endpoints(routes: Sequence[BaseRoute]) -> Iterator[Endpoint]:
    """Yield what the routes of an application can be called on, those of mounted applications too."""
    for route in iter_route_contexts(routes):
        original = route.original_route
        if isinstance(original, Mount):
            template = route.path_format or ""
            yield Endpoint(template, ("GET",), 200)
            prefix = template.removesuffix("/{path}")
            for inner in endpoints(original.routes):
                yield Endpoint(prefix + inner.template, inner.methods, inner.success)
        elif route.path_format is not None:
            status = getattr(route, "status_code", None)
            yield Endpoint(route.path_format, tuple(sorted(route.methods or ())), status or 200)


def match(routes: Sequence[BaseRoute], scope: Scope) -> str | None:
    """Return the template of the route that takes a request of this path and method, or None."""
    return _match(routes, scope["path"].removeprefix(_root(scope)), scope["method"])


def _match(routes: Sequence[BaseRoute], path: str, method: str) -> str | None:
    for route in iter_route_contexts(routes):
        pattern = getattr(route, "path_regex", None)
        matched = pattern.match(path) if pattern is not None else None
        if matched is None or route.path_format is None:
            continue
        original = route.original_route
        if isinstance(original, Mount):
            inner = _match(original.routes, f"/{matched['path']}", method)
            return route.path_format if inner is None else route.path_format.removesuffix("/{path}") + inner
        if method in (route.methods or ()):
            return route.path_format
    return None


def _root(scope: Scope) -> str:
    """Return the prefix under which a proxy serves the whole application."""
    root: str = scope.get("app_root_path", scope.get("root_path", ""))
    return root.rstrip("/")

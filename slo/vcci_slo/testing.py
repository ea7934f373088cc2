"""Builders for tests: small specs and plans that say only what a test is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from vcci_slo.load import load_plan
from vcci_slo.plan import Plan

__all__ = ["a_plan", "a_spec"]

_SMALL: Mapping[str, Any] = {
    "spec": "vcci/v1",
    "metadata": {"name": "shop", "owner": "crew"},
    "components": {
        "api": {
            "kind": "http",
            "selector": 'job="shop-api"',
            "probe": {"url": "https://shop.example/health", "fails_for": {"P0": "2m"}},
            "signals": {
                "requests": {
                    "events": "http_requests_total",
                    "duration": "http_request_duration_seconds",
                    "where": 'endpoint!~"/health/.*"',
                    "valid": 'status!~"4.."',
                    "bad": 'status=~"5.."',
                    "timed": 'outcome="ok"',
                    "buckets": ["100ms", "500ms", "1s"],
                },
                "oldest": {"value": "max(oldest_age_seconds{SELECTOR})", "unit": "seconds"},
            },
        }
    },
    "slos": {"errors": {"good": "api.requests", "objective": "99.9%"}},
}


def a_spec(**sections: Any) -> str:
    """Return the text of a small valid spec with some sections replaced; None takes a section away.

    Names join with `__`: `a_spec(metadata__name="other")` changes one value.
    """
    data: dict[str, Any] = yaml.safe_load(yaml.safe_dump(dict(_SMALL)))
    for name, value in sections.items():
        *outer, last = name.split("__")
        place = data
        for key in outer:
            place = place.setdefault(key, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return yaml.safe_dump(data, sort_keys=False)


def a_plan(*, time_scale: float = 1.0, links: Mapping[str, str] | None = None, **sections: Any) -> Plan:
    """Return the plan of `a_spec` with the same changes."""
    return load_plan(a_spec(**sections), time_scale=time_scale, links=links)

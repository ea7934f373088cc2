"""How long a spec takes to become artifacts, with 1, 100 and 1,000 promises."""

from __future__ import annotations

import time
from collections.abc import Iterator

import yaml

from vcci_platform.generate import destinations, render
from vcci_slo import load_plan

__all__ = ["run"]

SIZES = (1, 100, 1000)
FOLDERS = destinations(None)


def run() -> Iterator[str]:
    """Yield one line for each size: reading and resolving, rendering everything, and what came out."""
    base = 0.0
    for size in SIZES:
        text = spec(size)
        started = time.perf_counter()
        plan = load_plan(text)
        planned = time.perf_counter()
        files = render(plan, FOLDERS)
        done = time.perf_counter()
        base = base or done - started
        volume = sum(len(content) for content in files.values()) / 2**20
        yield (
            f"{size:>5} promises: plan {planned - started:.2f} s, render {done - planned:.2f} s, "
            f"{len(files)} files, {volume:.1f} MiB; {(done - started) / base:.1f} times the time for one"
        )


def spec(size: int) -> str:
    """Return a spec with so many promises on one service."""
    requests = {
        "events": "http_requests_total",
        "valid": 'status!~"4.."',
        "bad": 'status=~"5.."',
        "each": {"endpoint": "api.queues"},
    }
    names = [f"endpoint-{number}" for number in range(size)]
    api = {"kind": "http", "selector": 'job="shop"', "queues": names, "signals": {"requests": requests}}
    data = {
        "spec": "vcci/v1",
        "metadata": {"name": "shop", "owner": "crew"},
        "links": {"runbooks": "https://runbooks.example", "grafana": "https://grafana.example"},
        "components": {"api": api},
        "slos": {"errors": {"good": "api.requests", "objective": "99.9%"}},
    }
    return yaml.safe_dump(data)

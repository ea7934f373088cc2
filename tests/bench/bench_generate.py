"""How long 100, 1,000 and 5,000 promises take to become rules, tests, dashboards and pages, and how that grows.

Each size has a process of its own, so that its peak of memory is its own; processor time is counted, not the clock, so
that other work on the machine does not fall on it.

    python bench_generate.py SIZE SHAPE      measures one size; `run` starts them so
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vcci_platform.generate import OUTPUTS
from vcci_slo import load_plan

__all__ = ["SHAPES", "Figures", "measure", "run", "spec"]

SIZES = (100, 1000, 5000)
PARTS = {
    "rules": ("rules",),
    "tests": ("tests",),
    "dashboards": ("dashboards", "provisioning"),
    "pages": ("runbooks",),
    "the rest": ("schema", "prometheus", "alertmanager"),
}
OF_A_SERVICE = 10
SHAPES = ("services", "endpoints")
"""Ten promises of four kinds on each service; or one promise for each of many endpoints of one service."""


@dataclass(frozen=True)
class Figures:
    """What one size took: processor seconds of each part, files and bytes, the largest of each, the peak of memory."""

    promises: int
    seconds: Mapping[str, float]
    files: int
    bytes: int
    largest: Mapping[str, int]
    peak_bytes: int

    @property
    def total(self) -> float:
        """All processor seconds."""
        return sum(self.seconds.values())


def run() -> Iterator[str]:
    """Yield one line for each size, and how each figure grew from the size before."""
    for shape, sizes in (("services", SIZES), ("endpoints", SIZES[:2])):
        yield "ten promises on each service:" if shape == "services" else "one promise on each of so many endpoints:"
        before: Figures | None = None
        for size in sizes:
            now = _in_its_own_process(size, shape)
            parts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in now.seconds.items())
            yield (
                f"  {now.promises:>5,} promises: {now.total:6.2f} CPU s ({parts}); {now.files:,} files, "
                f"{now.bytes / 2**20:,.0f} MiB, peak of memory {now.peak_bytes / 2**20:,.0f} MiB"
            )
            largest = ", ".join(f"{name} {size / 2**10:,.0f} KiB" for name, size in now.largest.items() if size)
            yield f"        largest file: {largest}"
            if before:
                yield (
                    f"        {now.promises / before.promises:g} times the promises: {now.total / before.total:.1f} "
                    f"times the time, {now.bytes / before.bytes:.1f} times the bytes, "
                    f"{now.peak_bytes / before.peak_bytes:.1f} times the memory; "
                    f"time grows with the power {_power(before, now):.2f} (1 is linear)"
                )
            before = now


def _power(before: Figures, now: Figures) -> float:
    return math.log(now.total / before.total) / math.log(now.promises / before.promises)


def _in_its_own_process(size: int, shape: str) -> Figures:
    done = subprocess.run([sys.executable, __file__, str(size), shape], capture_output=True, text=True, check=True)
    return Figures(**json.loads(done.stdout))


def measure(size: int, shape: str) -> Figures:
    """Return what a spec of this size takes."""
    text = spec(size, shape)
    seconds: dict[str, float] = {}
    largest: dict[str, int] = {}
    began = time.process_time()
    plan = load_plan(text)
    seconds["plan"] = time.process_time() - began
    files = volume = 0
    for part, names in PARTS.items():
        began = time.process_time()
        for name in names:
            # Held until the next output, as when they are compared with what is on disk and written.
            found = OUTPUTS[name].render(plan)
            files, volume = files + len(found), volume + sum(map(len, found.values()))
            largest[part] = max(largest.get(part, 0), *map(len, found.values()))
        seconds[part] = time.process_time() - began
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Figures(len(plan.slos), seconds, files, volume, largest, kibibytes * 1024)


def spec(size: int, shape: str = "services") -> str:
    """Return a spec with so many promises."""
    count = max(1, size // OF_A_SERVICE)
    components = {f"svc-{number}": _service(number) for number in range(count)}
    slos = {f"promise-{number}": _promise(f"svc-{number % count}", number // count) for number in range(size)}
    if shape == "endpoints":
        endpoints = [f"endpoint-{number}" for number in range(size)]
        components = {"svc-0": _service(0)}
        components["svc-0"]["queues"] = endpoints
        components["svc-0"]["signals"]["requests"]["each"] = {"endpoint": "svc-0.queues"}
        slos = {"errors": {"good": "svc-0.requests", "objective": "99.9%"}}
    data = {
        "spec": "vcci/v1",
        "metadata": {"name": "shop", "owner": "crew"},
        "links": {"runbooks": "https://runbooks.example", "grafana": "https://grafana.example"},
        "components": components,
        "slos": slos,
    }
    return json.dumps(data, indent=1)  # JSON is YAML, and much faster to write


def _service(number: int) -> dict[str, Any]:
    requests = {
        "events": "http_requests_total",
        "duration": "http_request_duration_seconds",
        "where": 'endpoint!~"/health/.*"',
        "valid": 'status!~"4.."',
        "bad": 'status=~"5.."',
        "timed": 'outcome="ok"',
        "buckets": ["100ms", "500ms", "1s"],
    }
    return {
        "kind": "http",
        "selector": f'job="svc-{number}"',
        "probe": {"url": f"https://svc-{number}.example/", "fails_for": {"P0": "2m"}},
        "needs": [f"svc-{number - 1}"] if number else [],
        "signals": {
            "requests": requests,
            "oldest": {"value": "max(oldest_age_seconds{SELECTOR})", "unit": "seconds"},
        },
    }


def _promise(service: str, kind: int) -> dict[str, Any]:
    return (
        {"good": f"{service}.requests", "objective": "99.9%"},
        {"fast": f"{service}.requests", "within": {"99%": "500ms"}},
        {"holds": f"{service}.oldest", "below": "30m", "objective": "99%"},
        {"good": f"{service}.probe", "objective": "99.9%"},
    )[kind % 4]


if __name__ == "__main__":
    print(json.dumps(asdict(measure(int(sys.argv[1]), sys.argv[2]))))

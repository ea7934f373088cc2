"""10,000 alerts in a minute over 500 groups of 20 incidents: the hook, what is kept, pages, and the time to a page.

A real desk process on SQLite, with the sandbox as its vendors, on loopback. Nobody else pages, so the desk does. Then,
at normal load, one alert after another: from sending each to the moment at which PagerDuty has the page.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.desk import DeskAndSandbox, desk_and_sandbox
from support.storm import Storm, kept_of, storm_spec, tell

STORM = Storm()
STORM_SECONDS = 60
SETTLE_SECONDS = 120
NORMAL_ALERTS = 40
NORMAL_EVERY_SECONDS = 0.25
HOOK_P99_MILLISECONDS = 250
PAGE_P95_SECONDS = 1
CALLS_A_MINUTE = 120


def run() -> Iterator[str]:
    """Yield the figures as lines of text."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with desk_and_sandbox(folder, spec=storm_spec(folder)) as desk:
            desk.start()
            yield from _normal(desk)
            yield from _storm(desk)


def _storm(desk: DeskAndSandbox) -> Iterator[str]:
    pages_before = len(desk.vendor.pages)
    bodies = list(STORM.notifications())
    began = time.monotonic()
    told = tell(str(desk.http.base_url), bodies, lasts=STORM_SECONDS)
    sent = time.monotonic() - began
    desk.until(lambda: _understood(desk), "the desk did not understand everything", within=SETTLE_SECONDS)
    understood = time.monotonic() - began
    yield (
        f"{STORM.alerts:,} alerts in {len(bodies):,} notifications within {sent:.0f} s: "
        f"{len(told.seconds):,} accepted, {told.refused} refused with 503, "
        f"{told.unanswered} not answered, {told.lost} lost"
    )
    yield (
        f"hook: p50 {told.quantile(0.5):.1f} ms, p99 {told.quantile(0.99):.1f} ms, longest {told.quantile(1):.1f} ms "
        f"(promised: p99 under {HOOK_P99_MILLISECONDS} ms)"
    )
    kept, incidents = kept_of(desk.settings.incident_database)
    yield f"kept: {kept:,} alerts in {incidents} incidents; all understood after {understood:.1f} s"
    pages = desk.vendor.pages[pages_before:]
    rings = Counter(rings for _, _, rings in pages)
    yield f"pages: {len(pages)}, rung {dict(rings)} times; PagerDuty at most {_most_in_a_minute(desk)} calls a minute"
    if told.lost or (kept, incidents, len(pages)) != (STORM.alerts, STORM.incidents, STORM.incidents):
        raise RuntimeError("something was lost, or paged twice")


def _normal(desk: DeskAndSandbox) -> Iterator[str]:
    """Yield how long it takes from an alert to its page, of a system that has no incident yet."""
    sent: dict[str, datetime] = {}
    for number in range(NORMAL_ALERTS):
        system = f"system-{number}"
        labels = {"alertname": "Down", "priority": "P0", "system": system}
        alert = {"status": "firing", "labels": labels, "startsAt": "2026-03-02T09:00:00Z", "fingerprint": system}
        sent[system] = datetime.now(UTC)
        desk.notify(version="4", alerts=[alert]).raise_for_status()
        time.sleep(NORMAL_EVERY_SECONDS)
    desk.until(lambda: len(desk.vendor.pages) == NORMAL_ALERTS, "a page is missing")
    took = sorted(
        (incident.opened_at - sent[incident.group]).total_seconds()
        for incident in desk.vendor.state.pagerduty.incidents
    )
    p50, p95 = took[len(took) // 2], took[int(len(took) * 0.95)]
    yield (
        f"from an alert to PagerDuty at normal load: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, "
        f"longest {took[-1] * 1000:.0f} ms (promised: p95 under {PAGE_P95_SECONDS} s)"
    )


def _understood(desk: DeskAndSandbox) -> bool:
    state = desk.http.get("/v1/desk").json()
    waits = {target["target"]: target["waiting"] for target in state["outbox"]}
    return not state["inbox"].get("waiting") and not waits["pagerduty"]


def _most_in_a_minute(desk: DeskAndSandbox) -> int:
    moments = sorted(call.at for call in desk.vendor.state.calls if call.target == "pagerduty")
    return max((sum(at <= one < at + timedelta(minutes=1) for one in moments) for at in moments), default=0)


if __name__ == "__main__":
    for line in run():
        print(line, flush=True)

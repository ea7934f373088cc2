"""`vcci page test`: a real test page down the configured path, timed, and taken back."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from vcci_platform.clock import SystemClock
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.ports import Failed, Outcome, Page, Pager
from vcci_platform.incidents.vendors.pagerduty_events import PagerDuty
from vcci_platform.incidents.vendors.targets import VendorTargets
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_slo.plan import Priority

__all__ = ["PageTestFailed", "Step", "app", "carry_out", "page_of_a_test"]

RESOLVE_ATTEMPTS: Final = 4
PAUSE_SECONDS: Final = 2.0

app = typer.Typer(help="The path that wakes people.", no_args_is_help=True)


class PageTestFailed(PlatformError):
    """The test page did not go all the way."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a test page that succeeded, and how long the pager took to say so."""

    name: str
    seconds: float


@app.callback()
def page() -> None:
    """Send a real test page down the configured path."""


@app.command("test")
def run(
    *,
    severity: Annotated[Priority, typer.Option(help="The severity the page claims; P0 and P1 ring")] = "P2",
    hold: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds to leave the page open, so that a phone has time to ring")
    ] = 0.0,
) -> None:
    """Trigger a test page, resolve it, and print how long each step took.

    It goes through the same adapter, key and address as the desk's pages; its words say that it is a test.
    """
    settings = Settings()
    policy = platform_plan(settings).severity(severity)
    targets = VendorTargets.from_settings(settings)
    sandboxed = "pagerduty" in targets.sandboxed
    typer.echo(
        f"A test page {severity} ({policy.pagerduty}) goes to {targets.pagerduty_url}"
        + (": the sandbox, nobody will be woken." if sandboxed else ": whoever is on call will be told.")
    )
    sent = page_of_a_test(policy.pagerduty, severity, socket.gethostname(), datetime.now(UTC), secrets.token_hex(4))
    pager = PagerDuty(
        targets.pagerduty_key.get_secret_value(),
        SystemClock(),
        base_url=targets.pagerduty_url,
        ca_file=targets.pagerduty_ca_file,
    )
    try:
        carry_out(pager, sent, hold=hold, tell=_tell, sandboxed=sandboxed)
    finally:
        pager.close()
    typer.echo(f"  dedup_key  {sent.key}")
    if sandboxed:
        typer.echo(f"What the sandbox received: http://127.0.0.1:{settings.sandbox_port}/")


def page_of_a_test(severity: str, priority: Priority, host: str, now: datetime, chance: str) -> Page:
    """Return a page that nobody can take for a real one, under a key that no incident has."""
    return Page(
        key=f"vcci:page-test:{now:%Y%m%dT%H%M%SZ}:{chance}",
        summary=f"TEST, nothing is wrong: test page {priority} of vcci from {host} at {now:%H:%M:%S} UTC",
        source=host,
        severity=severity,
        component="page-test",
        kind="page-test",
        details={
            "what": "A person ran `vcci page test` to see that pages arrive. There is no incident.",
            "what to do": "Nothing. It resolves itself; if it stays open, resolve it by hand.",
        },
    )


def carry_out(
    pager: Pager,
    page: Page,
    *,
    hold: float,
    tell: Callable[[Step], None],
    sandboxed: bool,
    sleep: Callable[[float], None] = time.sleep,
    seconds: Callable[[], float] = time.perf_counter,
) -> tuple[Step, ...]:
    """Trigger and resolve the page, telling each step as it succeeds; what fails is told with what to do about it."""

    def step(name: str, send: Callable[[], Outcome], attempts: int) -> Step:
        outcome: Outcome = Failed("not sent", retryable=False)
        for attempt in range(attempts):
            start = seconds()
            outcome = send()
            if not isinstance(outcome, Failed):
                done = Step(name, seconds() - start)
                tell(done)
                return done
            if not outcome.retryable or attempt == attempts - 1:
                break
            sleep(max(PAUSE_SECONDS, outcome.after.total_seconds() if outcome.after else 0))
        raise PageTestFailed(_advice(name, outcome, page.key, sandboxed=sandboxed))

    triggered = step("triggered", lambda: pager.page(page), attempts=1)
    sleep(hold)
    return triggered, step("resolved", lambda: pager.resolve(page.key), attempts=RESOLVE_ATTEMPTS)


def _advice(name: str, outcome: Outcome, key: str, *, sandboxed: bool) -> str:
    error = outcome.error if isinstance(outcome, Failed) else ""
    if name == "resolved":
        return f"the test page was triggered but could not be resolved: {error}; resolve {key} by hand"
    if isinstance(outcome, Failed) and outcome.ambiguous:
        return f"the test page may have been triggered, no answer came: {error}; look for {key}"
    if sandboxed:
        unreached = isinstance(outcome, Failed) and outcome.retryable
        hint = "; is it running? `vcci sandbox` starts it" if unreached else ""
        return f"the sandbox did not take the test page: {error}{hint}"
    return (
        f"PagerDuty did not take the test page: {error}; see PAGERDUTY_ROUTING_KEY, PAGERDUTY_EVENTS_URL"
        " and PAGERDUTY_CA_FILE"
    )


def _tell(step: Step) -> None:
    typer.echo(f"  {step.name:<10} {step.seconds * 1000:6.0f} ms")

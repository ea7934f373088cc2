"""The desk as a running whole: its work, its dispatcher, its loops, and whether it may call itself alive."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from vcci_platform.clock import Clock
from vcci_platform.incidents import inbox, outbox, store
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.loops import Loop, Loops
from vcci_platform.incidents.model import Nature
from vcci_platform.incidents.reporting import Reports
from vcci_platform.incidents.review import items as action_items
from vcci_platform.incidents.review import store as reviews
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.views import DeskView, HeartbeatView, LoopView, QuarantineView, TargetView
from vcci_platform.telemetry import logs
from vcci_platform.telemetry.health import Check, Reading, Role
from vcci_platform.telemetry.metrics import ACTION_ITEM_STATES, REVIEW_STAGES

__all__ = ["DeskParts", "Office"]

WORK_EVERY = timedelta(seconds=0.5)
DISPATCH_EVERY = timedelta(seconds=0.5)
"""How long a row can wait unseen. Whoever adds one in this process wakes the loop at once."""

STALLED_AFTER = timedelta(seconds=60)
HEARTBEAT_SECONDS = 10.0
EXCERPT_CHARACTERS = 300

log = logs.get(__name__)


@dataclass(frozen=True)
class DeskParts:
    """What the composition root gives the desk.

    `beat` is how often the heartbeat goes out. `extend` may add routes to the application and set `desk.objectives`,
    and returns loops that join the desk's own: the recorder and the evaluator. `close` lets go of what they held.
    """

    rules: IncidentPolicy
    beat: timedelta = timedelta(minutes=1)
    extend: Callable[[FastAPI, Desk], Sequence[Loop]] | None = None
    close: Callable[[], None] = lambda: None


@dataclass
class Office:
    """Starts and stops what a desk does. A cycle is complete when every counted loop has gone round since the last.

    `leaving` says that the process was told to stop, so that streams end before they are waited for.
    """

    desk: Desk
    dispatcher: Dispatcher
    beat: timedelta
    heartbeat_url: SecretStr | None
    sandboxed: tuple[str, ...] = ()
    extra: Sequence[Loop] = ()
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=HEARTBEAT_SECONDS))
    leaving: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._last_cycle_at: datetime | None = None
        self._last_beat_at: datetime | None = None
        self._began_at = self._clock.now()
        self.reports = Reports(self.desk)
        work = Loop("work", self.desk.cycle, WORK_EVERY, wake=self.desk.wake)
        dispatch = [
            Loop(f"dispatch-{target}", partial(self.dispatcher.step, target), DISPATCH_EVERY)
            for target in self.dispatcher.circuits
        ]
        loops = [work, *dispatch, *self.extra]
        if self.heartbeat_url is not None:
            loops.append(Loop("heartbeat", self.beat_now, self.beat, counted=False))
        self.loops = Loops(loops, self._clock, self._rounded)
        for loop in dispatch:
            self.desk.listeners.append(loop.wake.set)

    @property
    def _clock(self) -> Clock:
        return self.desk.clock

    @property
    def last_cycle_at(self) -> datetime | None:
        """When the last complete cycle ended."""
        return self._last_cycle_at

    def start(self) -> None:
        """Take back what a dead predecessor had claimed, and begin."""
        self.dispatcher.recover()
        self.loops.start()

    def stop(self) -> None:
        """Finish what is under way, and end."""
        self.loops.stop()
        self.client.close()

    def beat_now(self) -> bool:
        """Tell the outside that the desk is alive, if a whole cycle was completed since it last did."""
        cycle_at = self._last_cycle_at
        if self.heartbeat_url is None or cycle_at is None:
            return False
        if self._last_beat_at is not None and cycle_at <= self._last_beat_at:
            return False
        now = self._clock.now()
        try:
            self.client.get(self.heartbeat_url.get_secret_value()).raise_for_status()
        except httpx.HTTPError as error:
            log.warning("heartbeat_not_taken", error=type(error).__name__)  # the address is a secret
            return False
        self._last_beat_at = now
        return False

    # --- health ------------------------------------------------------------------------------------------------------

    def check(self) -> Check:
        """Return the check that the loops go round."""
        return Check("loops", Role.OWN, self._check_loops)

    def reading(self) -> Reading:
        """Return the gauges that are read from the store just before each scrape."""
        return Reading("desk-store", self._read_gauges, self._forget_gauges)

    def view(self) -> DeskView:
        """Return how the desk is."""
        now = self._clock.now()
        rules = self.desk.rules
        with self.desk.database.read() as connection:
            waiting = outbox.waiting(connection)
            beats = inbox.heartbeats(connection)
            return DeskView(
                now=now,
                time_scale=rules.time_scale,
                loops=tuple(LoopView(name=loop.name, **vars(loop.state)) for loop in self.loops.loops),
                last_cycle_at=self._last_cycle_at,
                inbox=inbox.states(connection),
                quarantine=tuple(
                    QuarantineView(
                        **{name: row[name] for name in QuarantineView.model_fields if name != "excerpt"},
                        excerpt=bytes(row["body"]).decode(errors="replace")[:EXCERPT_CHARACTERS],
                    )
                    for row in inbox.quarantined(connection)
                ),
                outbox=tuple(
                    TargetView(
                        target=target,
                        waiting=waiting[target][0],
                        oldest=waiting[target][1],
                        circuit=self.dispatcher.circuits[target].state,
                        sandboxed=target in self.sandboxed,
                    )
                    for target in self.dispatcher.circuits
                ),
                heartbeats=tuple(
                    HeartbeatView(
                        source=source,
                        seen_at=row["seen_at"],
                        missing=inbox.is_blind(row, now, rules.watchdog_silent),
                    )
                    for source, row in sorted(beats.items())
                ),
                open_incidents=store.open_by_priority(connection),
                open_security=store.open_by_priority(connection, Nature.SECURITY),
            )

    def _rounded(self, _name: str, completed: bool) -> None:  # noqa: FBT001 - the loops' callback
        metrics = self.desk.metrics
        if not completed:
            metrics.desk_cycles.labels("failed").inc()
            return
        with self._lock:
            if self.loops.completed_since(self._last_cycle_at or self._began_at):
                self._last_cycle_at = self._clock.now()
                metrics.desk_cycles.labels("completed").inc()
                metrics.desk_last_cycle_timestamp.set(self._last_cycle_at.timestamp())

    def _check_loops(self) -> None:
        slowest = max(loop.every for loop in self.loops.loops)
        since = self._clock.now() - (self._last_cycle_at or self._began_at)
        failing = [f"{loop.name}: {loop.state.error}" for loop in self.loops.loops if loop.state.failures]
        if self._last_cycle_at is None or since > max(STALLED_AFTER, 4 * slowest):
            raise RuntimeError(f"no complete cycle for {since.total_seconds():.0f} s; {'; '.join(failing)}")

    def _read_gauges(self) -> None:
        metrics = self.desk.metrics
        now = self._clock.now()
        with self.desk.database.read() as connection:
            waiting = outbox.waiting(connection)
            incidents = store.open_by_priority(connection)
            stages = reviews.counts(connection)
            items, overdue = action_items.counts(connection, now.date())
        for stage in REVIEW_STAGES:
            metrics.desk_reviews.labels(stage).set(stages.get(stage, 0))
        for state, number in zip(ACTION_ITEM_STATES, (items, overdue), strict=True):
            metrics.desk_action_items.labels(state).set(number)
        for target in self.dispatcher.circuits:
            count, oldest = waiting[target]
            age = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
            metrics.desk_effects_waiting.labels(target.value).set(count)
            metrics.desk_oldest_effect_age.labels(target.value).set(age)
        for priority in self.desk.rules.severities:
            metrics.desk_open_incidents.labels(priority.value).set(incidents.get(priority.value, 0))

    def _forget_gauges(self) -> None:
        metrics = self.desk.metrics
        for stage in REVIEW_STAGES:
            metrics.desk_reviews.labels(stage).set(math.nan)
        for state in ACTION_ITEM_STATES:
            metrics.desk_action_items.labels(state).set(math.nan)
        for target in self.dispatcher.circuits:
            metrics.desk_effects_waiting.labels(target.value).set(math.nan)
            metrics.desk_oldest_effect_age.labels(target.value).set(math.nan)
        for priority in self.desk.rules.severities:
            metrics.desk_open_incidents.labels(priority.value).set(math.nan)

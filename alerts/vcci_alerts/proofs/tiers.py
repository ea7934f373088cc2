"""What the tests of one burn tier have in common: their step, how much is counted in it, and when each tier speaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from vcci_alerts.proofs.pictures import step_of, steps_of
from vcci_alerts.proofs.promised import is_sampled, series_of
from vcci_alerts.proofs.series import Case, Series, firing, then
from vcci_slo.plan import BurnTier, Plan, QueryIndicator, Slo
from vcci_slo.promql.tiles import looked_back, windows

__all__ = ["ABOVE", "BELOW", "TierTests"]

ABOVE, BELOW = 1.05, 0.95

COARSE = (60, 30, 20, 15, 10, 5)
"""Steps in minutes in which days pass quickly."""

FINE = 4
"""Steps in a minute, for a window of which hardly a minute is left."""

STEPS_IN_SHORT = 3
SPARSE = 5
"""Minutes between samples where a step is long: few enough to be quick, in each half hour enough for a rate."""

SAMPLES_OF_SAMPLED = 60
"""Looks in a step, so that a small share of them is the bad moments that a tier asks for."""

LOOKED_BACK = timedelta(minutes=5)
"""For how long Prometheus takes a recorded value for the present one."""


@dataclass(frozen=True)
class TierTests:
    """The tests of one tier of a promise."""

    plan: Plan
    slo: Slo
    tier: BurnTier

    @property
    def step(self) -> timedelta:
        """The longest step that divides every tile and the guard, and of which three fit into the short window."""
        minute, tier = step_of(self.plan), self.tier
        tiles = {tile for window in windows(self.plan, self.slo) for tile in window.tiles}
        spans = (tier.short, tier.long, tier.seen_for, *tiles)
        fitting = (
            step * minute
            for step in COARSE
            if step * minute * STEPS_IN_SHORT <= tier.short and not any(span % (step * minute) for span in spans)
        )
        return next(fitting, minute if minute * STEPS_IN_SHORT <= tier.short else minute / FINE)

    @property
    def samples(self) -> int:
        """How many samples lie in a step. Of what is counted, some in each raw window that is used."""
        if is_sampled(self.slo):
            # Of an hour, the longest raw window, promtool refuses to read more than ten thousand samples.
            return SAMPLES_OF_SAMPLED if self.step >= step_of(self.plan) else SAMPLES_OF_SAMPLED // FINE
        # Ranges of months and of free PromQL are no longer than they say, so they must not end on their only samples.
        dense = self.slo.calendar or isinstance(self.slo.indicator, QueryIndicator)
        return self.minutes if dense else max(self.minutes // SPARSE, 1)

    @property
    def minutes(self) -> int:
        """How many minutes a step has."""
        return max(round(self.step / step_of(self.plan)), 1)

    @property
    def copies(self) -> int:
        """How many series of what is sampled give enough bad moments."""
        needed = 1.2 * self.tier.min_bad / (BELOW * self.tier.threshold)
        return max(2, ceil(needed / (min(self.history, self.steps(self.tier.long)) * self.samples)))

    @property
    def events(self) -> float:
        """Events in a step: enough for evidence at once."""
        return max(10_000.0, 20 * self.tier.min_bad / self.tier.threshold)

    @property
    def history(self) -> int:
        """Steps after which the service is no longer new; whether it was seen is asked once in each short window."""
        return self.steps(self.tier.seen_for + self.tier.short) + 2

    def steps(self, span: timedelta) -> int:
        """Return how many steps it takes until a span has passed."""
        return steps_of(span, self.step)

    def phases(self, *phases: tuple[float, float | None, int]) -> tuple[Series, ...]:
        """Return series in phases of (share that is bad, events in a step or None for no samples, steps)."""
        found: tuple[Series, ...] = ()
        for share, events, steps in phases:
            if not steps:
                continue
            more = series_of(self.slo, share, events or 0.0, steps, bad=True, copies=self.copies)
            more = tuple(one.absent() if events is None else one for one in more if not one.decoy)
            found = then(found, more) if found else more
        return found

    def case(self, what: str, series: tuple[Series, ...], *figures: tuple[int, int]) -> Case:
        """Return a case that asks at some steps whether the tier fires."""
        question = firing(self.slo.burn_alert, tier=self.tier.name)
        asked = tuple((question, step, float(fires)) for step, fires in figures)
        name = f"{self.slo.name} {self.tier.name} {what}"
        return Case(name, self.step, series, figures=asked, samples=self.samples)

    def speaks(self, tier: BurnTier, share: float, steps: int) -> bool:
        """Return whether a tier, this or another, fires after so many steps in which `share` of everything was bad.

        The step is chosen for this tier, so windows of another one may be shorter than what lies between two samples.
        """
        at = steps * self.step
        if share <= tier.threshold or not self._rated(tier.short) or not self._known(tier, at):
            return False
        counted = self.copies * self.samples if is_sampled(self.slo) else self.events
        return share * counted * (min(tier.long, at) / self.step) >= tier.min_bad

    def _rated(self, window: timedelta) -> bool:
        """Return whether a raw window holds the two samples that a rate needs; of what is sampled, one is enough."""
        between = self.step / self.samples
        return is_sampled(self.slo) or window + self.plan.scrape_every > between

    def _known(self, tier: BurnTier, at: timedelta) -> bool:
        """Return whether a service that began with the test is not new to a tier any more."""
        if not tier.seen_for or any(self._recorded(look) for look in self._looks(tier, at)):
            return True
        if tier.infancy is None:
            return False
        return any(at - before >= self._first for before in looked_back(self.plan, self.slo, tier.infancy))

    @property
    def _first(self) -> timedelta:
        """Return when something is counted for the first time: a look at once, events when there is a rate of them."""
        return timedelta(0) if is_sampled(self.slo) else self.step

    def _looks(self, tier: BurnTier, at: timedelta) -> Iterable[timedelta]:
        """Yield the moments at which the guard of a tier looks: multiples of its short window."""
        last = at - tier.seen_for
        look = (last // tier.short) * tier.short
        while look >= timedelta(0) and look > last - tier.long:
            yield look
            look -= tier.short

    def _recorded(self, look: timedelta) -> bool:
        """Return whether a look finds what the step before it recorded."""
        since = look % self.step
        return since < LOOKED_BACK and look - since >= self._first

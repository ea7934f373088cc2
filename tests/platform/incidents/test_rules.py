"""The desk's rules are the spec's, and a time scale makes every clock of them faster."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.testing import alert, manual_policy
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_slo.plan import Correlation


def rules(time_scale: float = 1.0) -> IncidentPolicy:
    return IncidentPolicy.from_plan(platform_plan(Settings(time_scale=time_scale)))


def test_the_shipped_spec_holds_the_manuals_policy() -> None:
    shipped, manual = rules(), manual_policy()

    for priority in Priority:
        assert replace(shipped[priority], means="") == manual[priority]
    for name in ("escalation", "page_wait", "monitor_for", "watchdog_silent", "public", "shows", "approve"):
        found, wanted = getattr(shipped, name), getattr(manual, name)
        if isinstance(found, dict):
            found = {key: value for key, value in found.items() if value}
        assert found == wanted, name
    assert shipped.levels == manual.levels
    assert shipped.declared == manual.declared
    assert shipped.mentions["engineering-manager"] == "@eng-manager"


def test_under_a_time_scale_every_clock_runs_faster() -> None:
    fast = rules(60)

    assert (fast.page_wait, fast.monitor_for) == (timedelta(seconds=5), timedelta(seconds=15))
    assert fast[Priority.P0].acknowledge == timedelta(seconds=5)
    assert fast.escalation[Priority.P0] == ((timedelta(seconds=30), 2), (timedelta(seconds=60), 3))
    assert fast.time_scale == 60


def test_a_component_is_shown_under_its_public_name() -> None:
    assert rules().public_names(frozenset({"worker", "redis"})) == ("Calculations",)


def test_no_label_keeps_the_desk_busy_for_ages_with_a_pattern() -> None:
    """Python's own way of matching goes back again and again: forty letters were enough for the desk to hear nobody."""
    rules = manual_policy(correlate=(Correlation(match=(("region", "(a+)+b"),), by=("region",)),))

    assert rules.key_of(alert(labels={"region": "a" * 40})) == "vcci"

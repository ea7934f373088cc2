"""A drill in virtual time: two days of a review pass in a second, and nobody is told anything."""

from __future__ import annotations

from datetime import timedelta

from vcci_platform.incidents.drill.report import DrillReport, report_of
from vcci_platform.incidents.drill.script import SYSTEM_OF_DRILLS, Script
from vcci_platform.incidents.drill.stage import beginning, stage
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.rules import IncidentPolicy

__all__ = ["rehearse"]

AFTERWARDS = timedelta(minutes=1)


def rehearse(script: Script, policy: IncidentPolicy) -> DrillReport:
    """Play a script on a desk of its own and return every deadline, met or missed.

    The play goes on until the review is due, if the incident was resolved: what the script forgot is missed then.
    """
    begins = beginning(policy[script.priority])
    with stage(policy, begins) as play:
        play.desk.report(
            Report(script.title, script.priority, SYSTEM_OF_DRILLS, "the drill", component=script.component), "drill"
        )
        ends = begins + max(script.ends, timedelta(0)) + policy.monitor_for
        play.play(script.steps, ends)
        review, resolved = policy[script.priority].review, play.incident.resolved_at
        if review is not None and resolved is not None and play.incident.reviewed_at is None:
            ends = resolved + review + AFTERWARDS
            play.play((), ends)
        refused = tuple(f"{step.by} could not {step.act}: {why}" for step, why in play.refused)
        return report_of(script, play.record, policy, ends, played="virtual time", refused=refused)

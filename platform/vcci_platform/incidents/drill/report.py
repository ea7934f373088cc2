"""The report of a drill: every deadline, met or missed, as a value, as Markdown and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vcci_platform.incidents.drill.deadlines import Deadline, Verdict, judge
from vcci_platform.incidents.drill.script import Script
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.views import IncidentDetail
from vcci_slo.promql.durations import words

__all__ = ["DrillReport", "document", "markdown", "report_of"]


@dataclass(frozen=True)
class DrillReport:
    """What a drill has shown. `refused` are acts of the script that the desk did not allow, with its reason."""

    script: Script
    played: str
    began: datetime
    state: str
    deadlines: tuple[Deadline, ...]
    refused: tuple[str, ...]
    course: tuple[tuple[datetime, str, str], ...]
    time_scale: float

    @property
    def missed(self) -> tuple[Deadline, ...]:
        """The deadlines that were not kept."""
        return tuple(deadline for deadline in self.deadlines if deadline.verdict is Verdict.MISSED)

    @property
    def passed(self) -> bool:
        """Whether everything was in time, and everybody could do what the script says."""
        return not self.missed and not self.refused


def report_of(
    script: Script,
    record: IncidentDetail,
    policy: IncidentPolicy,
    until: datetime,
    *,
    played: str,
    refused: tuple[str, ...] = (),
) -> DrillReport:
    """Return the report of what happened until then."""
    course = tuple(
        (entry.received_at, entry.by, f"{entry.text}{f' ({entry.why})' if entry.why else ''}".replace("\n", "; "))
        for entry in record.timeline
    )
    return DrillReport(
        script,
        played,
        record.detected_at,
        record.state.value,
        judge(record, policy, until),
        refused,
        course,
        policy.time_scale,
    )


def document(report: DrillReport) -> dict[str, Any]:
    """Return the report as JSON; times in minutes after the beginning, what was left negative when it was late."""
    return {
        "severity": report.script.priority.value,
        "title": report.script.title,
        "played": report.played,
        "time_scale": report.time_scale,
        "passed": report.passed,
        "state_at_the_end": report.state,
        "deadlines": [
            {
                "name": one.name,
                "due_minute": _minute(one.due - report.began),
                "happened_minute": None if one.happened is None else _minute(one.happened - report.began),
                "verdict": one.verdict.value,
                "spare_minutes": _minute(one.spare),
            }
            for one in report.deadlines
        ],
        "refused": list(report.refused),
        "course": [{"minute": _minute(at - report.began), "by": by, "what": what} for at, by, what in report.course],
    }


def markdown(report: DrillReport) -> str:
    """Return the report for people."""
    missed, kept = len(report.missed), sum(one.verdict is Verdict.MET for one in report.deadlines)
    lines = [
        f"# Drill of a {report.script.priority}: {report.script.title}",
        "",
        f"Played in {report.played}. {kept} deadlines met, {missed} missed. At the end it is {report.state}.",
    ]
    if report.time_scale != 1:
        lines.append(f"Clocks ran {report.time_scale:g} times faster: a demonstration.")
    lines += ["", "| Deadline | Due | Happened | Result |", "|---|---|---|---|"]
    lines += [
        f"| {one.name} | {clock(one.due - report.began)} | "
        f"{'-' if one.happened is None else clock(one.happened - report.began)} | {result(one)} |"
        for one in report.deadlines
    ]
    if report.refused:
        lines += ["", "## Refused", "", *(f"- {sentence}" for sentence in report.refused)]
    lines += ["", "## What happened", ""]
    lines += [f"- {clock(at - report.began)} {by}: {what}" for at, by, what in report.course]
    return "\n".join(lines) + "\n"


def result(one: Deadline) -> str:
    """Return the verdict in words: what was left, how late it was, or when it will be due."""
    span = words(timedelta(seconds=round(abs(one.spare).total_seconds())))
    match one.verdict:
        case Verdict.MET:
            return f"met, {span} to spare"
        case Verdict.MISSED:
            return f"**missed** by {span}" if one.happened else f"**missed**: did not happen, {span} over"
        case Verdict.PENDING:
            return f"pending, {span} left"


def clock(after: timedelta) -> str:
    """Return a moment of the drill as hours, minutes and seconds after its beginning.

    >>> clock(timedelta(minutes=65, seconds=30))
    '+1:05:30'
    """
    seconds = round(after.total_seconds())
    return f"{'-' if seconds < 0 else '+'}{abs(seconds) // 3600}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"


def _minute(span: timedelta) -> float:
    return round(span / timedelta(minutes=1), 2)

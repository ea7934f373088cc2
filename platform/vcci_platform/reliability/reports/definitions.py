"""How it was counted: every word of a report, so that it can be read without asking anybody."""

from __future__ import annotations

from vcci_platform.reliability.reports.document import Column, Section, Table
from vcci_platform.reliability.reports.model import Report

__all__ = ["definitions"]


def definitions(report: Report) -> Section:
    """Return the section that defines what the others say."""
    zone, before = report.period.zone, report.period.before().title
    source = report.source[:1].upper() + report.source[1:]
    rows = (
        (
            "Promise",
            "What users may rely on, counted by events: how many should have been good, and how many were.",
        ),
        (
            "Objective",
            (
                "The share of good events that is promised. Here it is held against the period; "
                "alerts hold it against the promise's own window."
            ),
        ),
        ("SLI", "Good events divided by valid events. It is rounded down."),
        (
            "Error budget",
            (
                "The bad events that the objective allows among those that came. In minutes it is the same share of "
                "the period: so long everything may fail at even traffic."
            ),
        ),
        (
            "Spent, left",
            "Bad events divided by the budget, and what remains of it. Below zero, more was spent than there was.",
        ),
        (
            "Kept, missed",
            (
                "Whether the SLI reached the objective over the period, or over one day alone. "
                "A day may be missed in a period that is kept."
            ),
        ),
        (
            "Observed",
            (
                "The share of the time that was seen. The rest is unknown: neither good nor bad. What was seen for "
                "less than half of its time is unknown, unless that much has already missed the objective."
            ),
        ),
        ("No traffic", "It was observed, and no valid event came: nothing was promised, and nothing was spent."),
        (
            "Day",
            (
                f"From midnight to midnight where the clocks show {zone}; when they change, a day has 23 or 25 hours. "
                "The period is the sum of its days."
            ),
        ),
        ("Period before", f"{before}, counted in the same way."),
        (
            "Incident, release",
            (
                "The bad events while it lasted, as a share of the budget of the period. "
                "Two at the same time both show the events that they share."
            ),
        ),
        (
            "Taken out",
            (
                "Time that a correction takes out of the account, with its events: by somebody and for a reason. "
                "Days marked with * were corrected."
            ),
        ),
        *(
            ()
            if report.over
            else (
                (
                    "Forecast",
                    (
                        "What becomes of the budget of the promise's own window, if failures go on as in the time that "
                        "is named and old ones leave the window: the figure of the console and of /v1/slos."
                    ),
                ),
            )
        ),
        ("Source", f"{source}. {report.resolution}"),
    )
    return Section(
        "definitions", "How it is counted", (Table("", (Column("Word"), Column("Meaning", wide=True)), rows),)
    )

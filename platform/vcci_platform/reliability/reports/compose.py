"""From a report to a document: what is said of the whole, of each promise, and how it was counted."""

from __future__ import annotations

from collections.abc import Mapping

from vcci_platform.reliability.reports import figures, pictures
from vcci_platform.reliability.reports.definitions import definitions
from vcci_platform.reliability.reports.document import (
    Block,
    Column,
    Document,
    Fact,
    Facts,
    Section,
    Table,
    Tone,
)
from vcci_platform.reliability.reports.model import PromiseAccount, Report, Verdict
from vcci_platform.reliability.reports.promise import promise_section
from vcci_platform.reliability.reports.sayings import MARKS, TONES, sli_of

__all__ = ["compose"]

WORST_FIRST: tuple[Verdict, ...] = ("missed", "unknown", "no traffic", "taken out", "kept")


def compose(report: Report) -> Document:
    """Return the document of a report."""
    several = len(report.promises) > 1
    return Document(
        title="Service level report",
        subtitle=report.period.title,
        about=f"{report.title}, {report.scope}",
        notices=_notices(report),
        sections=(
            *((_overview(report),) if several else ()),
            *(promise_section(report, promise, number) for number, promise in enumerate(report.promises, start=1)),
            definitions(report),
        ),
        foot=f"Made {figures.moment(report.made_at, report.period.zone)} from {report.source}.",
    )


def _notices(report: Report) -> tuple[str, ...]:
    zone = report.period.zone
    found: list[str] = []
    if report.time_scale != 1:
        found.append(f"A demonstration: time runs {report.time_scale:g} times faster.")
    if report.self_reported:
        found.append(
            f"Self-reported: {report.source} counted, and nobody else has checked it. It is no evidence for a contract."
        )
    if not report.over:
        found.append(f"The period is not over: it is counted until {figures.moment(report.until, zone)}.")
    since = report.remembered_since
    if since is not None and since > report.period.before().span.start:
        what = "this period" if since > report.period.span.start else "the period before"
        found.append(
            f"Not known any more: {report.source} has forgotten what was before {figures.moment(since, zone)}, "
            f"which is a part of {what}. Those days are unknown."
        )
    if report.not_remembered:
        what = report.not_remembered
        found.append(
            f"{what[:1].upper()}{what[1:]} are not known here: that none is listed does not mean that there was none."
        )
    return tuple(found)


def _overview(report: Report) -> Section:
    ordered = sorted(report.promises, key=lambda promise: WORST_FIRST.index(promise.verdict))
    counts: dict[Verdict, int] = {
        verdict: sum(1 for each in report.promises if each.verdict == verdict) for verdict in WORST_FIRST
    }
    blocks: list[Block] = [
        Facts(
            tuple(
                Fact(title, f"{count} of {len(report.promises)}", "", tone) for title, count, tone in _counted(counts)
            )
        ),
        Table(
            "Every promise, the worst first",
            (
                Column("Promise", wide=True),
                Column("Verdict"),
                Column("Objective", numeric=True),
                Column("SLI", numeric=True),
                Column("Budget spent", numeric=True),
                Column("Before", numeric=True),
                Column("Days missed", numeric=True),
                Column("Observed", numeric=True),
            ),
            tuple(_row(promise) for promise in ordered),
            tuple(TONES[promise.verdict] for promise in ordered),
        ),
        pictures.days_of_all(report),
    ]
    return Section("overview", "Overview", tuple(blocks))


def _counted(counts: Mapping[Verdict, int]) -> list[tuple[str, int, Tone]]:
    silent = counts["no traffic"] + counts["taken out"]
    found: list[tuple[str, int, Tone]] = [
        ("Kept", counts["kept"], "good"),
        ("Missed", counts["missed"], "bad" if counts["missed"] else ""),
        ("Unknown", counts["unknown"], "doubt" if counts["unknown"] else ""),
    ]
    return [*found, ("Without traffic", silent, "")] if silent else found


def _row(promise: PromiseAccount) -> tuple[str, ...]:
    known = promise.whole.known > 0
    return (
        promise.slo.name,
        f"{MARKS[promise.verdict]} {promise.verdict}",
        promise.slo.percent,
        sli_of(promise.whole),
        figures.share(promise.spent) if known else "unknown",
        figures.share(1 - promise.before.remaining) if promise.before.known > 0 else "unknown",
        f"{promise.count('missed')} of {len(promise.days)}",
        figures.share(promise.whole.known),
    )

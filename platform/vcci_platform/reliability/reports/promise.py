"""One promise in a document: its figures, its days, what spent its budget, what was taken out."""

from __future__ import annotations

from datetime import timedelta

from vcci_platform.reliability.accounting import Applied, Spent
from vcci_platform.reliability.reports import figures, pictures
from vcci_platform.reliability.reports.document import Block, Column, Fact, Facts, Section, Sentence, Table, Tone
from vcci_platform.reliability.reports.model import PromiseAccount, Report
from vcci_platform.reliability.reports.sayings import MARKS, TONES, left_of, sli_of, spent_of
from vcci_slo.budget import Budget
from vcci_slo.forecast import Outlook
from vcci_slo.promql.durations import words
from vcci_slo.promql.figures import rounded

__all__ = ["promise_section"]

NEARLY_ALL = 0.99
MOST_SPANS = 8


def promise_section(report: Report, promise: PromiseAccount, number: int) -> Section:
    """Return everything that is said of one promise."""
    slo = promise.slo
    blocks: list[Block] = [
        Sentence(f"We promise that {slo.words}. Component {slo.component}, team {slo.team}."),
        Sentence(_verdict(promise), TONES[promise.verdict]),
        _facts(promise),
        pictures.days_of_one(report, promise, number),
        pictures.budget_of(report, promise, number),
        _budget(promise),
        *([] if report.over else [_forecast(promise)]),
        _worst(promise),
        *_parts(promise),
        *_expenses(report, promise),
        *_corrections(report, promise),
        _days(promise),
    ]
    return Section(f"promise-{number}", slo.name, tuple(blocks))


def _verdict(promise: PromiseAccount) -> str:
    whole, slo = promise.whole, promise.slo
    good = f"{figures.amount(whole.total - whole.bad)} of {figures.amount(whole.total)} events were good"
    seen = f"{figures.share(whole.known)} of the time was observed"
    match promise.verdict:
        case "kept":
            return f"{MARKS['kept']} Kept: {good}, {sli_of(whole)} where {slo.percent} was promised."
        case "missed":
            return f"{MARKS['missed']} Missed: {good}, {sli_of(whole)} where {slo.percent} was promised."
        case "no traffic":
            return f"{MARKS['no traffic']} No traffic: nothing came that could have been good or bad."
        case "taken out":
            return f"{MARKS['taken out']} Taken out: corrections cover the whole period."
        case "unknown" if whole.known == 0:
            return f"{MARKS['unknown']} Unknown: nothing was observed. That is not good, and not bad."
        case "unknown":
            return f"{MARKS['unknown']} Unknown: only {seen}. Of what was seen, {good}."


def _facts(promise: PromiseAccount) -> Facts:
    whole, before, slo = promise.whole, promise.before, promise.slo
    spent: Tone = "bad" if promise.verdict == "missed" else ""
    observed: Tone = "doubt" if whole.known < NEARLY_ALL else ""
    return Facts(
        (
            Fact("SLI", sli_of(whole), f"objective {slo.percent}", TONES[promise.verdict]),
            Fact("Budget left", left_of(whole), f"{spent_of(whole)} spent", spent),
            Fact("Period before", sli_of(before), _trend(whole, before)),
            Fact(
                "Days",
                f"{promise.count('missed')} missed",
                f"{promise.count('kept')} kept, {promise.count('unknown')} unknown",
            ),
            Fact("Observed", figures.share(whole.known), "of the time", observed),
        )
    )


def _trend(whole: Budget, before: Budget) -> str:
    if before.known == 0:
        return "nothing known of it"
    if whole.sli is None or before.sli is None:
        return "nothing to compare"
    return f"{figures.points(whole.sli - before.sli, whole.budget)} since"


def _budget(promise: PromiseAccount) -> Table:
    whole, before = promise.whole, promise.before
    minutes = promise.minutes
    known = whole.known > 0
    spent = minutes * promise.spent

    def row(name: str, events: float, length: timedelta, share: float) -> tuple[str, ...]:
        if not known:
            return (name, "unknown", figures.minutes(minutes) if name == "Total" else "unknown", "unknown")
        return (name, figures.amount(events), figures.minutes(length), figures.share(share))

    return Table(
        "Error budget",
        (
            Column("", wide=True),
            Column("Events", numeric=True),
            Column("Minutes", numeric=True),
            Column("Share", numeric=True),
        ),
        (
            row("Total", whole.allowed, minutes, 1.0),
            row("Spent", whole.bad, spent, promise.spent),
            row("Left", whole.allowed - whole.bad, minutes - spent, whole.remaining),
            (
                "Spent in the period before",
                figures.amount(before.bad) if before.known > 0 else "unknown",
                figures.minutes(_minutes_spent(before)) if before.known > 0 else "unknown",
                spent_of(before),
            ),
        ),
    )


def _forecast(promise: PromiseAccount) -> Sentence:
    found, window = promise.forecast, promise.slo.window_name
    if found is None or found.outlook is None or found.rate is None:
        return Sentence(f"Forecast: what becomes of the budget of {window} is unknown.", "doubt")
    gone = found.outlook.gone_in is not None
    pace = f"at the pace of the last {words(found.over)}, {rounded(found.rate)} times what the budget allows"
    return Sentence(f"Forecast: the budget of {window} {_verb(found.outlook)}. That is {pace}.", "bad" if gone else "")


def _verb(outlook: Outlook) -> str:
    """Return the words of an outlook after the budget that they are about."""
    return outlook.words if outlook.gone_in is None else f"is {outlook.words}"


def _minutes_spent(account: Budget) -> timedelta:
    return account.window * account.budget * (1 - account.remaining)


def _worst(promise: PromiseAccount) -> Block:
    if not promise.worst:
        return Sentence("No day had a bad event." if promise.whole.known > 0 else "No day was observed.", "quiet")
    return Table(
        "Worst days",
        (
            Column("Day", wide=True),
            Column("Bad events", numeric=True),
            Column("SLI", numeric=True),
            Column("Budget of the period", numeric=True),
        ),
        tuple(
            (
                figures.day(day.day),
                figures.amount(day.account.bad),
                sli_of(day.account),
                figures.share(promise.share(day.account.bad)),
            )
            for day in promise.worst
        ),
    )


def _parts(promise: PromiseAccount) -> list[Block]:
    if promise.parts is None:
        return [Sentence("It has more parts than could be counted over this period.", "quiet")]
    if not promise.parts:
        return []
    columns = (
        Column("Part", wide=True),
        Column("SLI", numeric=True),
        Column("Bad", numeric=True),
        Column("Events", numeric=True),
        Column("Own budget spent", numeric=True),
        Column("Observed", numeric=True),
    )
    rows = tuple(
        (
            ", ".join(f"{name}={value}" for name, value in part.labels),
            sli_of(part.account),
            figures.amount(part.account.bad),
            figures.amount(part.account.total),
            spent_of(part.account),
            figures.share(part.account.known),
        )
        for part in promise.parts
    )
    return [Table("Parts that failed most, as measured", columns, rows)]


def _expenses(report: Report, promise: PromiseAccount) -> list[Block]:
    if not promise.expenses:
        return [Sentence("No incident and no release is known in this period.", "quiet")]
    zone = report.period.zone
    rows = tuple(_expense(each, zone) for each in promise.expenses)
    columns = (
        Column("What"),
        Column("Title", wide=True),
        Column("From"),
        Column("Until"),
        Column("Bad events", numeric=True),
        Column("Budget", numeric=True),
    )
    table = Table("Incidents and releases", columns, rows)
    left_out = Sentence(f"{promise.unlisted} older ones are not listed.", "quiet")
    return [table, left_out] if promise.unlisted else [table]


def _expense(each: Spent, zone: str) -> tuple[str, ...]:
    occasion = each.occasion
    return (
        f"{occasion.priority} {occasion.kind}".strip(),
        f"{occasion.name}: {occasion.title}" if occasion.title else occasion.name,
        figures.moment(occasion.start, zone),
        figures.moment(occasion.end, zone) if occasion.end else "goes on",
        figures.amount(each.traffic.bad) if each.traffic.known > 0 else "unknown",
        figures.share(each.share) if each.traffic.known > 0 else "unknown",
    )


def _corrections(report: Report, promise: PromiseAccount) -> list[Block]:
    if not promise.corrections:
        return [Sentence("Nothing was taken out of this account.", "quiet")]
    zone = report.period.zone
    rows = tuple(_correction(each, zone) for each in promise.corrections)
    columns = (
        Column("Correction", wide=True),
        Column("Why", wide=True),
        Column("Who", wide=True),
        Column("Taken out", wide=True),
        Column("Bad events", numeric=True),
    )
    measured = promise.measured
    return [
        Table("Taken out of the account", columns, rows),
        Sentence(
            f"As it was measured, without corrections: SLI {sli_of(measured)}, "
            f"{figures.amount(measured.bad)} bad of {figures.amount(measured.total)} events, {spent_of(measured)} of "
            "the budget spent."
        ),
    ]


def _correction(each: Applied, zone: str) -> tuple[str, ...]:
    made = each.correction
    where = "in the spec" if made.source == "spec" else "told to the desk"
    shown = [f"{figures.moment(span.start, zone)} to {figures.moment(span.end, zone)}" for span in each.spans]
    more = f"; and {len(shown) - MOST_SPANS} more" if len(shown) > MOST_SPANS else ""
    return (
        f"{made.name} ({made.kind}, {where})",
        f"{made.why} ({made.reference})" if made.reference else made.why,
        f"{made.who}, until {figures.moment(made.until, zone)}",
        "; ".join(shown[:MOST_SPANS]) + more,
        figures.amount(each.excluded.bad),
    )


def _days(promise: PromiseAccount) -> Table:
    return Table(
        "Compliance by day",
        (
            Column("Day", wide=True),
            Column("Verdict"),
            Column("SLI", numeric=True),
            Column("Bad", numeric=True),
            Column("Events", numeric=True),
            Column("Budget", numeric=True),
            Column("Observed", numeric=True),
        ),
        tuple(
            (
                figures.day(day.day),
                f"{MARKS[day.verdict]} {day.verdict}{' *' if day.corrected else ''}",
                sli_of(day.account),
                figures.amount(day.account.bad) if day.account.known > 0 else "",
                figures.amount(day.account.total) if day.account.known > 0 else "",
                figures.share(promise.share(day.account.bad)) if day.account.known > 0 else "",
                figures.share(day.account.known),
            )
            for day in promise.days
        ),
        tuple(TONES[day.verdict] for day in promise.days),
        long=True,
    )

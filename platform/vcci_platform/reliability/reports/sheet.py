"""A report as CSV (RFC 4180), for spreadsheets: rows of promises, of days, and of what spent or changed an account."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from vcci_platform.reliability.reports.model import Report
from vcci_platform.reliability.reports.plain import one_line
from vcci_platform.reliability.reports.structured import to_data

__all__ = ["COLUMNS", "guarded", "to_csv"]

COLUMNS: tuple[str, ...] = (
    "row", "promise", "component", "team", "objective", "period", "day", "from", "to", "verdict", "corrected",
    "sli", "bad", "total", "observed", "budget_events", "budget_minutes", "spent", "left", "minutes_spent",
    "minutes_left", "period_budget_share", "name", "title", "who", "why", "until", "source", "self_reported",
    "forecast", "gone_in_minutes",
)  # fmt: skip
"""`row` is period, before, day, part, incident, release or correction; what a kind of row does not have is empty."""

FORMULAS = ("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
            "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip


def to_csv(report: Report) -> str:
    """Return the report as CSV; numbers are plain, texts cannot become formulas."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in _rows(to_data(report)):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    https://owasp.org/www-community/attacks/CSV_Injection

    >>> guarded("=cmd|'/c calc'!A1"), guarded("api-errors")
    ("'=cmd|'/c calc'!A1", 'api-errors')
    """
    plain = one_line(text)
    return f"'{plain}" if plain.startswith(FORMULAS) else plain


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return guarded(value)
        case _:
            return value


def _rows(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for promise in data["promises"]:
        common = {
            "promise": promise["name"],
            "component": promise["component"],
            "team": promise["team"],
            "objective": promise["objective"],
            "period": data["period"]["name"],
            "source": data["source"],
            "self_reported": data["self_reported"],
        }
        whole = {"from": data["period"]["from"], "to": data["until"], "verdict": promise["verdict"]}
        ahead = promise["forecast"] or {"words": "" if data["period"]["over"] else "unknown", "gone_in_minutes": None}
        told = {"forecast": ahead["words"], "gone_in_minutes": ahead["gone_in_minutes"]}
        yield {**common, "row": "period", **whole, **_account(promise["account"]), **told}
        yield {**common, "row": "before", "to": data["period"]["from"], **_account(promise["before"])}
        for day in promise["days"]:
            own = {name: day[name] for name in ("day", "from", "to", "verdict", "corrected", "period_budget_share")}
            yield {**common, "row": "day", **own, **_account(day)}
        for part in promise["parts"] or ():
            name = ", ".join(f"{label}={value}" for label, value in part["labels"].items())
            yield {**common, "row": "part", "from": whole["from"], "to": whole["to"], "name": name, **_account(part)}
        for each in promise["expenses"]:
            own = {name: each[name] for name in ("name", "title", "from", "to", "bad")}
            yield {**common, "row": each["kind"], **own, "period_budget_share": each["budget_share"]}
        for each in promise["corrections"]:
            own = {name: each[name] for name in ("name", "who", "why", "until", "bad", "total")}
            for span in each["spans"]:
                yield {**common, "row": "correction", "title": each["kind"], **own, **span}


def _account(account: Mapping[str, Any]) -> dict[str, Any]:
    budget = account["budget"]
    return {
        **{name: account[name] for name in ("sli", "bad", "total", "observed")},
        **{name: budget[name] for name in ("spent", "left", "minutes_spent", "minutes_left")},
        "budget_events": budget["events"],
        "budget_minutes": budget["minutes"],
    }

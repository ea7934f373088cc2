"""The backtest of a posted spec over a posted history."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from vcci_platform.engine.explaining import UnknownPromise
from vcci_platform.engine.model import Job
from vcci_platform.errors import PlatformError
from vcci_platform.reliability.history import Recorded, read_csv
from vcci_slo.backtest import Candidate, backtest, report_document, variant
from vcci_slo.plan import Plan, Slo
from vcci_slo.promql.durations import parse_duration
from vcci_slo.spec.document import Document
from vcci_slo.spec.section import nearest

__all__ = ["NotPossible", "judged"]

MOST_VARIANTS: Final = 10
_NAME: Final = Path("the history")
"""Beside the worker, in a folder that its parent takes away with it."""


class NotPossible(PlatformError):
    """What was asked for cannot be done with this spec and this history."""


def judged(document: Document, plan: Plan, job: Job) -> dict[str, Any]:
    """Return the report of a backtest, with where its history is from and which lines could not be used."""
    slo = _promise(plan, job.options.get("slo"))
    found = _recorded(job)
    wanted = [(kind, text) for kind in ("objective", "window", "policy") for text in job.options.get(kind, ())]
    if len(wanted) > MOST_VARIANTS:
        raise NotPossible(f"expected at most {MOST_VARIANTS} other forms of a promise, found {len(wanted)}")
    others = [Candidate(f"{kind} {text}", variant(document, slo, **{kind: text})) for kind, text in wanted]
    every = job.options.get("every")
    try:
        step = parse_duration(every) if every else None
    except ValueError as error:
        raise NotPossible(f"`every`: {error}") from None
    report = backtest(plan, slo, found.history, others, every=step)
    lines = [{"line": line.number, "reason": line.reason} for line in found.bad_lines]
    return {
        **report_document(report),
        "source_notes": list(found.notes),
        "lines_not_used": found.skipped,
        "lines": lines,
    }


def _promise(plan: Plan, name: str | None) -> Slo:
    names = [slo.name for slo in plan.slos]
    if name is None and len(names) == 1:
        return plan.slos[0]
    if name not in names:
        hint = nearest(name or "", names)
        told = ", ".join(names[:20]) or "none"
        meant = f"; did you mean {hint}?" if hint else ""
        raise UnknownPromise(
            f"expected `slo`, one of the promises of the spec ({told}), found {name or 'nothing'}{meant}"
        )
    return plan.slo(name or "")


def _recorded(job: Job) -> Recorded:
    text = _table(job.history) if job.options.get("history_json") else job.history
    _NAME.write_text(text, encoding="utf-8")
    return read_csv(_NAME)


def _table(text: str) -> str:
    """Return rows of JSON as the table that the reader of histories takes."""
    try:
        rows = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise NotPossible(f"expected a history of JSON rows, found {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise NotPossible("expected a history as a list of rows with time, total and either bad or good")
    columns = [name for name in ("time", "bad", "good", "total") if any(name in row for row in rows)]
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(columns)
    writer.writerows([row.get(name, "") for name in columns] for row in rows)
    return table.getvalue()

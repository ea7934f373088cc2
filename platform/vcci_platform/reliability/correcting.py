"""What people do to corrections, over the API and in the console alike: take time out of accounts, and put it back."""

from __future__ import annotations

from datetime import datetime

from vcci_platform.problems import Problem
from vcci_platform.reliability.corrections import CorrectionBook, Kept, Line, NoSuchCorrection, WrongCorrection
from vcci_platform.telemetry import logs
from vcci_slo.spec.accounting import CorrectionSpec

__all__ = ["put_back", "take_out"]

log = logs.get(__name__)


def take_out(book: CorrectionBook, written: CorrectionSpec, now: datetime, delivery_key: str | None = None) -> Kept:
    """Write a correction down, once for each delivery key; refuse with 422 what it cannot be, field by field."""
    try:
        kept = book.add(written, now, delivery_key)
    except WrongCorrection as error:
        raise _refused(error) from None
    made = kept.correction
    log.info("correction_added", correction=made.name, kind=made.kind, slos=len(made.slos))
    return kept


def put_back(book: CorrectionBook, name: str, *, who: str, why: str, now: datetime) -> Kept:
    """Let a correction count no more; refuse with 404 one that nobody knows, and with 409 one of the spec."""
    try:
        kept = book.withdraw(name, Line(now, "withdrawn", who, why))
    except NoSuchCorrection as error:
        raise Problem(status=404, code="correction-not-found", detail=str(error)) from None
    except WrongCorrection as error:
        detail = f"{name} stands in the spec: change it there."
        raise Problem(status=409, code="stands-in-the-spec", detail=detail) from error
    log.info("correction_withdrawn", correction=name)
    return kept


def _refused(error: WrongCorrection) -> Problem:
    errors = [
        {"field": f"body.{key}" if key else "body", "reason": f"expected {expected}, found {found}"}
        for key, expected, found in error.errors
    ]
    detail = "The correction cannot be made; see errors."
    return Problem(status=422, code="invalid-correction", detail=detail, errors=errors)

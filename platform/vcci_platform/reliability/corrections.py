"""Corrections that people made: those of the spec, which stand in Git, and those that were told to the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from vcci_platform.errors import PlatformError
from vcci_platform.reliability import tables
from vcci_platform.storage.database import Database
from vcci_platform.storage.ids import new_id
from vcci_slo import Plan
from vcci_slo.corrections import spans_of
from vcci_slo.plan import Correction, Slo
from vcci_slo.promql.durations import promql_duration
from vcci_slo.resolve.accounting import correction_of
from vcci_slo.spec.accounting import CorrectionSpec
from vcci_slo.spec.section import nearest
from vcci_slo.windows import Span

__all__ = ["CorrectionBook", "Kept", "Line", "NoSuchCorrection", "Witness", "WrongCorrection"]


class WrongCorrection(PlatformError):
    """A correction that cannot be made: `errors` are (key, expected, found)."""

    exit_code = 2

    def __init__(self, errors: Sequence[tuple[str, str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{key}: expected {expected}, found {found}" for key, expected, found in errors))


class NoSuchCorrection(PlatformError):
    """No correction of the desk has that name."""

    exit_code = 2


@dataclass(frozen=True)
class Line:
    """One line of the history: who changed what about a correction, when, and why."""

    at: datetime
    action: str
    who: str
    why: str


@dataclass(frozen=True)
class Kept:
    """A correction, and whether it still counts. Of those in the spec, Git has the history."""

    correction: Correction
    created_at: datetime | None = None
    withdrawn_at: datetime | None = None


Witness = Callable[[Connection, str, Line], None]
"""Hears of each line of the history, by the name of its correction, in the transaction that writes it."""


def _nobody(_connection: Connection, _name: str, _line: Line) -> None:
    """Hear nothing."""


class CorrectionBook:
    """Every correction. What is written in it changes accounts from then on, also those of the past; never alerts.

    The `witness` hears of each change: the desk's audit log does.
    """

    def __init__(self, plan: Plan, database: Database) -> None:
        self._plan = plan
        self._database = database
        self.witness: Witness = _nobody

    @property
    def plan(self) -> Plan:
        """The plan whose promises can be corrected."""
        return self._plan

    def all(self) -> tuple[Kept, ...]:
        """Return those of the spec in its order, then those of the desk, the newest first, with what was withdrawn."""
        table = tables.correction
        with self._database.read() as connection:
            rows = connection.execute(select(table).order_by(table.c.id.desc())).all()
        return (*(Kept(found) for found in self._plan.corrections), *(self._of_row(row) for row in rows))

    def standing(self) -> tuple[Correction, ...]:
        """Return the corrections that count."""
        return tuple(found.correction for found in self.all() if found.withdrawn_at is None)

    def told(self) -> tuple[Correction, ...]:
        """Return those of them that were told to the desk: the plan has the others."""
        return tuple(found for found in self.standing() if found.source == "desk")

    def spans(self, slo: Slo, window: Span) -> tuple[Span, ...]:
        """Return the time of a window that does not count for a promise."""
        return spans_of(self.standing(), slo.name, window)

    def find(self, name: str) -> tuple[Kept, tuple[Line, ...]]:
        """Return a correction and its history; raises NoSuchCorrection."""
        known = {found.correction.name: found for found in self.all()}
        if name not in known:
            raise _unknown(name)
        table = tables.correction_history
        with self._database.read() as connection:
            query = select(table).where(table.c.correction_id == name).order_by(table.c.id)
            lines = tuple(Line(row.at, row.action, row.who, row.why) for row in connection.execute(query))
        return known[name], lines

    def withdrawals(self) -> dict[str, Line]:
        """Return who withdrew each correction that was withdrawn, when and why."""
        table = tables.correction_history
        with self._database.read() as connection:
            rows = connection.execute(select(table).where(table.c.action == "withdrawn")).all()
        return {row.correction_id: Line(row.at, row.action, row.who, row.why) for row in rows}

    def add(self, written: CorrectionSpec, now: datetime, delivery_key: str | None = None) -> Kept:
        """Write a correction down, once for each delivery key; raises WrongCorrection with everything that is wrong."""
        name = new_id("cor")
        correction, wrong = correction_of(name, written, self._plan.slos, self._plan.calendar.timezone, source="desk")
        wrong = [*self._strange(written), *wrong]
        if wrong or correction is None:
            raise WrongCorrection(wrong)
        try:
            with self._database.write() as connection:
                values = {"id": name, "content": _document(written), "created_at": now, "delivery_key": delivery_key}
                connection.execute(insert(tables.correction).values(**values))
                self._note(connection, name, Line(now, "added", written.who, written.why))
        except IntegrityError:
            return self._delivered(delivery_key, written)
        return Kept(correction, now)

    def withdraw(self, name: str, line: Line) -> Kept:
        """Let a correction of the desk count no more; who has done so before changes nothing.

        Raises NoSuchCorrection, and WrongCorrection for one that stands in the spec.
        """
        table = tables.correction
        if any(found.name == name for found in self._plan.corrections):
            raise WrongCorrection([("name", "a correction of the desk", f"{name}, which stands in the spec")])
        with self._database.write() as connection:
            change = update(table).where(table.c.id == name, table.c.withdrawn_at.is_(None))
            if connection.execute(change.values(withdrawn_at=line.at)).rowcount:
                self._note(connection, name, line)
            row = connection.execute(select(table).where(table.c.id == name)).first()
        if row is None:
            raise _unknown(name)
        return self._of_row(row)

    def _note(self, connection: Connection, name: str, line: Line) -> None:
        connection.execute(insert(tables.correction_history).values(correction_id=name, **vars(line)))
        self.witness(connection, name, line)

    def _strange(self, written: CorrectionSpec) -> list[tuple[str, str, str]]:
        slos = [name for slo in self._plan.slos for name in (slo.name, slo.declared)]
        components = [component.name for component in self._plan.components]
        found: list[tuple[str, str, str]] = []
        for key, kind, names, known in (
            ("slos", "promise", written.slos, slos),
            ("components", "component", written.components, components),
        ):
            for name in names:
                if name not in known:
                    meant = nearest(name, known)
                    found.append(
                        (key, f"the name of a {kind}", repr(name) + (f"; did you mean {meant}?" if meant else ""))
                    )
        return found

    def _delivered(self, delivery_key: str | None, written: CorrectionSpec) -> Kept:
        table = tables.correction
        with self._database.read() as connection:
            row = connection.execute(select(table).where(table.c.delivery_key == delivery_key)).one()
        if row.content != _document(written):
            found = f"{delivery_key}, which said something else before"
            raise WrongCorrection([("Idempotency-Key", "a key of its own for each correction", found)])
        return self._of_row(row)

    def _of_row(self, row: Any) -> Kept:
        written = CorrectionSpec.model_validate(row.content)
        correction, _ = correction_of(row.id, written, self._plan.slos, self._plan.calendar.timezone, source="desk")
        assert correction is not None  # noqa: S101 - it was checked before it was written down
        return Kept(correction, row.created_at, row.withdrawn_at)


def _unknown(name: str) -> NoSuchCorrection:
    return NoSuchCorrection(f"There is no correction called {name!r}.")


def _document(written: CorrectionSpec) -> dict[str, Any]:
    """Return what was written in the words of the spec, with each moment as it was written."""
    found: dict[str, Any] = {
        "kind": written.kind,
        "slos": written.slos,
        "components": written.components,
        "from": written.start.text,
        "until": written.until.text,
        "zone": written.zone,
        "repeats": written.repeats,
        "lasts": promql_duration(written.lasts) if written.lasts else None,
        "except": [moment.text for moment in written.skipped],
        "reference": written.reference,
        "who": written.who,
        "why": written.why,
    }
    return {key: value for key, value in found.items() if value not in (None, [])}

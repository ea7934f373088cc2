"""What PagerDuty said about who is on call, kept in the desk's store: a restart while it is away forgets nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from vcci_platform.incidents import tables
from vcci_platform.incidents.oncall.memory import Answer
from vcci_platform.incidents.vendors.pagerduty_rest import OnCallNow
from vcci_platform.storage.database import Database
from vcci_platform.telemetry import logs

__all__ = ["RosterShelf"]

FORGOTTEN_AFTER: Final = timedelta(days=90)
"""PagerDuty tells shifts no further ahead, so that an older answer speaks of nothing that is to come."""

_answers = tables.roster_answer
log = logs.get(__name__)


class RosterShelf:
    """The answers of the schedules that the environment names now: `given` are their ids by variable.

    An answer belongs to the schedule and not to the variable, which may name another one after a restart. A store that
    is away costs the memory and not the answer: nobody is kept from seeing who is on call.
    """

    def __init__(self, database: Database, given: Mapping[str, str]) -> None:
        self._database = database
        self._given = dict(given)

    def load(self) -> tuple[Answer, ...]:
        """Return what is kept, the newest first."""
        query = (
            select(_answers).where(_answers.c.schedule.in_(self._given.values())).order_by(_answers.c.told_at.desc())
        )
        try:
            with self._database.read() as connection:
                rows = connection.execute(query).mappings().all()
        except SQLAlchemyError as error:
            log.warning("roster_not_remembered", error=type(error).__name__)
            return ()
        return tuple(
            Answer(variable, row["since"], row["until"], tuple(map(_on_call, row["duties"])), row["told_at"])
            for row in rows
            for variable, schedule in self._given.items()
            if schedule == row["schedule"]
        )

    def keep(self, answer: Answer) -> None:
        """Keep an answer in place of those that it makes needless, and of those that are too old to matter."""
        schedule = self._given.get(answer.variable)
        if schedule is None:
            return
        row = {
            "schedule": schedule,
            "since": answer.since,
            "until": answer.until,
            "told_at": answer.at,
            "duties": [_document(one) for one in answer.rows],
        }
        needless = and_(
            _answers.c.schedule == schedule, _answers.c.since >= answer.since, _answers.c.until <= answer.until
        )
        try:
            with self._database.write() as connection:
                connection.execute(
                    delete(_answers).where(needless | (_answers.c.told_at < answer.at - FORGOTTEN_AFTER))
                )
                connection.execute(insert(_answers).values(row))
        except SQLAlchemyError as error:
            log.warning("roster_not_kept", error=type(error).__name__)


def _document(one: OnCallNow) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(one).items()}


def _on_call(document: Mapping[str, Any]) -> OnCallNow:
    told: dict[str, Any] = {**document, "start": _moment(document["start"]), "end": _moment(document["end"])}
    return OnCallNow(**told)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None

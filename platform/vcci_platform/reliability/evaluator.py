"""The evaluator: judges every condition after each look, remembers what it found, and announces what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete, insert, select, update

from vcci_platform.reliability import tables
from vcci_platform.reliability.conditions import Judge
from vcci_platform.reliability.recorder import Observation
from vcci_platform.reliability.store import IncrementStore
from vcci_platform.reliability.verdicts import Condition, Verdict, follow
from vcci_platform.storage.database import Database
from vcci_platform.telemetry import logs

__all__ = ["Evaluator", "Finding"]

log = logs.get(__name__)


@dataclass(frozen=True)
class Finding:
    """A condition together with what has become of it: what an incident desk needs to hear."""

    condition: Condition
    verdict: Verdict


class Evaluator:
    """Rounds of judging. `announce` tells the desk; a finding counts as told only after it returned."""

    def __init__(
        self,
        judge: Judge,
        store: IncrementStore,
        database: Database,
        announce: Callable[[Sequence[Finding]], object],
    ) -> None:
        self._judge = judge
        self._store = store
        self._database = database
        self._announce = announce
        self._verdicts: dict[str, Verdict] | None = None
        self._seen: dict[str, Condition] = {}

    def round(self, seen: Observation) -> tuple[Finding, ...]:
        """Judge, remember, announce; return what was announced.

        The verdict is kept before it is announced, and marked as announced after: a crash in between repeats the
        announcement, which says the same as before.
        """
        before = self._known()
        conditions = {
            found.key: found
            for found in self._judge.conditions(seen, self._store.traffic, self._store.last_end, self._store.groups)
        }
        self._seen = {**self._seen, **conditions}
        followed = {key: follow(before.get(key), found, seen.at) for key, found in conditions.items()}
        self._keep({key: verdict for key, verdict in followed.items() if verdict != before.get(key)})
        news = tuple(
            Finding(conditions[key], verdict)
            for key, verdict in followed.items()
            if verdict is not None and verdict.fired_at is not None and not verdict.announced
        )
        if news:
            self._announce(news)
            self._keep({found.condition.key: replace(found.verdict, announced=True) for found in news})
            for found in news:
                log.info("verdict_announced", key=found.condition.key, state=found.verdict.state)
        return news

    def active(self) -> tuple[Finding, ...]:
        """Return what is pending or firing now, the worst first."""
        found = [
            Finding(self._seen[key], verdict)
            for key, verdict in self._known().items()
            if verdict.state != "over" and key in self._seen
        ]
        return tuple(sorted(found, key=lambda item: (item.verdict.state, item.condition.priority, item.verdict.since)))

    def _keep(self, verdicts: Mapping[str, Verdict | None]) -> None:
        if not verdicts:
            return
        with self._database.write() as connection:
            for key, verdict in verdicts.items():
                if verdict is None:
                    connection.execute(delete(tables.verdict).where(tables.verdict.c.key == key))
                    continue
                values = {
                    "since": verdict.since,
                    "last_true": verdict.last_true,
                    "fired_at": verdict.fired_at,
                    "over_at": verdict.over_at,
                    "announced": verdict.announced,
                    "labels": dict(verdict.labels),
                    "summary": verdict.summary,
                }
                changed = connection.execute(update(tables.verdict).where(tables.verdict.c.key == key).values(values))
                if not changed.rowcount:
                    connection.execute(insert(tables.verdict).values(key=key, **values))
        known = self._known()
        for key, verdict in verdicts.items():
            if verdict is None:
                known.pop(key, None)
            else:
                known[key] = verdict

    def _known(self) -> dict[str, Verdict]:
        """Return the verdicts; those of a process before this one are read at the first call."""
        if self._verdicts is None:
            self._verdicts = self._remembered()
        return self._verdicts

    def _remembered(self) -> dict[str, Verdict]:
        with self._database.read() as connection:
            rows = connection.execute(select(tables.verdict)).all()
        return {
            row.key: Verdict(
                row.key, row.since, row.last_true, row.fired_at, row.over_at, row.announced, row.labels, row.summary
            )
            for row in rows
        }

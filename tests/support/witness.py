"""Someone who sees what a test says, in the place of Prometheus or the desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from vcci_platform.live.expressions import Clause
from vcci_platform.live.eyes import Active, Reading, Subject
from vcci_platform.reliability.sources import Point
from vcci_slo.burn import Traffic
from vcci_slo.plan import Slo

__all__ = ["NOW", "Witness", "active"]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Witness:
    """Someone who sees what a test says: values by a part of the expression, what fires, and traffic in steps."""

    values: dict[str, float] = field(default_factory=dict)
    fires: tuple[Active, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    knows: bool = True
    unjudged: str = ""
    name: str = "the witness"
    inhibits: bool = True

    def active(self) -> tuple[Active, ...]:
        return self.fires

    def tells(self, subject: Subject | None) -> bool:
        return self.knows or subject is not None

    def reading(self, clause: Clause, subject: Subject | None, of: Mapping[str, str]) -> Reading | None:
        found = [value for part, value in self.values.items() if part in clause.expression]
        return Reading(found[0], {}, 1) if found else None

    def history(
        self, slo: Slo, length: timedelta, steps: int, now: datetime, of: Mapping[str, str]
    ) -> tuple[Point, ...]:
        step = length / steps
        each = (
            tuple(self.traffic[(index + 1) * len(self.traffic) // steps - 1] for index in range(steps))
            if self.traffic
            else ()
        )
        return tuple(Point(now - length + (index + 1) * step, one) for index, one in enumerate(each))

    def not_judged(self, alert: str) -> str:
        return self.unjudged


def active(alert: str, state: str = "firing", **labels: str) -> Active:
    """Return an alert that has been so for ten minutes."""
    given = {"alertname": alert, "component": "api", "system": "shop", "team": "crew", **labels}
    return Active(alert, state, given, NOW - timedelta(minutes=10), "it is bad")

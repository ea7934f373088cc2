"""What people report, over HTTP or by the form: within a rate, in their own name, and each report once."""

from __future__ import annotations

from math import ceil
from threading import Lock
from uuid import uuid4

from vcci_platform.incidents.access import Actor, Rank, takes
from vcci_platform.incidents.acts import key_reused
from vcci_platform.incidents.model import Incident
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.requests import ReportRequest
from vcci_platform.incidents.tasks import Desk, KeyReused, UnknownIncident
from vcci_platform.incidents.vendors.pace import OwnPace, Rate
from vcci_platform.problems import Problem

__all__ = ["REPORTS_PER_MINUTE", "Reports"]

REPORTS_PER_MINUTE = 10
"""A report wakes people. Nobody has more to tell by hand; a program that does is stuck in a loop."""

MOST_REPORTERS = 1000


class Reports:
    """Takes reports for one desk. Raises `Problem` for what is refused, with the reason."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = Lock()
        self._paces: dict[str, OwnPace] = {}

    def take(self, asked: ReportRequest, actor: Actor, key: str | None = None) -> Incident:
        """Open an incident for what somebody reports, or add to the open one of that system, and page.

        The same report under the same key again changes nothing, and returns the incident that the first one reached.
        """
        takes(actor, Rank.RESPONDER)
        by = actor.named(asked.by)
        self._keep_pace(by)
        try:
            told = Report(by=by, **asked.model_dump(exclude={"by"}))
            return self._desk.report(told, key or uuid4().hex)
        except KeyReused as error:
            raise key_reused() from error
        except UnknownIncident as error:
            detail = "The report is stored, but there is no incident for it yet; see /v1/incidents in a moment."
            raise Problem(status=503, code="not-understood-yet", detail=detail) from error

    def _keep_pace(self, by: str) -> None:
        with self._lock:
            if by not in self._paces and len(self._paces) >= MOST_REPORTERS:
                self._paces.pop(next(iter(self._paces)))
            pace = self._paces.setdefault(by, OwnPace(Rate(by, REPORTS_PER_MINUTE), self._desk.clock))
            if not (wait := pace.take().wait):
                return
        detail = f"{by} has reported {REPORTS_PER_MINUTE} times within a minute: write notes instead."
        headers = {"Retry-After": str(ceil(wait.total_seconds()))}
        raise Problem(status=429, code="too-many-reports", detail=detail, headers=headers)

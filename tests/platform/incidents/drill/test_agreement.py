"""What is foreseen is what a desk does: both at the same minute, through the same channel, in the same words."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from vcci_platform.incidents import tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.drill.foresight import AHEAD, CHANNELS, INCIDENT, ITSELF, REMINDER, alert_of, foresee
from vcci_platform.incidents.model import Action, Alert, Priority
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.ports import Delivered, Letter, Outcome
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import NINE
from vcci_platform.shipped import shipped
from vcci_platform.specs import plan_of
from vcci_slo import Plan

if TYPE_CHECKING:
    from conftest import Office

MINUTE = timedelta(minutes=1)
OUR_OWN = {INCIDENT, ITSELF, AHEAD}
"""What nobody is told of: the incident's own moves, what PagerDuty does by itself, and what comes later."""


class Everywhere:
    """A mail server and PagerDuty's REST API that take everything."""

    def send(self, letter: Letter) -> Outcome:
        return Delivered({"letter": letter.id})

    def join_under(self, key: str, policy: str, message: str) -> Outcome:
        return Delivered({"key": key, "policy": policy})

    def escalate_under(self, key: str, level: int, *, asked_at: datetime | None = None, handed_on: int = 0) -> Outcome:
        return Delivered({"key": key, "level": level})

    def rename_under(self, key: str, title: str) -> Outcome:
        return Delivered({"key": key, "title": title})


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(shipped("spec"))


@pytest.mark.parametrize(
    ("priority", "minutes", "acknowledged", "over"),
    [
        (Priority.P0, 95, None, None),
        (Priority.P0, 95, 4, 40),
        (Priority.P1, 130, 7, None),
        (Priority.P2, 9 * 60, None, None),
    ],
)
def test_what_is_foreseen_is_what_a_desk_does(
    office: Office, plan: Plan, priority: Priority, minutes: int, acknowledged: int | None, over: int | None
) -> None:
    _with_every_way(office, plan)
    alert = _alert(plan, priority)

    seen = foresee(plan, priority, minutes * MINUTE, acknowledged=_span(acknowledged), over=_span(over), at=NINE)
    _live(office, alert, minutes, acknowledged, over)

    told = Counter((one.after / MINUTE, one.channel, one.what) for one in seen.happenings if one.channel not in OUR_OWN)
    assert told == _told(office)
    assert len(told) > 5


def _with_every_way(office: Office, plan: Plan) -> None:
    """Give the office the shipped rules and every way to the outside; its clock goes from minute to minute."""
    rules = IncidentPolicy.from_plan(plan)
    office.desk = Desk(office.desk.database, _every_way(rules), office.clock, office.metrics)
    vendors, rest = office.vendors, Everywhere()
    office.dispatcher = Dispatcher(
        office.desk, vendors, vendors, vendors, mailer=rest, responders=rest, second_pager=vendors, random=Random(11)
    )


def _every_way(rules: IncidentPolicy) -> IncidentPolicy:
    return replace(rules, channels=frozenset(target.value for target in Target))


def _alert(plan: Plan, priority: Priority) -> Alert:
    planned = alert_of(plan, priority)
    assert planned is not None
    return Alert(
        fingerprint="fp-11",
        name=planned.name,
        resolved=False,
        priority=priority,
        system=planned.system,
        starts_at=NINE,
        component=planned.component,
    )


def _live(office: Office, alert: Alert, minutes: int, acknowledged: int | None, over: int | None) -> None:
    office.hears(alert)
    for minute in range(1, minutes + 1):
        office.pass_time(1)
        if minute == over:
            office.hears(replace(alert, resolved=True, ends_at=office.clock.now()))
        if minute == acknowledged:
            office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="the engineer on call")
            office.work()


def _told(office: Office) -> Counter[tuple[float, str, str]]:
    with office.desk.database.read() as connection:
        rows = connection.execute(select(tables.outbox).where(tables.outbox.c.state == "delivered")).all()
    return Counter(((row.ended_at - NINE) / MINUTE, _channel(row), _words(row)) for row in rows)


def _channel(row: Any) -> str:
    return REMINDER if row.kind == Kind.PROMPT else CHANNELS[Target(row.target)]


def _words(row: Any) -> str:
    match row.kind:
        case Kind.TRIGGER:
            return f"page: {row.body['summary']}"
        case Kind.ACKNOWLEDGE | Kind.RESOLVE:
            return f"the page is {row.kind}d"
        case Kind.ESCALATE:
            return f"the open page is handed on: {row.body['why']}"
        case Kind.SHOW:
            return f"{row.body['status']}: {row.body['body']}"
        case Kind.MAIL:
            return str(row.body["subject"])
        case _:
            return str(row.body["text"])


def _span(minutes: int | None) -> timedelta | None:
    return None if minutes is None else minutes * MINUTE

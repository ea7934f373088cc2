"""A spec with people and a rota, an account in memory, and how the one is brought into the other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from support.pagerduty_account import PagerDutyAccount
from vcci_alerts.pagerduty import Wanted, wanted
from vcci_platform.incidents.oncall.account import read_account
from vcci_platform.incidents.oncall.applying import Applied, apply
from vcci_platform.incidents.oncall.difference import Change, Difference, difference, known_ids
from vcci_slo.testing import a_plan

__all__ = ["MAILS", "NOW", "PEOPLE", "account_with", "carry_out", "look", "said", "spec"]

NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)
PEOPLE: dict[str, Any] = {
    "metadata__title": "Shop",
    "links__desk": "https://desk.shop.example",
    "contacts": {"boss": {"mail": "Boss@shop.example"}, "owner": {"mail": "owner@shop.example"}},
    "on_call": {
        "crew": {
            "shift": "1w",
            "starts": "2026-03-09",
            "primary": {"members": ["ada@shop.example", "grace@shop.example"]},
            "secondary": {"pagerduty_schedule": "$PD_SECONDARY"},
        }
    },
    "escalation": {
        "levels": {"1": ["crew.primary"], "2": ["crew.secondary", "boss"], "3": ["owner"]},
        "unacknowledged": {"P0": {"5m": 2, "15m": 3}, "P1": {"15m": 2}},
    },
}
MAILS = ("ada@shop.example", "grace@shop.example", "boss@shop.example", "owner@shop.example")


def spec(**changes: Any) -> Wanted:
    found = wanted(a_plan(**PEOPLE | changes))
    assert found is not None
    return found


def account_with(*mails: str, **options: Any) -> tuple[PagerDutyAccount, dict[str, str]]:
    account = PagerDutyAccount(*(mails or MAILS), **options)
    made = account.add("schedules", {"name": "Secondary", "time_zone": "America/New_York", "schedule_layers": []})
    return account, {"$PD_SECONDARY": made}


def look(account: PagerDutyAccount, wish: Wanted, given: dict[str, str], *, adopt: bool = False) -> Difference:
    return difference(wish, read_account(account.connection(), wish, given, "", NOW), given, adopt=adopt)


def carry_out(account: PagerDutyAccount, wish: Wanted, given: dict[str, str], *, adopt: bool = False) -> Applied:
    connection = account.connection()
    known = read_account(connection, wish, given, "", NOW)
    found = difference(wish, known, given, adopt=adopt)
    assert found.obstacles == ()
    return apply(connection, wish, known, found, known_ids(wish, known, given, adopt=adopt), NOW)


def said(changes: tuple[Change, ...]) -> list[str]:
    return [f"{change.action} {change.kind} {change.name}" for change in changes]

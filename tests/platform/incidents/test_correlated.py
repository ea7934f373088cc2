"""An incident that several labels correlate is measured by the systems of its alerts.

It used to be compared with the promises by its own name, which no promise has: it looked unmeasured, resolved without
its SLI being good, and its cost stood in no account.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from vcci_platform.incidents import queries
from vcci_platform.incidents.model import Recovery, State
from vcci_platform.incidents.testing import NINE, alert
from vcci_slo.plan.incidents import Correlation

if TYPE_CHECKING:
    from conftest import Office

BOTH = {"region": "eu", "crew": "blue"}
OVER = NINE + timedelta(minutes=7)


@dataclass
class Measured:
    """Promises about the shop alone, whose verdict a test turns."""

    verdict: Recovery
    asked: set[frozenset[str]] = field(default_factory=set[frozenset[str]])

    def recovery(self, systems: frozenset[str], since: datetime, until: datetime) -> Recovery:
        assert since < until
        self.asked.add(systems)
        return self.verdict if "shop" in systems else Recovery.UNMEASURED


@pytest.fixture
def correlated(either_office: Office) -> Office:
    """A desk that knows incidents by region and crew, and heard of two systems in one of them."""
    office = either_office
    rule = Correlation(match=(("region", ".+"),), by=("region", "crew"))
    office.desk.rules = replace(office.desk.rules, correlate=(rule,))
    office.hears(alert("ShopErrors", system="shop", labels=BOTH), alert("DepotErrors", system="depot", labels=BOTH))
    return office


def test_it_resolves_when_the_promises_of_its_systems_are_kept_again(correlated: Office) -> None:
    office = correlated
    office.desk.objectives = measured = Measured(Recovery.BAD)
    for name, system in (("ShopErrors", "shop"), ("DepotErrors", "depot")):
        office.hears(alert(name, system=system, labels=BOTH, resolved=True, ends_at=OVER))

    office.pass_time(20)

    assert measured.asked == {frozenset({"region=eu, crew=blue", "shop", "depot"})}
    assert office.incident.state is State.MONITORING
    measured.verdict = Recovery.GOOD
    office.pass_time(20)
    assert office.incident.state is State.RESOLVED


def test_it_stands_in_the_account_of_each_of_its_systems(correlated: Office) -> None:
    office = correlated
    with office.desk.database.read() as connection:
        found = {system: queries.touching(connection, system, NINE, OVER) for system in ("shop", "depot", "bakery")}

    assert [incident.id for incident in found["shop"]] == [office.incident.id]
    assert found["depot"] == found["shop"]
    assert found["bakery"] == ()

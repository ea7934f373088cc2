"""The share of tenants that is affected, beside what the policy asks for before the public is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from vcci_platform.incidents import commands
from vcci_platform.incidents.context.gather import Gatherer
from vcci_platform.incidents.context.model import Context, Fact, Question, Section
from vcci_platform.incidents.context.reach import reach_words
from vcci_platform.incidents.context.tasks import Onlooker
from vcci_platform.incidents.drafts import draft_of
from vcci_platform.incidents.model import Priority, Publication
from vcci_platform.incidents.tenants import Affected, AffectedTenant
from vcci_platform.incidents.testing import NINE, alert, manual_policy
from vcci_platform.wiring.affected import ServiceTenants
from vcci_platform.wiring.gathering import _Tenants

if TYPE_CHECKING:
    from conftest import Office

RULES = manual_policy()[Priority.P1]
ASKED = "the policy asks for more than 5 %"


def counted(touched: int = 3, registered: int = 25, **values: Any) -> Affected:
    known: dict[str, Any] = {"known": 1.0, "registered": registered, **values}
    return Affected(**known, tenants=tuple(AffectedTenant(f"t{n}", f"Acme {n}", 9, 1) for n in range(touched)))


class Counts(ServiceTenants):
    """A service that has counted already."""

    def __init__(self, found: Affected) -> None:
        object.__setattr__(self, "found", found)
        object.__setattr__(self, "systems", frozenset({"vcci"}))

    def __call__(self, *_: Any) -> Affected:
        found: Affected = self.__dict__["found"]
        return found


def nothing_labelled(_: Question) -> tuple[Fact, ...]:
    return ()


def looked_up(office: Office, found: Affected) -> None:
    Onlooker(office.desk, Gatherer({"tenants": _Tenants(Counts(found), nothing_labelled)}, seconds=30)).round()
    office.work()


def weighed(found: Affected) -> str:
    data = {"known": found.known, "untold": found.untold, "registered": found.registered, "affected": found.touched}
    span = {"start": (NINE - timedelta(minutes=5)).isoformat(), "end": (NINE + timedelta(minutes=25)).isoformat()}
    section = Section("tenants", (Fact(found.words, data={**data, **span}, restricted=found.names),))
    return reach_words(Context(NINE, (section,)), RULES)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (counted(3), "12 % of tenants (3 of 25) were affected between 08:55 and 09:25 UTC; {}: it says to publish."),
        (counted(0), "0 % of tenants (0 of 25) were affected between 08:55 and 09:25 UTC; {}: that is below."),
        (counted(1, 20), "5 % of tenants (1 of 20) were affected between 08:55 and 09:25 UTC; {}: that is below."),
        (
            counted(1, 40, known=0.5, untold=7),
            (
                "2.5 % of tenants (1 of 40) were affected between 08:55 and 09:25 UTC; {}: that is below, "
                "but only 50% of this time was counted and 7 bad requests have no known tenant."
            ),
        ),
    ],
)
def test_the_share_is_set_beside_the_one_that_the_policy_asks_for(found: Affected, verdict: str) -> None:
    assert weighed(found) == verdict.format(ASKED)


def test_what_nobody_counted_is_unknown_and_not_small() -> None:
    missing = Context(NINE, (Section("tenants", missing="the service does not answer"),))

    assert reach_words(None, RULES) == f"How many tenants are affected is not counted yet; {ASKED}."
    assert reach_words(missing, RULES) == (
        f"How many tenants are affected is unknown (the service does not answer); {ASKED}."
    )
    assert "is unknown (nobody counts all tenants)" in reach_words(Context(NINE, ()), RULES)
    assert "is unknown" in weighed(counted(0, 0))
    assert reach_words(missing, replace(RULES, users_above=None)) == ""


def test_the_commander_reads_the_share_in_the_chat_and_in_the_draft_without_names(office: Office) -> None:
    """A P1 always said "if more than 5 % of the users are affected", and nobody measured it."""
    office.hears(alert(priority=Priority.P1))
    looked_up(office, counted(3))

    said = [message.text for message in office.vendors.messages]
    assert [text for text in said if "12 % of tenants (3 of 25)" in text and "it says to publish" in text]
    assert not [text for text in said if "Acme" in text]
    assert office.incident.publication is Publication.PROPOSED, "the commander still decides"
    with office.desk.database.read() as connection:
        draft = draft_of(connection, office.incident, office.desk.rules, office.clock.now())
    assert draft is not None
    assert draft.reach.startswith("12 % of tenants (3 of 25)")
    assert "Acme" not in draft.reach
    assert "tenants" not in draft.body


def test_what_the_service_cannot_say_is_told_as_unknown(office: Office) -> None:
    office.hears(alert(priority=Priority.P1))
    looked_up(office, Affected(unknown="the service does not answer"))

    assert [
        message.text
        for message in office.vendors.messages
        if f"unknown (the service does not answer); {ASKED}" in message.text
    ]


def test_a_proposal_that_comes_later_has_the_count_that_is_known(office: Office) -> None:
    office.hears(alert(priority=Priority.P2))
    looked_up(office, counted(1))
    assert not [message for message in office.vendors.messages if ASKED in message.text]

    office.desk.command(
        office.incident.id,
        lambda one, rules, now: commands.on_priority(one, Priority.P1, rules, now, by="ada", why="worse"),
    )
    office.work()

    assert [message.text for message in office.vendors.messages if "4 % of tenants (1 of 25)" in message.text]
    assert not [message for message in office.vendors.messages if "Acme" in message.text]

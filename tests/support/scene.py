"""One long incident and two short ones, minute by minute: what the world, PagerDuty's people and the desk's people do.

Whoever gets no answer, because the desk died, asks again: the same bytes, or a look first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import Request
from sqlalchemy import select

from vcci_platform.clock import Clock
from vcci_platform.incidents import caretaking, commands, store, tables
from vcci_platform.incidents.access import Access, Actor, Rank
from vcci_platform.incidents.desk_views import NewPerson
from vcci_platform.incidents.model import Action, Incident, Priority, Refused
from vcci_platform.incidents.oncall.memory import RosterMemory
from vcci_platform.incidents.oncall.roster import Remembered, pagerduty_roster
from vcci_platform.incidents.oncall.shelf import RosterShelf
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.ports import Failed, Letter, Outcome
from vcci_platform.incidents.review.gate import ReviewRefused
from vcci_platform.incidents.review.model import Item, ItemKind, Stage
from vcci_platform.incidents.review.store import StaleVersion
from vcci_platform.incidents.review.tasks import Reviewer
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import NINE, alert, manual_policy
from vcci_platform.incidents.understanding import Parser, Understood, report_body
from vcci_platform.incidents.vendors.pagerduty_connection import Answered
from vcci_platform.incidents.vendors.targets import Vendors, VendorTargets
from vcci_platform.problems import Problem
from vcci_slo.plan import Task

__all__ = ["BOT_UNTIL", "LAST_MINUTE", "STUMBLING", "Scene", "rules", "stumbles_until_mended", "trouble"]

LAST_MINUTE = 72
BOT_UNTIL = 30
AWAY = range(2)
"""The minutes in which PagerDuty cannot be reached: a page is postponed, and falls back."""

REFUSED = range(41, 48)
"""The minutes in which PagerDuty refuses a page for good: it falls back, and is given up."""

MENDED = 54
"""From this minute on everything that was refused is taken: an admin tries it again."""

MINUTE = timedelta(minutes=1)
STUMBLING = "stumbling"
PEOPLE = (("carol", Rank.ADMIN), ("erin", Rank.ADMIN), ("dave", Rank.VIEWER))
MAILS = ("director", "executives", "platform.primary")
REFUSED_LETTER = "an update is overdue"
REFUSED_LEVEL = 3
OUT_OF_TURN = 4
"""The level that a person asks for help: it joins those who have the page."""
ADA = Actor("ada", Rank.ADMIN)
SESSION = "per_11:ses_11"
SCHEDULES = {"$PD_ONE": "PSCHED1"}


def rules() -> IncidentPolicy:
    """Return the manual's policy with a clock for everything within an hour."""
    manual = manual_policy()
    p0 = replace(manual[Priority.P0], forgotten=8 * MINUTE, review=3 * MINUTE)
    p1 = replace(manual[Priority.P1], page=True, forgotten=10 * MINUTE)
    return manual_policy(
        severities={**manual.severities, Priority.P0: p0, Priority.P1: p1},
        escalation={Priority.P0: ((12 * MINUTE, 2), (20 * MINUTE, REFUSED_LEVEL))},
        channels=frozenset({"pagerduty", "statuspage", "slack", "mail", "second-pager", "responders"}),
        checklists={Priority.P0.value: (Task("Tell the support team", 4 * MINUTE),)},
        mails={role: f"{role}@example.com" for role in MAILS},
        places={Priority.P0: {2: 2, REFUSED_LEVEL: REFUSED_LEVEL}},
        joins={OUT_OF_TURN: "vcci on-call"},
        watchdog_silent=30 * MINUTE,
    )


def trouble(minute: int, call: str, said: Sequence[Any]) -> Outcome | None:
    """Return what comes of a call to a vendor that goes wrong, None for one that goes right."""
    match call, said:
        case (("pager.page" | "pager.resolve" | "pager.acknowledge"), _) if minute in AWAY:
            return Failed("nobody listens", retryable=True)
        case "pager.page", _ if minute in REFUSED:
            return Failed("400: no such service", retryable=False)
        case "mailer.send", [Letter(subject=subject)] if minute < MENDED and REFUSED_LETTER in subject:
            return Failed("no such mailbox", retryable=False)
        case "responders.escalate_under", [_, level] if level == REFUSED_LEVEL:
            return Failed("400: the policy has two levels", retryable=False)
        case _:
            return None


def stumbles_until_mended(clock: Clock) -> Parser:
    """Return a parser with a bug that is mended later."""

    def parse(_: bytes) -> Understood:
        if clock.now() < NINE + MENDED * MINUTE:
            raise RuntimeError("a delivery that nobody can read")
        return Understood()

    return parse


@dataclass(frozen=True)
class Scene:
    """Everybody but the desk."""

    desk: Desk
    vendors: Vendors
    targets: VendorTargets
    folder: Path

    def play(self, minute: int, reviewer: Reviewer) -> None:
        """Do what happens in this minute."""
        acts: dict[int, Callable[[], object]] = {
            0: self._begin,
            3: self._acknowledge_in_pagerduty,
            5: self._report,
            7: self._let_people_in,
            8: self._sign_out,
            10: lambda: self.desk.receive([alert("SlowInvoices", system="billing", priority=Priority.P1)]),
            14: self._look_who_is_on_call,
            18: self._find_a_leak,
            24: self._update,
            25: lambda: self._act(self._of("vcci"), Action.MITIGATE),
            26: self._ask_for_help,
            27: lambda: self._act(self._of("billing"), Action.RESOLVE),
            28: self._change_the_status_page,
            38: self._billing_ends,
            40: self._resolve_in_pagerduty,
            45: lambda: self.desk.receive([alert(resolved=True, ends_at=NINE + 45 * MINUTE)]),
            50: lambda: self._act(self._unheard(), Action.ACKNOWLEDGE),
            MENDED: self._try_again,
            61: lambda: self._act(self._of("vcci"), Action.REOPEN),
            62: lambda: self._act(self._of("vcci"), Action.RESOLVE),
            64: lambda: self._write_review(reviewer),
            65: lambda: self._move(reviewer, Stage.IN_REVIEW),
            66: lambda: self._measure(reviewer),
            67: lambda: self._move(reviewer, Stage.PUBLISHED),
            68: lambda: self._tell_public(reviewer),
            69: lambda: self._do_item(reviewer),
        }
        acts.get(minute, lambda: None)()

    # --- the world and PagerDuty's people ---

    def _begin(self) -> None:
        self.desk.accept("alertmanager", _watchdog())
        self.desk.receive([alert()])
        self.desk.accept(STUMBLING, b"?")

    def _billing_ends(self) -> None:
        """What fired on after somebody had resolved its incident ends, a minute after that was opened again."""
        end = NINE + 38 * MINUTE
        self.desk.receive([alert("SlowInvoices", system="billing", priority=Priority.P1, resolved=True, ends_at=end)])

    def _acknowledge_in_pagerduty(self) -> None:
        """Somebody clicks there, and the webhook tells of it."""
        incident = self._of("vcci")
        key = f"vcci:{incident.id}"
        found = self._there(key)
        if found.status == "triggered":
            httpx.put(f"{self.targets.statuspage_url}/sandbox/incidents/{found.id}/acknowledged").raise_for_status()
        self.desk.accept("pagerduty", _acknowledged(key), "delivery-11")

    def _resolve_in_pagerduty(self) -> None:
        """Something that has the key resolves the page, and no webhook tells of it: the reconciler must see it."""
        self.vendors.pager.resolve(f"vcci:{self._unheard().id}")

    def _there(self, key: str) -> Any:
        assert self.vendors.rest is not None
        found = self.vendors.rest.incident_by_key(key)
        assert isinstance(found, Answered)
        assert found.value is not None
        return found.value

    def _change_the_status_page(self) -> None:
        """Somebody changes there what the public sees."""
        with self.desk.database.read() as connection:
            remote_id = connection.execute(select(tables.status_post.c.remote_id)).scalars().first()
        page = f"{self.targets.statuspage_url}/v1/pages/{self.targets.statuspage_page}/incidents/{remote_id}"
        key = {"Authorization": f"OAuth {self.targets.statuspage_key.get_secret_value()}"}
        httpx.patch(page, json={"incident": {"status": "investigating"}}, headers=key).raise_for_status()

    # --- the desk's people ---

    def _report(self) -> None:
        report = Report("Requests fail here too", Priority.P0, "vcci", "cay", component="api")
        self.desk.accept("person", report_body(report), "report-12")

    def _let_people_in(self) -> None:
        """Add people, and take one's access away again. Whose token nobody saw is added anew, the last admin last."""
        database, clock = self.desk.database, self.desk.clock
        for name, rank in PEOPLE * 2:
            token = self.folder / f"token-of-{name}"
            if not token.exists() and self._has_no_access(name):
                token.write_text(caretaking.add_person(database, clock, NewPerson(name=name, rank=rank), ADA, ()).token)
        self._has_no_access("dave")

    def _sign_out(self) -> None:
        access = Access(self.desk.database, is_local=True, remembers=lambda _: SESSION)
        access.end_session(Request({"type": "http"}), self.desk.clock.now())

    def _has_no_access(self, name: str) -> bool:
        """Take a person's access away, if they have any; false for the last admin, who keeps it."""
        try:
            caretaking.revoke_person(self.desk.database, self.desk.clock, name, ADA)
        except Problem as problem:
            return problem.code == "not-found"
        return True

    def _act(self, incident: Incident, action: Action) -> None:
        with suppress(Refused):
            self.desk.act(incident.id, action, by="ada", why="as seen")

    def _look_who_is_on_call(self) -> None:
        """Somebody opens the page of the rota, and what PagerDuty says is kept."""
        rest, now = self.vendors.rest, self.desk.clock.now()
        assert rest is not None
        shelf = RosterShelf(self.desk.database, SCHEDULES)
        told = RosterMemory(pagerduty_roster(rest, SCHEDULES), self.desk.clock, shelf)("$PD_ONE", now, now + MINUTE)
        assert isinstance(told, Remembered), told

    def _find_a_leak(self) -> None:
        """What was told of the billing is for few eyes from now on."""
        incident = self._of("billing")
        self.desk.command(incident.id, lambda i, p, n: commands.on_security(i, p, n, by="ada", why="a leak"))

    def _update(self) -> None:
        update = commands.Update("ada", "we know the cause", public="A release broke it.")
        if "update" not in self._kinds():
            self.desk.command(
                self._of("vcci").id, lambda i, p, n: commands.on_update(i, update, p, n, may_publish=True)
            )

    def _ask_for_help(self) -> None:
        incident = self._of("vcci")
        if OUT_OF_TURN not in incident.asked:
            self.desk.command(
                incident.id, lambda i, p, n: commands.on_escalate(i, OUT_OF_TURN, p, n, by="ada", why="to decide")
            )

    def _try_again(self) -> None:
        """An admin tries again whatever was given up."""
        with self.desk.database.read() as connection:
            dead = select(tables.outbox.c.id).where(tables.outbox.c.state == "dead", tables.outbox.c.kind != "escalate")
            effects = connection.execute(dead).scalars().all()
            kept = select(tables.inbox.c.id).where(tables.inbox.c.state == "quarantined")
            letters = connection.execute(kept).scalars().all()
        for number in effects:
            with suppress(Problem):  # not wanted any more
                caretaking.again_effect(self.desk, number, ADA)
        for number in letters:
            caretaking.again_letter(self.desk, number, ADA)

    # --- the review ---

    def _write_review(self, reviewer: Reviewer) -> None:
        incident_id = self._of("vcci").id
        read = reviewer.read(incident_id).review
        item = Item(ItemKind.PREVENT, "Test releases first", owner="bob", due=NINE.date() - timedelta(days=1))
        if not read.causes:
            written = replace(read, causes="A release.", public="It will not happen again.", items=(*read.items, item))
            reviewer.edit(incident_id, written, by="ada")

    def _move(self, reviewer: Reviewer, stage: Stage) -> None:
        incident_id = self._of("vcci").id
        with suppress(ReviewRefused, StaleVersion):
            if (read := reviewer.read(incident_id).review).stage is not stage:
                reviewer.move(incident_id, stage, version=read.version, by="ada")

    def _measure(self, reviewer: Reviewer) -> None:
        if "review_measured" not in self._kinds():
            reviewer.measure(self._of("vcci").id, by="ada")

    def _tell_public(self, reviewer: Reviewer) -> None:
        with suppress(ReviewRefused):  # it was told already
            reviewer.tell_public(self._of("vcci").id, notify=True, by="ada")

    def _do_item(self, reviewer: Reviewer) -> None:
        incident_id = self._of("vcci").id
        (item,) = reviewer.read(incident_id).review.items
        reviewer.change_item(incident_id, item.id, lambda known: replace(known, done=True), by="bob")

    # --- looking ---

    def _of(self, system: str) -> Incident:
        with self.desk.database.read() as connection:
            incident = store.newest(connection, system)
        assert incident is not None
        return incident

    def _unheard(self) -> Incident:
        """Return the incident of the Watchdog that fell silent."""
        table = tables.incident
        with self.desk.database.read() as connection:
            others = select(table).where(table.c.system.not_in(["vcci", "billing"]))
            return store.incident_of_row(connection.execute(others).mappings().one())

    def _kinds(self) -> list[str]:
        with self.desk.database.read() as connection:
            return list(connection.execute(select(tables.timeline.c.kind)).scalars())


def _watchdog() -> bytes:
    labels = {"alertname": "Watchdog"}
    beat = {"status": "firing", "labels": labels, "startsAt": "2026-03-02T09:00:00Z", "fingerprint": "fp-watchdog"}
    return json.dumps({"version": "4", "alerts": [beat]}).encode()


def _acknowledged(key: str) -> bytes:
    event = {
        "id": "01EVENT",
        "event_type": "incident.acknowledged",
        "resource_type": "incident",
        "occurred_at": "2026-03-02T09:03:00.000Z",
        "agent": {"id": "PUSER", "type": "user_reference", "summary": "Ada"},
        "data": {"id": "PINC1", "type": "incident", "status": "acknowledged", "incident_key": key},
    }
    return json.dumps({"event": event}).encode()

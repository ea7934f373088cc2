"""The desk dies at every step that leaves something behind, once at each, on its way through one long incident.

SIGKILL before and after each commit and each call to a vendor. In the end it is as if it had never died: the same
pages, each rung as often, the same posts, the same timeline, the same review.
"""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Row, select

from support import fault_points
from support.births import nursery
from support.deaths import Clock, Life, live
from vcci_platform import sandbox
from vcci_platform.incidents import people, store, tables
from vcci_platform.incidents.access import digest
from vcci_platform.incidents.context.tables import incident_context
from vcci_platform.incidents.review import tables as review_tables
from vcci_platform.incidents.vendors.targets import VendorTargets
from vcci_platform.sandbox.limits import Bucket, RollingWindow
from vcci_platform.sandbox.pagerduty.account_forms import IntegrationForm
from vcci_platform.sandbox.state import Sandbox
from vcci_platform.settings import Settings
from vcci_platform.storage import migrate
from vcci_platform.storage.database import Database, connect

LIFE_SECONDS = 120
SECOND_KEY = "second00000000000000000000000key"
PLENTY = 1_000_000
"""Calls that the vendors take: their limits have tests of their own, and lives that end early ask again and again."""


@dataclass
class Fates:
    """The lives of one desk: a store, a sandbox, and where each life ended."""

    folder: Path
    url: str
    targets: VendorTargets
    vendors: Sandbox
    died: list[str] = field(default_factory=list[str])

    def live(self, *, mortal: bool) -> bool:
        """Live once more; false when that life came to its natural end."""
        died = frozenset(self.died) if mortal else None
        process = nursery().Process(target=live, args=(Life(self.url, str(self.folder), self.targets, died),))
        process.start()
        process.join(LIFE_SECONDS)
        if process.exitcode == 0:
            return False
        assert process.exitcode == -signal.SIGKILL, f"a life ended by {process.exitcode} after {self.died[-1:]}"
        self.died.append((self.folder / "died-at").read_text())
        return True

    def outcome(self) -> dict[str, Any]:
        """Return all that is left of the incidents, without the ids that differ from store to store."""
        kept = _Kept.of(self.url)
        return {
            "incidents": [(one.system, one.state, one.priority, one.level, one.resolved_at) for one in kept.incidents],
            "timeline": Counter((kept.system(one), one.kind) for one in kept.rows["timeline"]),
            "effects": Counter((one.target, one.kind, one.state) for one in kept.rows["outbox"]),
            "timers": Counter((one.kind, one.state) for one in kept.rows["timer"]),
            "inbox": Counter((one.source, one.state) for one in kept.rows["inbox"]),
            "keys": sorted((kept.plain(one.key), one.open, one.remote_status) for one in kept.rows["pager_key"]),
            "status page": [(kept.system(one), one.open, one.remote_status) for one in kept.rows["status_post"]],
            "context": sorted((kept.system(one), one.episode) for one in kept.rows["incident_context"]),
            "reviews": sorted((kept.system(one), one.stage, one.version) for one in kept.rows["review"]),
            "items": [(one.text, one.done_by, one.reminded_at) for one in kept.rows["action_item"]],
            "who gets in": sorted(self._who_gets_in()),
            "audited": Counter((one.who, one.action) for one in kept.rows["audit"] if "person" not in one.action),
            "pages": sorted(self._pages(kept)),
            "posts": [(one.status, len(one.updates)) for one in self.vendors.statuspage.incidents],
            "public reviews": [bool(one.postmortem) for one in self.vendors.statuspage.incidents],
        }

    def said(self) -> set[tuple[str, ...]]:
        """Return what the chat and the mail server took, each thing once: a message may, rarely, come twice."""
        plain = _Kept.of(self.url).plain
        chat = {("chat", one.channel, plain(one.text)) for one in self.vendors.slack.messages}
        letters = self.vendors.mailbox.letters
        return chat | {("mail", *one.recipients, one.subject, plain(one.text)) for one in letters}

    def letters(self) -> int:
        """Return how many letters a mailbox shows, where two with the same Message-ID are one."""
        return len({letter.message_id for letter in self.vendors.mailbox.letters})

    def sent_again(self) -> set[tuple[str, str]]:
        """Return the kinds of effect of which one was sent more than once, by the outbox's own word."""
        return {(one.target, one.kind) for one in _Kept.of(self.url).rows["outbox"] if one.attempts > 1}

    def _pages(self, kept: _Kept) -> Generator[tuple[str, str, str, int, int]]:
        for page in self.vendors.pagerduty.incidents:
            service = self.vendors.pagerduty.account.services[page.service_id].form.name
            yield service, kept.plain(page.dedup_key), page.status, page.level, page.notifications

    def _who_gets_in(self) -> Generator[tuple[str, str]]:
        """Yield whoever has a token that opens the desk."""
        database = connect(self.url)
        with database.read() as connection:
            for token in self.folder.glob("token-of-*"):
                row = people.by_digest(connection, digest(token.read_text()))
                if row is not None:
                    yield row["name"], row["rank"]
        database.close()


@dataclass(frozen=True)
class _Kept:
    """What a store holds; `plain` takes the ids out of words."""

    incidents: tuple[Any, ...]
    rows: Mapping[str, tuple[Row[Any], ...]]

    @classmethod
    def of(cls, url: str) -> _Kept:
        database = connect(url)
        parts = ("timeline", "outbox", "timer", "inbox", "pager_key", "status_post", "audit")
        every = [getattr(tables, part) for part in parts]
        every += [incident_context, review_tables.review, review_tables.action_item]
        with database.read() as connection:
            found = connection.execute(select(tables.incident).order_by(tables.incident.c.id)).mappings()
            incidents = tuple(store.incident_of_row(row) for row in found)
            rows = {table.name: tuple(connection.execute(select(table))) for table in every}
        database.close()
        return cls(incidents, rows)

    def system(self, row: Any) -> str:
        return next(one.system for one in self.incidents if one.id == row.incident_id)

    def plain(self, words: str) -> str:
        for incident in self.incidents:
            words = words.replace(incident.id, incident.system)
        return re.sub(r" after \d+ attempts", "", words)


@contextmanager
def fates(folder: Path, url: str) -> Generator[Fates]:
    folder.mkdir()
    settings = Settings(home=folder / "home", sandbox_port=0, sandbox_tls_port=0, sandbox_smtp_port=0)
    settings.home.mkdir()
    database = connect(url)
    _prepare(database)
    vendors = _patient_vendors(Clock(folder))
    with sandbox.running(settings, sandbox=vendors) as (addresses, _):
        settings.sandbox_port, settings.sandbox_tls_port = addresses.port, addresses.tls_port
        settings.pagerduty_second_routing_key = SecretStr(SECOND_KEY)
        settings.smtp_url = SecretStr(str(addresses.smtp))
        settings.slack_bot_token = SecretStr(sandbox.SLACK_BOT_TOKEN)
        settings.slack_api_url, settings.slack_channel = addresses.page, "#incidents"
        yield Fates(folder, url, VendorTargets.from_settings(settings), vendors)


def _prepare(database: Database) -> None:
    migrate.upgrade(database, "desk")
    database.close()


def _patient_vendors(clock: Clock) -> Sandbox:
    """Return the vendors under the desk's own clock, with a second PagerDuty service."""
    vendors = Sandbox(clock=clock)
    vendors.slack_bucket = Bucket(capacity=PLENTY, every=timedelta(seconds=1))
    for window in ("pagerduty_window", "rest_window", "statuspage_window"):
        setattr(vendors, window, RollingWindow(limit=PLENTY, window=timedelta(minutes=1)))
    account, now = vendors.pagerduty.account, clock.now()
    (first,) = account.services
    second = account.services.add(first.form.model_copy(update={"name": "the second service"}), now)
    account.add_integration(second.id, IntegrationForm(), now, key=SECOND_KEY)
    return vendors


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    if request.param == "postgresql":
        return lambda: str(request.getfixturevalue("postgresql_url"))
    return lambda: f"sqlite:///{tmp_path / 'mortal.db'}"


def test_a_desk_that_dies_at_every_step_ends_as_one_that_never_dies(
    fresh_url: Callable[[], str], tmp_path: Path
) -> None:
    with fates(tmp_path / "calm", f"sqlite:///{tmp_path / 'calm.db'}") as calm:
        assert not calm.live(mortal=False)
        expected, words, letters = calm.outcome(), calm.said(), calm.letters()
    with fates(tmp_path / "mortal", fresh_url()) as mortal:
        while mortal.live(mortal=True):
            pass
        found = mortal.outcome()

        assert set(mortal.died) == fault_points.steps()
        for part, what in expected.items():
            assert found[part] == what, part
        assert (mortal.said(), mortal.letters()) == (words, letters)
        assert set(fault_points.SENT.values()) - mortal.sent_again() == set()

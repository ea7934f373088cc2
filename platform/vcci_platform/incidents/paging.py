"""Who is woken, and under which key: ring, ask a level, adopt, acknowledge, resolve, and call in another way."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from vcci_platform.incidents import messages, outbox, pages, promptness
from vcci_platform.incidents.effects import Effects
from vcci_platform.incidents.model import Nature, Priority
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.pages import LEVEL

__all__ = ["Paging"]

FALLBACK_LEVELS = 2
"""Whom a page that PagerDuty did not take is mailed to: these levels and all that were asked, if they have a mail."""


@dataclass
class Paging(Effects):
    """Pages for one incident, and ends what it paged."""

    _adopted: set[str] = field(default_factory=set[str])

    def _key(self) -> str:
        """Return the key of the desk's own page: one for each time that the incident was opened."""
        again = f":reopened-{self.incident.episode}" if self.incident.episode > 1 else ""
        return f"vcci:{self.incident.id}{again}"

    def _ring(self, priority: Priority, why: str, *, again: bool) -> None:
        """Page. A page for something worse has a key of its own, so that it rings; it then replaces the earlier one."""
        again = again or self._key() in pages.known(self.connection, self.incident.id)
        replaced = self._own_keys() if again else []
        self._trigger(self._fresh_key(priority) if again else self._key(), priority, why)
        for key in replaced:
            self._call_off((Kind.TRIGGER,), key=key)
            if key in self._tried_keys():
                self._enqueue(Target.PAGERDUTY, Kind.RESOLVE, {"key": key})
            pages.close(self.connection, self.incident.id, key)

    def _own_keys(self) -> list[str]:
        """Return the keys of the desk's own pages that are open, without those of levels."""
        held = pages.held(self.connection, self.incident.id)
        return [key for key, adopted in held if not adopted and LEVEL not in key]

    def _stand_down(self) -> bool:
        """Call off what has woken nobody yet, if there is any. A level that was asked is still to be reached."""
        lost = 0
        for key in self._own_keys():
            called_off = outbox.call_off(self.connection, self.incident.id, (Kind.TRIGGER,), self.now, key=key)
            self.carried.superseded += [Target(row["target"]) for row in called_off]
            if any(row["target"] == Target.PAGERDUTY for row in called_off):
                lost += 1
                if key in self._tried_keys():
                    self._enqueue(Target.PAGERDUTY, Kind.RESOLVE, {"key": key})
                pages.close(self.connection, self.incident.id, key)
        if self.incident.level == 1:
            self._call_off((Kind.FALLBACK,))
        return lost > 0

    def _escalate(self, level: int, why: str) -> None:
        """Hand the page that is open to the next level, where PagerDuty can be asked to; else page the level anew.

        A level that is asked out of its turn, or that PagerDuty's policy of the severity does not have, joins those
        who have the page already.
        """
        opened = pages.held(self.connection, self.incident.id)
        if not opened or Target.RESPONDERS not in self.policy.channels:
            self._page_level(level, why)
            return
        places = self.policy.places.get(self.incident.priority, {})
        in_turn = level == max((asked for asked in self.incident.asked if asked in places), default=level)
        joins = "" if in_turn and (level in places or not places) else self.policy.joins.get(level, "")
        said = why if self.incident.nature is Nature.FAULT else messages.RESTRICTED_WHY
        body: dict[str, object] = {
            "key": opened[0][0],
            "level": level,
            "why": said,
            "place": places.get(level, level),
            "joins": joins,
        }
        self._enqueue(Target.RESPONDERS, Kind.ESCALATE, body)

    def _page_level(self, level: int, why: str) -> None:
        """Page anew. Whom PagerDuty rings for it, its policy says: so the level is named, and written to."""
        words = f"escalated to level {level} ({self.policy.who(level)}): {why}"
        self._trigger(f"{self._key()}{LEVEL}{level}", self.incident.priority, words)
        if to := self._mails_of(self.policy.levels.get(level, ())):
            what = "you are asked for help"
            mail = messages.mail_document(self.incident, self.alerts, what, words, to, self.policy)
            self._enqueue(Target.MAIL, Kind.MAIL, mail, first=True)

    def _fresh_key(self, priority: Priority) -> str:
        """Return a key that was never used: under one that was acknowledged, PagerDuty would ring nobody."""
        known = pages.known(self.connection, self.incident.id)
        names = (f"{self._key()}:{priority}{f'-{number}' if number else ''}" for number in count())
        return next(name for name in names if name not in known)

    def _trigger(self, key: str, priority: Priority, why: str) -> None:
        body = messages.page_document(self.incident, self.alerts, self.policy, key=key, priority=priority, why=why)
        pages.hold(self.connection, self.incident.id, key, self.now, adopted=False)
        self._enqueue(Target.PAGERDUTY, Kind.TRIGGER, promptness.noted(body, self.carried.heard_at))

    def _adopt(self, key: str) -> bool:
        """Take over a key, and cancel the late resolve of an earlier incident that would now silence this one."""
        if key in self._adopted:
            return False
        self._adopted.add(key)
        outbox.lose(self.connection, outbox.waiting_resolves(self.connection, key, self.now), self.now)
        return pages.hold(self.connection, self.incident.id, key, self.now, adopted=True)

    def _acknowledge_pages(self, but: str) -> None:
        """Acknowledge every page but one that PagerDuty has heard of, and those that ring for another incident too."""
        for key, _ in pages.held(self.connection, self.incident.id):
            if key != but and not pages.is_shared(self.connection, self.incident.id, key, unacknowledged=True):
                self._enqueue(Target.PAGERDUTY, Kind.ACKNOWLEDGE, {"key": key})

    def _resolve_pages(self) -> None:
        """Resolve what was sent, or may have been; what certainly was not is cancelled and needs no resolve.

        A page that another open incident rings under too is that one's to resolve.
        """
        self._call_off(outbox.ONLY_WHILE_OPEN)
        tried = self._tried_keys()
        for key, adopted in pages.held(self.connection, self.incident.id):
            if key in tried or (adopted and not pages.is_shared(self.connection, self.incident.id, key, lock=True)):
                self._enqueue(Target.PAGERDUTY, Kind.RESOLVE, {"key": key})
            pages.close(self.connection, self.incident.id, key)
        for key in outbox.keys_of(self.connection, self.incident.id, Target.SECOND_PAGER):
            self._enqueue(Target.SECOND_PAGER, Kind.RESOLVE, {"key": key})

    def _tried_keys(self) -> frozenset[str]:
        """Return the keys of the desk's own pages that PagerDuty has, or may have."""
        return frozenset(outbox.keys_of(self.connection, self.incident.id, Target.PAGERDUTY))

    def _fall_back(self, why: str) -> None:
        """Page through every other way there is: a page that is not heard is worse than one that is heard twice."""
        self._call_otherwise(why)
        if Target.SECOND_PAGER in self.policy.channels:
            page = messages.page_document(
                self.incident,
                self.alerts,
                self.policy,
                key=self._unheard_key(),
                priority=self.incident.priority,
                why=why,
            )
            self._enqueue(Target.SECOND_PAGER, Kind.TRIGGER, page)

    def _unheard_key(self) -> str:
        """Return the key of the newest page: under one that was acknowledged before, nobody would be rung again."""
        if self.incident.level > 1:
            return f"{self._key()}{LEVEL}{self.incident.level}"
        return next(reversed(self._own_keys()), self._key())

    def _call_otherwise(self, why: str) -> None:
        """Call through the chat and by mail."""
        body = messages.fallback_document(self.incident, self.alerts, why, self.policy)
        self._enqueue(Target.SLACK, Kind.FALLBACK, body, first=True)
        asked = [level for level in self.policy.levels if level <= max(FALLBACK_LEVELS, self.incident.level)]
        roles = [role for level in sorted(asked) for role in self.policy.levels[level]]
        if to := self._addresses(roles):
            mail = messages.fallback_mail_document(self.incident, why, to, self.policy)
            self._enqueue(Target.MAIL, Kind.MAIL, mail, first=True)

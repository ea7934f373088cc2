"""The alerts of one incident, indexed: in a storm each new one asks about all that came before. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from vcci_platform.incidents.model import Priority, Tracked, firing

__all__ = ["Ledger"]

Episode = tuple[str, datetime]


class Ledger:
    """What is known of each episode; adding one again replaces what was known of it.

    >>> ledger = Ledger()
    >>> len(ledger), ledger.latest("fp", datetime.max)
    (0, None)
    """

    def __init__(self, alerts: Iterable[Tracked] = ()) -> None:
        self._episodes: dict[Episode, Tracked] = {}
        self._of: dict[str, dict[Episode, Tracked]] = {}
        self._firing: Counter[Priority] = Counter()
        self._over: dict[Priority, datetime] = {}
        self.components: Counter[str] = Counter()
        """How many episodes each component has had."""
        for tracked in alerts:
            self.add(tracked)

    def add(self, tracked: Tracked) -> None:
        """Remember an episode as it is now."""
        alert = tracked.alert
        before = self._episodes.get(alert.episode)
        if before is None:
            self.components[alert.component] += 1
        elif before.fires:
            self._firing[before.alert.priority] -= 1
        self._episodes[alert.episode] = tracked
        self._of.setdefault(alert.fingerprint, {})[alert.episode] = tracked
        if tracked.over_at is None:
            self._firing[alert.priority] += 1
        else:
            self._over[alert.priority] = max(tracked.over_at, self._over.get(alert.priority, tracked.over_at))

    def __len__(self) -> int:
        return len(self._episodes)

    def __iter__(self) -> Iterator[Tracked]:
        return iter(self._episodes.values())

    def find(self, episode: Episode) -> Tracked | None:
        """Return what is known of an episode."""
        return self._episodes.get(episode)

    def latest(self, fingerprint: str, until: datetime) -> datetime | None:
        """Return when the newest episode of a fault began that did not begin later than this."""
        return max((start for _, start in self._of.get(fingerprint, ()) if start <= until), default=None)

    def firing_of(self, fingerprint: str) -> tuple[Tracked, ...]:
        """Return the episodes of a fault that are not over."""
        return firing(self._of.get(fingerprint, {}).values())

    def is_overshadowed(self, tracked: Tracked) -> bool:
        """Return whether Alertmanager held this one back in favour of a graver one, and so never tells its end.

        That is so if it began before something graver was over. What the desk sees with its own eyes always ends.
        """
        alert = tracked.alert
        if alert.pager_key is None:
            return False
        graver = [priority for priority in Priority if priority < alert.priority]
        return any(self._firing[priority] for priority in graver) or any(
            self._over[priority] >= alert.starts_at for priority in graver if priority in self._over
        )

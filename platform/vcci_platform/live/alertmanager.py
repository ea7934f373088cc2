"""The HTTP API of Alertmanager, version 2, as far as the spec is held against it.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from vcci_platform.asking import Asker
from vcci_slo.promql.matchers import Matcher

__all__ = ["AlertmanagerApi", "Silence", "Treated"]


@dataclass(frozen=True)
class Treated:
    """An alert that Alertmanager knows, and what it does with it."""

    fingerprint: str
    labels: Mapping[str, str]
    state: str
    silenced_by: tuple[str, ...]
    inhibited_by: tuple[str, ...]
    receivers: tuple[str, ...]
    starts_at: datetime


@dataclass(frozen=True)
class Silence:
    """What is kept quiet: by whom, why, until when."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    by: str
    comment: str
    state: str


@dataclass(frozen=True)
class AlertmanagerApi:
    """One Alertmanager. Every method raises AskingError if there is no answer."""

    asker: Asker

    @property
    def url(self) -> str:
        return self.asker.url

    def configuration(self) -> Mapping[str, Any]:
        """Return its configuration; where a secret stands it says `<secret>`."""
        content = self.asker.get("/api/v2/status")
        with self._understood():
            document = yaml.safe_load(content["config"]["original"])
            if not isinstance(document, dict):
                raise TypeError("config.original is no map")
            return document

    def alerts(self) -> tuple[Treated, ...]:
        """Return every alert that it holds, those too that it keeps quiet."""
        content = self.asker.get("/api/v2/alerts")
        with self._understood():
            return tuple(
                Treated(
                    fingerprint=one["fingerprint"],
                    labels=dict(one["labels"]),
                    state=one["status"]["state"],
                    silenced_by=tuple(one["status"]["silencedBy"]),
                    inhibited_by=tuple(one["status"]["inhibitedBy"]),
                    receivers=tuple(receiver["name"] for receiver in one["receivers"]),
                    starts_at=datetime.fromisoformat(one["startsAt"]),
                )
                for one in content
            )

    def silences(self) -> tuple[Silence, ...]:
        """Return the silences that hold now or will, the first to end first."""
        content = self.asker.get("/api/v2/silences")
        with self._understood():
            found = tuple(_silence(one) for one in content if one["status"]["state"] in {"active", "pending"})
        return tuple(sorted(found, key=lambda silence: (silence.ends_at, silence.id)))

    @contextmanager
    def _understood(self) -> Generator[None]:
        try:
            yield
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
            raise self.asker.odd(f"an answer of another form ({type(error).__name__}: {error})") from None


def _silence(found: Mapping[str, Any]) -> Silence:
    return Silence(
        id=found["id"],
        matchers=tuple(_matcher(one) for one in found["matchers"]),
        starts_at=datetime.fromisoformat(found["startsAt"]),
        ends_at=datetime.fromisoformat(found["endsAt"]),
        by=found.get("createdBy", ""),
        comment=found.get("comment", ""),
        state=found["status"]["state"],
    )


def _matcher(found: Mapping[str, Any]) -> Matcher:
    """Return a matcher of the API; one without `isEqual` is of before Alertmanager 0.22 and means equality."""
    if found.get("isEqual", True):
        return Matcher(found["name"], "=~" if found["isRegex"] else "=", found["value"])
    return Matcher(found["name"], "!~" if found["isRegex"] else "!=", found["value"])

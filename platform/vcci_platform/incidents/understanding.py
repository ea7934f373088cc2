"""What a delivery turned out to say: alerts, heartbeats, and the parts that nobody could understand. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vcci_platform.incidents.hooks import pagerduty
from vcci_platform.incidents.hooks.pagerduty import PagerEvent
from vcci_platform.incidents.model import Alert, Priority
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.store import alert_document, alert_from_document

__all__ = [
    "Beat",
    "Parser",
    "Understood",
    "alerts_body",
    "report_body",
    "understand_alerts",
    "understand_pagerduty",
    "understand_report",
]


@dataclass(frozen=True)
class Beat:
    """A Watchdog spoke; `lost` when what it said is that it is gone."""

    source: str
    lost: bool


@dataclass(frozen=True)
class Understood:
    """The meaning of one delivery. `problems` names what was not understood, with its place."""

    alerts: tuple[Alert, ...] = ()
    beats: tuple[Beat, ...] = ()
    reports: tuple[Report, ...] = ()
    pager_events: tuple[PagerEvent, ...] = ()
    problems: tuple[str, ...] = ()


Parser = Callable[[bytes], Understood]


def alerts_body(alerts: Sequence[Alert]) -> bytes:
    """Return alerts as the bytes that the inbox keeps; the same alerts give the same bytes."""
    return json.dumps([alert_document(alert) for alert in alerts], sort_keys=True, separators=(",", ":")).encode()


def understand_alerts(body: bytes) -> Understood:
    """Return the alerts that `alerts_body` wrote: what the desk's own evaluator says."""
    try:
        documents: Sequence[Mapping[str, Any]] = json.loads(body)
        return Understood(alerts=tuple(alert_from_document(document) for document in documents))
    except (ValueError, TypeError, KeyError) as error:
        return Understood(problems=(f"expected a list of alerts as the desk writes them: {error!r}",))


def understand_pagerduty(body: bytes) -> Understood:
    """Return what a webhook of PagerDuty says."""
    events, problems = pagerduty.understand(body)
    return Understood(pager_events=events, problems=problems)


def report_body(report: Report) -> bytes:
    """Return a person's report as the bytes that the inbox keeps."""
    said = {name: value for name, value in vars(report).items() if name != "security" or value}
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def understand_report(body: bytes) -> Understood:
    """Return the report that `report_body` wrote."""
    try:
        document: Mapping[str, Any] = json.loads(body)
        said: dict[str, Any] = {**document, "priority": Priority(document["priority"])}
        return Understood(reports=(Report(**said),))
    except (ValueError, TypeError, KeyError) as error:
        return Understood(problems=(f"expected a report as the desk writes it: {error!r}",))

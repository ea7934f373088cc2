"""Alertmanager's webhook, and what of it makes no sense."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from vcci_platform.incidents import tables
from vcci_platform.incidents.hooks.alertmanager import understand
from vcci_platform.incidents.model import Priority, State
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.testing import NINE
from vcci_platform.incidents.understanding import Beat

if TYPE_CHECKING:
    from conftest import Office

GROUP_KEY = '{}/{severity="critical"}:{system="vcci"}'
PAGER_KEY = hashlib.sha256(GROUP_KEY.encode()).hexdigest()


def message(name: str = "APIHighErrorRate", **values: Any) -> dict[str, Any]:
    labels = {"alertname": name, "priority": "P0", "severity": "critical", "system": "vcci", "component": "api"}
    return {
        "status": "firing",
        "labels": labels | values.pop("labels", {}),
        "annotations": {"summary": "7 % fail", "runbook_url": "https://runbooks.example/x", "dashboard_url": ""},
        "startsAt": "2026-03-02T09:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": f"fp-{name}",
        **values,
    }


def notification(*alerts: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": GROUP_KEY,
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "page-P0",
        "groupLabels": {"system": "vcci"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "notification_reason": "first notification",
        "routeLabels": {},
        "alerts": list(alerts),
        **values,
    }


def read(document: Any):
    return understand(document if isinstance(document, bytes) else json.dumps(document).encode())


def test_everything_of_an_alert_is_read() -> None:
    (alert,) = read(notification(message())).alerts

    assert (alert.fingerprint, alert.name, alert.resolved, alert.priority) == (
        "fp-APIHighErrorRate",
        "APIHighErrorRate",
        False,
        Priority.P0,
    )
    assert alert.starts_at == datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
    assert (alert.ends_at, alert.system, alert.component) == (None, "vcci", "api")
    assert (alert.summary, alert.runbook_url, alert.source) == (
        "7 % fail",
        "https://runbooks.example/x",
        "alertmanager",
    )
    assert alert.pager_key == PAGER_KEY


def test_a_resolved_alert_says_when_it_ended() -> None:
    (alert,) = read(notification(message(status="resolved", endsAt="2026-03-02T10:00:00+01:00"))).alerts

    assert (alert.resolved, alert.ends_at) == (True, NINE)


def test_the_manuals_runbook_annotation_is_an_alias() -> None:
    (alert,) = read(notification(message(annotations={"runbook": "https://runbooks.example/alias"}))).alerts

    assert alert.runbook_url == "https://runbooks.example/alias"


@pytest.mark.parametrize(
    ("labels", "priority"),
    [
        ({"priority": "P2"}, Priority.P2),
        ({"priority": "", "severity": "warning"}, Priority.P1),
        ({"priority": "P9", "severity": "none"}, Priority.P3),
        ({"priority": "", "severity": ""}, Priority.P1),
    ],
)
def test_priority_is_the_alerts_own_else_that_of_its_severity(labels: dict[str, str], priority: Priority) -> None:
    assert read(notification(message(labels=labels))).alerts[0].priority is priority


def test_alerts_that_name_no_system_stay_apart() -> None:
    nameless = {"system": "", "component": ""}
    alerts = read(notification(message("A", labels=nameless), message("B", labels=nameless))).alerts

    assert [alert.system for alert in alerts] == ["alert:A", "alert:B"]


def test_an_alert_without_a_fingerprint_gets_one_from_its_labels() -> None:
    first, second, third = (
        read(notification(message(fingerprint="", labels={"pod": pod}))).alerts[0] for pod in ("1", "1", "2")
    )

    assert first.fingerprint == second.fingerprint != third.fingerprint


def test_the_watchdog_is_a_heartbeat_and_no_alert() -> None:
    understood = read(notification(message("Watchdog"), message("Watchdog", status="resolved")))

    assert understood.alerts == ()
    assert understood.beats == (Beat("alertmanager", lost=False), Beat("alertmanager", lost=True))


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"\xff\xfe", "expected JSON"),
        (b"[]", "expected an object, found list"),
        (b'{"version":"3"}', "version: expected \"4\", found '3'"),
        (b'{"version":"4","alerts":{}}', "alerts: expected a list"),
        (notification("text"), "alerts[0].expected an object, found str"),
        (notification(message(labels={"alertname": ""})), "alerts[0].labels.alertname: expected the name"),
        (notification(message(status="ok")), "alerts[0].status: expected firing or resolved, found 'ok'"),
        (notification(message(startsAt="")), "alerts[0].startsAt: expected the moment"),
        (notification(message(startsAt="soon")), "alerts[0].startsAt: expected an RFC 3339 moment, found 'soon'"),
        (notification(message(startsAt=11)), "alerts[0].startsAt: expected an RFC 3339 moment, found 11"),
        (notification(message(labels={"pod": 11})), "alerts[0].labels: expected an object of texts"),
        (notification(truncatedAlerts=12), "truncatedAlerts: 12 alerts were left out"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_place(document: Any, problem: str) -> None:
    assert read(document).problems[0].startswith(problem)


def test_a_broken_alert_does_not_hide_the_others() -> None:
    understood = read(notification(message("A"), message("B", startsAt="soon"), message("C")))

    assert [alert.name for alert in understood.alerts] == ["A", "C"]
    assert len(understood.problems) == 1


# --- through the desk ------------------------------------------------------------------------------------------------


def test_alertmanager_rings_itself_and_the_desk_sends_the_resolve_with_the_adopted_key(either_office: Office) -> None:
    office = either_office
    office.notified(notification(message()))
    office.notified(notification(message(status="resolved", endsAt="2026-03-02T09:05:00Z"), status="resolved"))
    office.pass_time(15)

    assert office.incident.state is State.RESOLVED
    assert office.vendors.pages == [("resolve", PAGER_KEY)]
    assert "page_adopted" in office.timeline


def test_an_unresolved_page_of_alertmanager_is_escalated_under_a_key_of_the_desks_own(office: Office) -> None:
    office.notified(notification(message()))
    office.pass_time(30)

    assert office.vendors.pages == [("trigger", f"vcci:{office.incident.id}:level-2")]


def test_the_same_notification_from_a_pair_of_alertmanagers_is_one(either_office: Office) -> None:
    office = either_office
    office.notified(notification(message()))
    office.notified(notification(message()))
    office.notified(notification(message(), notification_reason="repeat interval elapsed"))

    assert office.timeline.count("alert_firing") == 1
    kept = [(row.deliveries, row.state) for row in office.rows(tables.inbox)]
    assert kept == [(2, "understood"), (1, "understood")]


def test_a_late_resolve_of_an_earlier_incident_does_not_silence_the_next_one(office: Office) -> None:
    office.notified(notification(message()))
    office.vendors.answer = lambda target, _: Failed("503", retryable=True) if target == "pagerduty" else None
    office.notified(notification(message(status="resolved")))
    office.pass_time(16)
    assert office.incident.state is State.RESOLVED
    office.notified(notification(message(startsAt="2026-03-02T09:20:00Z")))
    office.vendors.answer = lambda target, said: None
    office.pass_time(5)

    assert len(office.incidents) == 2
    assert office.vendors.pages == []


def test_resolves_are_doubted_while_the_watchdog_is_silent_and_counted_once_it_is_back(office: Office) -> None:
    watchdog = notification(message("Watchdog"), groupKey="{}:{watchdog}")
    office.notified(watchdog)
    office.notified(notification(message()))
    office.clock.advance(minutes=6)
    office.notified(notification(message(status="resolved")))
    office.pass_time(30)
    assert office.incident_of("vcci").state is State.DETECTED
    assert "resolve_doubted" in office.timeline

    office.notified(watchdog)
    assert office.incident_of("vcci").state is State.MONITORING
    for _ in range(15):
        office.pass_time(1)
        office.notified(watchdog)
    assert office.incident_of("vcci").state is State.RESOLVED


def test_an_alertmanager_that_lost_prometheus_resolves_nothing(office: Office) -> None:
    """Watchdog and alerts vanish together, in either order."""
    office.notified(notification(message("Watchdog"), groupKey="w"))
    office.notified(notification(message()))
    office.notified(notification(message(status="resolved")))
    assert office.incident_of("vcci").state is State.MONITORING
    office.notified(notification(message("Watchdog", status="resolved"), groupKey="w"))
    office.pass_time(60)

    assert office.incident_of("vcci").state is State.MONITORING
    assert "resolve_withheld" in office.timeline


def test_a_resolve_that_the_desk_missed_the_firing_of_still_resolves_pagerduty(office: Office) -> None:
    office.clock.advance(minutes=5)
    office.notified(notification(message(status="resolved", endsAt="2026-03-02T09:04:00Z")))
    office.pass_time(16)

    assert office.vendors.pages == [("resolve", PAGER_KEY)]


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000, b"\xff\xfe"])
def test_what_tires_a_reader_of_json_is_a_problem_and_no_crash(body: bytes) -> None:
    assert [problem.partition(":")[0] for problem in read(body).problems] == ["expected JSON"]


def test_hostile_texts_ring_with_what_can_be_kept_of_them() -> None:
    """Half a character or a zero byte in one label was an error of the database: the whole delivery never rang."""
    labels = {"alertname": "Odd\0\ud800" + "x" * 1_000_000, "system": "s" * 100_000, "note": "\udfff"}
    understood = read(notification(message(labels=labels, fingerprint="f\0" * 100_000), message(), groupKey="\ud800"))

    odd, plain = understood.alerts
    texts = (odd.name, odd.system, odd.fingerprint, odd.pager_key or "", *odd.labels.values())
    assert understood.problems == ()
    assert plain.name == "APIHighErrorRate"
    assert (len(odd.name), len(odd.system), len(odd.fingerprint)) == (200, 200, 32)
    assert all(text.encode() and "\0" not in text and len(text) <= 4096 for text in texts)


@pytest.mark.parametrize("status", [["firing"], {"is": "firing"}, None, 1])
def test_a_status_that_is_no_text_hides_no_other_alert(status: Any) -> None:
    """A list there made the whole notification incomprehensible, with every alert in it."""
    said = understand(json.dumps(notification(message() | {"status": status}, message())).encode())

    assert len(said.alerts) == 1
    assert said.problems == (f"alerts[0].status: expected firing or resolved, found {status!r}",)


def test_what_was_compressed_on_the_way_is_told_in_words() -> None:
    assert understand(gzip.compress(b"{}")).problems == (
        "expected JSON, found bytes compressed by gzip; send them as they are",
    )


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_a_moment_beyond_the_calendar_is_a_problem_of_its_alert_alone(moment: str) -> None:
    understood = read(notification(message(startsAt=moment), message()))

    assert len(understood.alerts) == 1
    assert understood.problems[0].startswith("alerts[0].startsAt")

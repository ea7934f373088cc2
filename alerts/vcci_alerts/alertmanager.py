"""Alertmanager's configuration: who hears what, when, and which alert makes another one superfluous.

A severity that pages has one receiver that holds PagerDuty and the desk together: both see the same group under the
same key, so the desk knows PagerDuty's dedup_key without a word, and nobody is rung twice. Alertmanager never resolves
a page: it also calls alerts resolved when it has lost its Prometheus, and only the desk can tell the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from json import dumps
from typing import Any

from vcci_alerts.limit_rules import WATCHDOG, alert_labels
from vcci_alerts.yaml_text import yaml_text
from vcci_slo.plan import NamedTime, Plan, Severity
from vcci_slo.promql.durations import promql_duration
from vcci_slo.resolve.findings import Pace
from vcci_slo.resolve.incidents import BY_SYSTEM

__all__ = ["PATH", "Certificate", "Receivers", "configuration", "render"]

PATH = "alertmanager.yml"
GROUP_BY = ["system", "priority"]

# How long Alertmanager waits for company, before it tells more of a group, and before it says the same again.
P0_WAIT = timedelta(seconds=10)
TELL_MORE = {"P0": timedelta(minutes=1), "P1": timedelta(minutes=1)}
TELL_MORE_LATER = timedelta(minutes=5)
REPEAT = {"P0": timedelta(hours=1), "P1": timedelta(hours=1), "P2": timedelta(hours=4)}
REPEAT_LATER = timedelta(days=1)
SHORTEST = timedelta(seconds=1)
"""Under a time scale no interval gets shorter: Alertmanager would do nothing but look at its groups."""

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MINUTES = 24 * 60
HOLIDAYS = "holidays"

FIRST = "(index .Alerts.Firing 0).Annotations"
SUMMARIES = "{{ range $i, $alert := .Alerts.Firing }}{{ if $i }} · {{ end }}{{ $alert.Annotations.summary }}{{ end }}"

NAMES = "{{ range $i, $alert := .Alerts.Firing }}{{ if $i }}, {{ end }}{{ $alert.Labels.alertname }}{{ end }}"


@dataclass(frozen=True)
class Certificate:
    """What Alertmanager shows the desk instead of a token, and whom it trusts to be the desk: files in PEM."""

    cert_file: str = "/etc/alertmanager/certificates/tls.crt"
    key_file: str = "/etc/alertmanager/certificates/tls.key"
    ca_file: str = "/etc/alertmanager/certificates/ca.crt"


@dataclass(frozen=True)
class Receivers:
    """Where notifications go, and the files in which Alertmanager finds the secrets.

    With a `certificate` the desk is not given the token, and `desk_url` is that of its port for certificates.
    `heartbeat_url_file` beats a third party from Alertmanager itself and needs Alertmanager 0.26; without it the desk
    carries the Watchdog on, and silence then also means that the desk has stopped.
    """

    desk_url: str = "http://vcci-desk:8010/v1/hooks/alertmanager"
    token_file: str = "/etc/alertmanager/secrets/desk-hook-token"  # noqa: S105 - a path
    pagerduty_url: str = "https://events.pagerduty.com/v2/enqueue"
    routing_key_file: str = "/etc/alertmanager/secrets/pagerduty-routing-key"
    pagerduty_ca_file: str | None = None
    heartbeat_url_file: str | None = None
    certificate: Certificate | None = None

    @classmethod
    def of(cls, plan: Plan) -> Receivers:
        """Return those of the plan, with the secrets where Kubernetes mounts them."""
        if plan.incidents.hook == "certificate":
            return cls(desk_url="https://vcci-desk:8011/v1/hooks/alertmanager", certificate=Certificate())
        return cls()


def render(plan: Plan) -> Mapping[str, str]:
    """Return alertmanager.yml with the secrets where Kubernetes mounts them."""
    return {PATH: configuration(plan, Receivers.of(plan))}


def configuration(plan: Plan, receivers: Receivers) -> str:
    """Return alertmanager.yml for these receivers."""
    paging = [severity.priority for severity in plan.severities if severity.page]
    document: dict[str, Any] = {
        # An alert that says no priority is taken for the lowest that pages, not for noise.
        "route": {
            "receiver": paging[-1] if paging else plan.severities[0].priority,
            "group_by": GROUP_BY,
            **_pace(plan, paging[-1] if paging else plan.severities[0].priority),
            "routes": [
                _watchdog(plan),
                *(route for one in plan.severities for route in _routes(plan, one)),
                *_correlated(plan),
            ],
        },
        "inhibit_rules": [*_higher_over_lower(plan), *_tiers(plan), *_limits(plan)],
        "receivers": [
            {"name": WATCHDOG.lower(), "webhook_configs": _watchdog_hooks(receivers)},
            *(receiver for one in plan.severities for receiver in _receivers(plan, one, receivers)),
        ],
    }
    times = _times(plan)
    return yaml_text(document | ({"time_intervals": times} if times else {}), source=plan.source)


# --- routes ----------------------------------------------------------------------------------------------------------


def _routes(plan: Plan, severity: Severity) -> Iterable[Mapping[str, Any]]:
    """Yield the routes of a severity.

    Where PagerDuty may only speak at certain hours, the desk still hears at once, or it would never learn that an alert
    of the night has ended. Both routes have the same matchers, and so the same group key.
    """
    priority = severity.priority
    common: dict[str, Any] = {"matchers": [f'priority="{priority}"'], **_pace(plan, priority)}
    if split := list(_correlated(plan)):
        common["routes"] = split
    yield {"receiver": priority, **common, **({"continue": True} if _waits(severity) else {})}
    if _waits(severity):
        but_for = {"mute_time_intervals": [HOLIDAYS]} if plan.calendar.holidays else {}
        yield {"receiver": _later(severity), **common, "active_time_intervals": [severity.notify.during], **but_for}


def _correlated(plan: Plan) -> Iterable[Mapping[str, Any]]:
    """Yield a route for each rule that makes several incidents of one system, so that each of them has its own page.

    The first rule that matches counts, as at the desk, and a rule whose labels an alert does not have is not for it.
    """
    for rule in plan.incidents.correlate:
        if rule == BY_SYSTEM:
            return
        patterns = dict(rule.match)
        named = [f'{label}!=""' for label in rule.by if label not in patterns]
        yield {
            "matchers": [*(f"{label}=~{dumps(patterns[label], ensure_ascii=False)}" for label in patterns), *named],
            "group_by": list(dict.fromkeys((*GROUP_BY, *rule.by))),
        }


def _waits(severity: Severity) -> bool:
    return severity.notify.pagerduty is not None and bool(severity.notify.during)


def _later(severity: Severity) -> str:
    return f"{severity.priority}-{severity.notify.during}"


def _pace(plan: Plan, priority: str) -> Mapping[str, str]:
    """Return when a group is told. A page below P0 waits for a P0 to speak, so that one fault rings once."""
    pace = Pace(plan.time_scale)
    wait = pace.of(P0_WAIT) if priority == "P0" else plan.page_wait
    return {
        "group_wait": promql_duration(wait),
        "group_interval": promql_duration(max(pace.of(TELL_MORE.get(priority, TELL_MORE_LATER)), SHORTEST)),
        "repeat_interval": promql_duration(max(pace.of(REPEAT.get(priority, REPEAT_LATER)), SHORTEST)),
    }


def _watchdog(plan: Plan) -> Mapping[str, Any]:
    """Return the heartbeat's route: it is looked at four times a beat, and so never late by more than a quarter."""
    beat = plan.watchdog.beat
    return {
        "receiver": WATCHDOG.lower(),
        "matchers": [f'alertname="{WATCHDOG}"'],
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": promql_duration(beat / 4),
        "repeat_interval": promql_duration(beat / 2),
    }


# --- receivers -------------------------------------------------------------------------------------------------------


def _receivers(plan: Plan, severity: Severity, receivers: Receivers) -> Iterable[Mapping[str, Any]]:
    desk = {"webhook_configs": [_desk(receivers)]}
    pager = {"pagerduty_configs": [_pagerduty(plan, severity, receivers)]}
    if _waits(severity):
        yield {"name": severity.priority, **desk}
        yield {"name": _later(severity), **pager}
    elif severity.notify.pagerduty:
        yield {"name": severity.priority, **pager, **desk}
    else:
        yield {"name": severity.priority, **desk}


def _desk(receivers: Receivers) -> Mapping[str, Any]:
    return {
        "url": receivers.desk_url,
        "send_resolved": True,
        "max_alerts": 0,
        "http_config": _introduction(receivers),
    }


def _introduction(receivers: Receivers) -> Mapping[str, Any]:
    """Return how Alertmanager shows the desk who it is."""
    if receivers.certificate is not None:
        return {"tls_config": asdict(receivers.certificate)}
    return {"authorization": {"type": "Bearer", "credentials_file": receivers.token_file}}


def _watchdog_hooks(receivers: Receivers) -> list[Mapping[str, Any]]:
    beat = {"url_file": receivers.heartbeat_url_file, "send_resolved": False}
    return [_desk(receivers), *([beat] if receivers.heartbeat_url_file else [])]


def _pagerduty(plan: Plan, severity: Severity, receivers: Receivers) -> Mapping[str, Any]:
    trust = {"http_config": {"tls_config": {"ca_file": receivers.pagerduty_ca_file}}}
    return {
        "routing_key_file": receivers.routing_key_file,
        "url": receivers.pagerduty_url,
        "send_resolved": False,
        "severity": severity.pagerduty,
        "description": f"[{severity.priority}] {{{{ .GroupLabels.system }}}}: {SUMMARIES}",
        "component": "{{ (index .Alerts.Firing 0).Labels.component }}",
        "group": "{{ .GroupLabels.system }}",
        "class": "{{ (index .Alerts.Firing 0).Labels.alertname }}",
        "client": plan.title,
        "client_url": plan.links.alertmanager or "{{ .ExternalURL }}",
        "links": [
            {"href": f"{{{{ {FIRST}.runbook_url }}}}", "text": "Runbook"},
            {"href": f"{{{{ {FIRST}.dashboard_url }}}}", "text": "Dashboard"},
        ],
        "details": {
            "priority": severity.priority,
            "system": "{{ .GroupLabels.system }}",
            "team": "{{ (index .Alerts.Firing 0).Labels.team }}",
            "description": f"{{{{ {FIRST}.description }}}}",
            "alerts": NAMES,
            "runbook": f"{{{{ {FIRST}.runbook_url }}}}",
        },
        **(trust if receivers.pagerduty_ca_file else {}),
    }


# --- what makes another alert superfluous ----------------------------------------------------------------------------


def _lower(plan: Plan, priority: str, *, own: bool) -> str:
    known = [severity.priority for severity in plan.severities]
    return "|".join(known[known.index(priority) + (0 if own else 1) :])  # type: ignore[arg-type]


def _higher_over_lower(plan: Plan) -> Iterable[Mapping[str, Any]]:
    """Yield that a P0 says all there is to say about its system; never lower over higher, never cause over symptom."""
    yield {
        "source_matchers": ['priority="P0"'],
        "target_matchers": [f'priority=~"{_lower(plan, "P0", own=False)}"'],
        "equal": ["system"],
    }


def _tiers(plan: Plan) -> Iterable[Mapping[str, Any]]:
    """Yield that within one promise a faster burn says more than a slower one of the same or a lower severity.

    Of a promise that is kept apart by labels only about the same part; a label that neither alert has is equal.
    """
    fastest: dict[str, float] = {}
    for tier in (tier for slo in plan.slos for tier in slo.tiers):
        fastest[tier.name] = max(tier.factor, fastest.get(tier.name, 0.0))
    order = sorted(fastest, key=lambda name: -fastest[name])
    parts = sorted({label for slo in plan.slos for label in slo.by})
    pairs = dict.fromkeys((tier.name, tier.priority) for slo in plan.slos for tier in slo.tiers)
    for name, priority in sorted(pairs, key=lambda pair: (order.index(pair[0]), pair[1])):
        slower = order[order.index(name) + 1 :]
        if slower:
            yield {
                "source_matchers": ['slo!=""', f'tier="{name}"', f'priority="{priority}"'],
                "target_matchers": [f'tier=~"{"|".join(slower)}"', f'priority=~"{_lower(plan, priority, own=True)}"'],
                "equal": ["slo", *parts],
            }


def _limits(plan: Plan) -> Iterable[Mapping[str, Any]]:
    """Yield that of one alert with several limits the stricter one is enough, for the same result."""
    for alert in plan.alerts:
        labels = alert_labels(plan, alert)
        if labels is None:
            continue
        for limit in alert.limits:
            lower = [one.priority for one in alert.limits if one.priority > limit.priority]
            if lower and limit.priority != "P0":
                yield {
                    "source_matchers": [f'alertname="{alert.name}"', f'priority="{limit.priority}"'],
                    "target_matchers": [f'alertname="{alert.name}"', f'priority=~"{"|".join(sorted(lower))}"'],
                    "equal": ["system", *sorted(labels)],
                }


# --- hours -----------------------------------------------------------------------------------------------------------


def _times(plan: Plan) -> list[Mapping[str, Any]]:
    names = dict.fromkeys(severity.notify.during for severity in plan.severities if _waits(severity))
    zone, days = plan.calendar.timezone, plan.calendar.holidays
    times: list[Mapping[str, Any]] = [
        {"name": name, "time_intervals": _intervals(plan.calendar.time(name), zone)} for name in names
    ]
    if times and days:
        times.append({"name": HOLIDAYS, "time_intervals": [_day(day, zone) for day in days]})
    return times


def _day(day: date, zone: str) -> Mapping[str, Any]:
    return {"days_of_month": [str(day.day)], "months": [str(day.month)], "years": [str(day.year)], "location": zone}


def _intervals(time: NamedTime, zone: str) -> list[Mapping[str, Any]]:
    """Return the hours in the calendar's zone; a night is two intervals, since none may end before it starts."""
    if time.start_minute < time.end_minute:
        return [_interval(time.days, time.start_minute, time.end_minute, zone)]
    evening = _interval(time.days, time.start_minute, DAY_MINUTES, zone)
    if time.end_minute == 0:
        return [evening]
    return [evening, _interval(tuple(sorted((day + 1) % 7 for day in time.days)), 0, time.end_minute, zone)]


def _interval(days: tuple[int, ...], start: int, end: int, zone: str) -> Mapping[str, Any]:
    hours = {"start_time": f"{start // 60:02}:{start % 60:02}", "end_time": f"{end // 60:02}:{end % 60:02}"}
    return {"weekdays": [DAYS[day] for day in days], "times": [hours], "location": zone}

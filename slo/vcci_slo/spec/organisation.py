"""Who runs the platform and how they are reached: metadata, calendar, links, people, severities, escalation."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from vcci_slo.promql.durations import promql_duration
from vcci_slo.spec.section import Line, ListOrOne, Name, Priority, Section, nearest
from vcci_slo.spec.units import Delay, Duration, EnvName, Percent, refuse

__all__ = [
    "CalendarSpec",
    "ContactSpec",
    "EscalationSpec",
    "LinksSpec",
    "MetadataSpec",
    "NotifySpec",
    "OnCallSpec",
    "SeveritySpec",
    "TeamSpec",
    "WatchdogSpec",
]


def _some_time(text: str) -> str:
    start, _, end = text.partition(" ")[2].partition("-")
    if start == end:
        raise refuse("hours that end at another time than they start", text)
    return text


Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s{}\"'<>`\\]+$")]
"""An address. It is written into templates, pages and queries, so it holds nothing that means something there."""

Time = Annotated[
    str,
    StringConstraints(
        pattern=r"^(daily|(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(-(Mon|Tue|Wed|Thu|Fri|Sat|Sun))?) "
        r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"
    ),
    AfterValidator(_some_time),
]
"""Days and hours, such as `Mon-Fri 09:00-18:00` or `daily 00:00-06:00`."""

Freeze = Literal["black-friday", "cyber-monday", "quarter-end", "year-end"]


class MetadataSpec(Section):
    """What the platform is called, who owns it, and the matchers that every PromQL selector gets."""

    name: Name
    title: Line | None = None
    version: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)*$")] = "1"
    owner: Name
    selector: str = ""


def _timezone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse("a time zone such as Europe/Berlin", name, nearest(name, available_timezones())) from None


class CalendarSpec(Section):
    """One time zone; each named time stands here once."""

    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    business: Time = "Mon-Fri 09:00-18:00"
    off_peak: Time = Field("daily 00:00-06:00", alias="off-peak")
    maintenance: Time = "Sat 02:00-04:00"
    freezes: list[Freeze] = Field(default_factory=list)


class LinksSpec(Section):
    """Where people look."""

    grafana: Url | None = None
    prometheus: Url | None = None
    alertmanager: Url | None = None
    logs: Url | None = None
    runbooks: Url | None = None
    status_page: Url | None = None
    pagerduty: Url | None = None
    api: Url | None = None
    docs: Url | None = None
    wiki: Url | None = None
    desk: Url | None = None


class ContactSpec(Section):
    """A role and how it is reached."""

    mail: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    phone: str | None = None
    slack: str | None = None


class TeamSpec(Section):
    """A team: its channel and its rota."""

    slack: str = ""
    on_call: Name | None = None


class ScheduleSpec(Section):
    """Where the roster lives."""

    pagerduty_schedule: EnvName


class OnCallSpec(Section):
    """A rota: when it changes hands, and its two lines."""

    handoff: Annotated[str, StringConstraints(pattern=r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01]\d|2[0-3]):[0-5]\d$")] = (
        "Mon 09:00"
    )
    shift: Duration
    primary: ScheduleSpec
    secondary: ScheduleSpec


class NotifySpec(Section):
    """What may be done to a person: ring (high), a quiet notification (low), a message; and when."""

    pagerduty: Literal["high", "low"] | None = None
    slack: str = ""
    during: Name | None = None


class WatchdogSpec(Section):
    """The heartbeat that pages when the watchers fall silent."""

    beat: Duration
    silent: Duration
    to: EnvName

    @model_validator(mode="after")
    def _patient(self) -> WatchdogSpec:
        if self.silent <= self.beat:
            raise refuse("silent longer than beat", promql_duration(self.silent))
        return self


class UsersAboveSpec(Section):
    """The status page is told when more than this share of users is touched."""

    users_above: Percent


class SeverityLabelsSpec(Section):
    """What the severity is called elsewhere."""

    alertmanager: Literal["critical", "warning", "info", "none"]
    pagerduty: Literal["critical", "error", "warning", "info"]


class SeveritySpec(Section):
    """What a severity means and what it obliges to. `0m` is at once."""

    means: Line
    examples: list[Line] = Field(default_factory=list)
    notify: Name
    acknowledge: Delay | None = None
    assess: Delay | None = None
    respond: Delay | Literal["next-business-day"]
    update: Duration | None = None
    status_page: Literal["at-once", "optional", "never"] | UsersAboveSpec = "never"
    review: Duration | None = None
    labels: SeverityLabelsSpec
    enforced_by: list[str] = Field(default_factory=list)


class EscalationSpec(Section):
    """Who is asked next. `unacknowledged` is PagerDuty's to carry out, `unresolved` the desk's, from detection."""

    levels: dict[Annotated[str, StringConstraints(pattern=r"^[1-9]$")], ListOrOne]
    unacknowledged: dict[Priority, dict[str, int]] = Field(default_factory=dict)
    unresolved: dict[Priority, dict[str, int]] = Field(default_factory=dict)
    declared: dict[Name, int] = Field(default_factory=dict)

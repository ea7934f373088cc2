"""Who runs the platform and how they are reached: metadata, calendar, links, people, severities, escalation."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from vcci_slo.places import MOMENTS, SERVICE, TRACE_ID, placeholders_of
from vcci_slo.promql.durations import promql_duration
from vcci_slo.spec.section import Line, ListOrOne, Name, Priority, Section, nearest
from vcci_slo.spec.units import Delay, Duration, EnvName, Percent, refuse

__all__ = [
    "CalendarSpec",
    "ContactSpec",
    "EscalationSpec",
    "LinksSpec",
    "MetadataSpec",
    "MonitoringSpec",
    "NotifySpec",
    "OnCallSpec",
    "SeveritySpec",
    "TeamSpec",
    "WatchdogSpec",
    "Zone",
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


def _day(text: Any) -> str:
    try:
        if isinstance(text, str) and len(text) == len("2026-01-05"):
            return date.fromisoformat(text).isoformat()
    except ValueError:  # the 30th of February
        pass
    raise refuse("a day such as 2026-01-05", text)


Day = Annotated[str, PlainValidator(_day), WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"})]

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


Zone = Annotated[str, AfterValidator(lambda name: _timezone(name) if name else "")]
"""A time zone by its name in the IANA database; empty where the calendar's own is meant."""


class CalendarSpec(Section):
    """One time zone; each named time stands here once. On a holiday nobody works, whatever the weekday."""

    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    business: Time = "Mon-Fri 09:00-18:00"
    off_peak: Time = Field("daily 00:00-06:00", alias="off-peak")
    maintenance: Time = "Sat 02:00-04:00"
    freezes: list[Freeze] = Field(default_factory=list)
    holidays: list[Day] = Field(default_factory=list)


class MonitoringSpec(Section):
    """How Prometheus watches: how often it scrapes and evaluates, and for how long it keeps what it saw.

    `sloth_labels` gives recorded series the labels that dashboards made for Sloth ask for.
    """

    scrape: Duration | None = None
    evaluate: Duration | None = None
    retention: Duration | None = None
    sloth_labels: bool = False


SEARCH_PLACEHOLDERS = (SERVICE, *MOMENTS)


def _form(names: tuple[str, ...]) -> AfterValidator:
    """Return what refuses an address with other placeholders than these, or with none."""

    def known(text: str) -> str:
        rest = text
        for name in names:
            rest = rest.replace(f"{{{name}}}", "")
        if "{" in rest or "}" in rest:
            found = next(iter(placeholders_of(rest)), "a brace alone")
            raise refuse(f"placeholders among {', '.join(names)}", found, nearest(found, names))
        if rest == text:
            raise refuse(f"at least one of the placeholders {', '.join(names)}, each in braces", text)
        return text

    return AfterValidator(known)


Form = StringConstraints(pattern=r"^https?://[^\s\"'<>`\\/{}]+[/?#][^\s\"'<>`\\]*$", max_length=2000)
SearchForm = Annotated[str, Form, _form(SEARCH_PLACEHOLDERS)]
"""An address with placeholders for a service and a time, such as `https://logs.example/?q={service}&from={from_ms}`."""

TraceForm = Annotated[str, Form, _form((TRACE_ID,))]
"""The address of one trace, such as `https://traces.example/{trace_id}`."""

Uid = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=40)]
"""The uid of a data source of Grafana."""


class LogsSpec(Section):
    """Where logs are: a page, the form of its searches, or the Loki of Grafana and the label that names a service."""

    page: Url | None = None
    search: SearchForm | None = None
    loki: Uid | None = None
    label: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=60)] = "app"

    @model_validator(mode="after")
    def _one(self) -> LogsSpec:
        if self.search and self.loki:
            raise refuse("a search of another tool, or loki", "search and loki")
        if not (self.search or self.loki or self.page):
            raise refuse("a page, a search, or loki", "none of them")
        return self


class TracesSpec(Section):
    """Where traces are: a page, the forms of its searches and of one trace, or the Tempo of Grafana."""

    page: Url | None = None
    search: SearchForm | None = None
    trace: TraceForm | None = None
    tempo: Uid | None = None

    @model_validator(mode="after")
    def _one(self) -> TracesSpec:
        own = [name for name in ("search", "trace") if getattr(self, name) is not None]
        if self.tempo and own:
            raise refuse("tempo, or forms of another tool", f"tempo and {' and '.join(own)}")
        if not (self.tempo or own or self.page):
            raise refuse("a page, a search, a trace, or tempo", "none of them")
        return self


def _page(value: Any) -> Any:
    return {"page": value} if isinstance(value, str) else value


class LinksSpec(Section):
    """Where people look."""

    grafana: Url | None = None
    prometheus: Url | None = None
    alertmanager: Url | None = None
    logs: Annotated[LogsSpec, BeforeValidator(_page)] | None = None
    traces: Annotated[TracesSpec, BeforeValidator(_page)] | None = None
    runbooks: Url | None = None
    status_page: Url | None = None
    pagerduty: Url | None = None
    api: Url | None = None
    docs: Url | None = None
    wiki: Url | None = None
    desk: Url | None = None

    @model_validator(mode="after")
    def _explored(self) -> LinksSpec:
        asked = ["logs.loki"] if self.logs and self.logs.loki else []
        asked += ["traces.tempo"] if self.traces and self.traces.tempo else []
        if asked and self.grafana is None:
            raise refuse(f"the address of grafana beside {' and '.join(asked)}", "none")
        return self


Mail = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]


class ContactSpec(Section):
    """A role and how it is reached; PagerDuty knows it by its mail, or has a schedule for it."""

    mail: Mail | None = None
    phone: str | None = None
    slack: str | None = None
    pagerduty_schedule: EnvName | None = None


class TeamSpec(Section):
    """A team: its channel and its rota."""

    slack: str = ""
    on_call: Name | None = None


class ScheduleSpec(Section):
    """Where the roster lives: in a schedule of PagerDuty, or here as the members in the order of their turns."""

    pagerduty_schedule: EnvName | None = None
    members: list[Line] | None = None

    @model_validator(mode="after")
    def _one_roster(self) -> ScheduleSpec:
        if self.pagerduty_schedule is None and not self.members:
            raise refuse("pagerduty_schedule, or members in the order of their turns", "nobody")
        if self.pagerduty_schedule is not None and self.members is not None:
            raise refuse("either pagerduty_schedule or members", "both")
        return self


class OnCallSpec(Section):
    """A rota: when it changes hands, and its two lines.

    `starts` is the day on which the first of the members takes over; needed where a week does not tell the turns.
    """

    handoff: Annotated[str, StringConstraints(pattern=r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01]\d|2[0-3]):[0-5]\d$")] = (
        "Mon 09:00"
    )
    shift: Duration
    starts: Day | None = None
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

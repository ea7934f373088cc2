"""The pages over all incidents: what is to be done after them, and how fast they are noticed and ended."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, Response

from vcci_platform.console.incident_page import SECTION
from vcci_platform.console.pages import Pages
from vcci_platform.console.words import lasting
from vcci_platform.incidents.access import Access, Actor, Rank, takes
from vcci_platform.incidents.acts import seen
from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.requests import FIRST_YEAR, LAST_YEAR
from vcci_platform.incidents.review import items
from vcci_platform.incidents.review.cases import measured
from vcci_platform.incidents.review.gate import ReviewRefused
from vcci_platform.incidents.review.measures import DEFINITIONS, SPANS, Figures, Measures, Period
from vcci_platform.incidents.review.model import KIND_TITLES
from vcci_platform.incidents.review.tasks import NoReview, Reviewer
from vcci_platform.incidents.review.views import listed
from vcci_platform.incidents.tasks import Audited
from vcci_platform.problems import Problem

__all__ = ["afterwards_pages"]

AT_ONCE = 50
UNPROCESSABLE = 422
DEFAULT_SPAN = timedelta(days=365)
STATES: Mapping[str, items.ItemState] = {state: state for state in get_args(items.ItemState)}
PERIODS: Mapping[str, Period] = {period: period for period in get_args(Period)}
SHOWN = {"detect": "to detect", "acknowledge": "to acknowledge", "resolve": "to resolve", "recover": "to recover"}
"""What every group is told of; the table of all incidents has the other spans, too."""


def afterwards_pages(pages: Pages, reviewer: Reviewer, access: Access) -> APIRouter:
    """Return the pages of action items and of measures."""
    routes = APIRouter()
    routes.include_router(_action_items(pages, reviewer, access))
    routes.include_router(_measures(pages, reviewer, access))
    return routes


# --- what is to be done -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """The filter of the list; a state that there is not is the open ones."""

    state: str = "open"
    owner: str = ""
    skip: int = 0

    @property
    def again(self) -> str:
        """The filter as the end of an address, without where the list stands."""
        return urlencode({name: value for name, value in {"state": self.state, "owner": self.owner}.items() if value})


def _asked(state: str = "open", owner: str = "", skip: int = 0) -> _Asked:
    return _Asked(state if state in STATES else "open", owner.strip(), min(max(skip, 0), 2**31))


def _action_items(pages: Pages, reviewer: Reviewer, access: Access) -> APIRouter:
    routes = APIRouter()

    @routes.get("/action-items", response_class=HTMLResponse)
    def action_items(
        actor: Annotated[Actor, Depends(access.actor)], asked: Annotated[_Asked, Depends(_asked)]
    ) -> Response:
        """Show what is to be done after incidents, that first which is due first."""
        return _show_items(pages, reviewer, actor, asked)

    @routes.post("/action-items")
    def tick(
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
        asked: Annotated[_Asked, Depends(_asked)],
        item: Annotated[str, Form()] = "",
        by: Annotated[str, Form()] = "",
    ) -> Response:
        """Mark an action item as done, or as open after all."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        try:
            _tick(reviewer, actor, item, by.strip())
        except Problem as problem:
            return _show_items(pages, reviewer, actor, asked, problem.detail, problem.status, by)
        except (NoReview, ReviewRefused, ValueError):
            text = "There is no such action item any more."
            return _show_items(pages, reviewer, actor, asked, text, UNPROCESSABLE, by)
        return pages.go(f"/action-items?{asked.again}")

    return routes


def _tick(reviewer: Reviewer, actor: Actor, item: str, by: str) -> None:
    """Do what the button says: the incident, the number of the item, and `no` for what is not done after all."""
    incident_id, number, *rest = item.split(" ")
    done = rest != ["no"]
    seen(reviewer.desk, incident_id, actor)
    takes(actor, Rank.RESPONDER)
    name = actor.named(by)
    audited = Audited(name, actor.rank.value, "action-item", {"item": int(number), "done": done})
    reviewer.change_item(incident_id, int(number), lambda found: replace(found, done=done), by=name, audited=audited)


def _show_items(
    pages: Pages, reviewer: Reviewer, actor: Actor, asked: _Asked, trouble: str = "", code: int = 200, by: str = ""
) -> Response:
    desk, today = reviewer.desk, pages.clock.now().date()
    restricted = actor.sees_all(desk.rules.security_roles)
    state = STATES[asked.state]
    wanted = items.Wanted(state, today, asked.owner, restricted=restricted)
    with desk.database.read() as connection:
        rows = items.by_due(connection, wanted, skip=asked.skip, limit=AT_ONCE + 1)
        owners = items.owners(connection, restricted=restricted)
    return pages.show(
        "action_items.html",
        section=SECTION,
        code=code,
        found=[listed(row, today) for row in rows[:AT_ONCE]],
        following=asked.skip + AT_ONCE if len(rows) > AT_ONCE else 0,
        asked=asked,
        states=STATES,
        owners=owners,
        kinds=KIND_TITLES,
        trouble=trouble,
        by=by,
        actor=actor,
        may_edit=actor.rank.covers(Rank.RESPONDER),
    )


# --- how fast ---------------------------------------------------------------------------------------------------------


def _measures(pages: Pages, reviewer: Reviewer, access: Access) -> APIRouter:
    routes = APIRouter()

    @routes.get("/measures", response_class=HTMLResponse)
    def measures(
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
    ) -> Response:
        """Show how fast incidents are noticed, acknowledged and ended; every figure with what it means."""
        asked = {
            name: request.query_params.get(name, "").strip()
            for name in ("from", "to", "period", "priority", "component")
        }
        desk = reviewer.desk
        restricted = actor.sees_all(desk.rules.security_roles)
        start, end, trouble = _span(asked["from"], asked["to"], pages.clock.now())
        period = PERIODS.get(asked["period"], "month")
        priority = next((each for each in Priority if each == asked["priority"]), None)
        with desk.database.read() as connection:
            everything = measured(connection, start, end, period, restricted=restricted)
            found = everything
            if priority or asked["component"]:
                component = asked["component"] or None
                found = measured(
                    connection, start, end, period, priority=priority, component=component, restricted=restricted
                )
        return pages.show(
            "measures.html",
            section=SECTION,
            code=UNPROCESSABLE if trouble else 200,
            found=found,
            groups=_groups(found, period),
            spans=[(name, found.total.spans[name]) for name in SPANS],
            names=SHOWN,
            definitions=DEFINITIONS,
            asked={**asked, "period": period, "from": f"{start:%Y-%m-%d}", "to": asked["to"] if not trouble else ""},
            periods=PERIODS,
            priorities=[each for each in Priority if each in desk.rules.severities],
            components=[group.name for group in everything.components],
            told=_told,
            seconds=lambda number: lasting(timedelta(seconds=number)),
            trouble=trouble,
        )

    return routes


def _groups(found: Measures, period: Period) -> Sequence[tuple[str, str, Sequence[object]]]:
    """Return the tables: the name of one, the definition that says what its lines are, and its lines."""
    return (
        (f"By {period}", "period", found.periods[::-1]),
        ("By severity", "severity", found.severities),
        ("By component", "component", found.components),
    )


def _told(figures: Figures, name: str) -> str:
    """Return one figure in words; where nothing was measured, a dash."""
    value: float | None = getattr(figures, name)
    return "-" if value is None else lasting(timedelta(seconds=value))


def _span(first: str, last: str, now: datetime) -> tuple[datetime, datetime, str]:
    """Return the span from the first day to the end of the last one, and what is wrong with them.

    >>> now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> [str(moment) for moment in _span("2026-03-01", "2026-03-01", now)[:2]]
    ['2026-03-01 00:00:00+00:00', '2026-03-02 00:00:00+00:00']
    >>> _span("2026-03-02", "2026-03-01", now)[2]
    'The first day is not before the last one ends.'
    """
    try:
        end = _day(last) + timedelta(days=1) if last else now
        start = _day(first) if first else end - DEFAULT_SPAN
    except ValueError:
        return now - DEFAULT_SPAN, now, f"Expected days such as {now:%Y-%m-%d}."
    if start >= end:
        return now - DEFAULT_SPAN, now, "The first day is not before the last one ends."
    return start, end, ""


def _day(text: str) -> datetime:
    day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise ValueError(text)
    return day

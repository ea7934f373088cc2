"""The desk's pages: what is going on now, the promises, how the desk itself is. They work while the service is dead."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
import itertools
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from sqlalchemy.exc import SQLAlchemyError

from vcci_platform.console import promises as views
from vcci_platform.console import words as said
from vcci_platform.console.afterwards import afterwards_pages
from vcci_platform.console.chrome import Chrome
from vcci_platform.console.corrections import correction_routes
from vcci_platform.console.entrance import DeskDoor, entrance_routes
from vcci_platform.console.glance import glance
from vcci_platform.console.incidents import incident_routes
from vcci_platform.console.on_call import on_call_page
from vcci_platform.console.pages import Pages, assets
from vcci_platform.console.promises import Promise
from vcci_platform.console.reporting import reporting_routes
from vcci_platform.console.reports import report_routes
from vcci_platform.console.review import review_pages
from vcci_platform.console.upkeep import upkeep_routes
from vcci_platform.incidents import queries
from vcci_platform.incidents.access import Access, Actor
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.oncall.routes import OnCall
from vcci_platform.incidents.review.tasks import Reviewer
from vcci_platform.incidents.views import IncidentSummary
from vcci_platform.reliability.groups import page_of_group
from vcci_platform.reliability.parts_order import worst_first
from vcci_platform.reliability.service import ActiveAlert, Reliability
from vcci_platform.reliability.sources import Point, SourceUnavailable
from vcci_platform.reliability.status import Status
from vcci_slo.budget import Budget, allowed_downtime
from vcci_slo.plan import Slo
from vcci_slo.promql.durations import parse_duration, words
from vcci_slo.spec.section import nearest

__all__ = ["desk_console"]

SPANS = {"15m": 90, "1h": 120, "6h": 120, "1d": 96, "7d": 84, "30d": 120}
"""What can be looked at, and in how many steps, so that each is a round time."""

SPAN = "1h"
WINDOW_STEPS = 120
SPARK_STEPS = 40
PARTS_SHOWN = 20
CHANGES = 6
INCIDENTS = 50


@dataclass(frozen=True)
class _Sight:
    """What can be seen of the promises now; `trouble` says why it is nothing."""

    promises: tuple[Promise, ...] | None
    firing: tuple[ActiveAlert, ...]
    pending: tuple[ActiveAlert, ...]
    trouble: str


def desk_console(
    office: Callable[[], Office],
    reliability: Reliability,
    chrome: Chrome,
    door: DeskDoor,
    reviewer: Reviewer,
    on_call: OnCall,
) -> APIRouter:
    """Return the desk's pages. The office is asked for when a page is opened, since it is built around the routes."""
    pages = Pages(chrome, reliability.clock)
    routes = APIRouter(include_in_schema=False)
    routes.include_router(assets())
    routes.include_router(entrance_routes(pages, door))
    routes.include_router(_now(pages, office, reliability, door.access, on_call))
    routes.include_router(_promises(pages, reliability))
    routes.include_router(report_routes(pages, reliability.plan))
    routes.include_router(correction_routes(pages, reliability.book))
    routes.include_router(review_pages(pages, reviewer, door.access))  # before the forms, which take any last part
    routes.include_router(afterwards_pages(pages, reviewer, door.access))
    routes.include_router(reporting_routes(pages, office, door.access, reliability.plan))
    routes.include_router(incident_routes(pages, office, door.access))
    routes.include_router(on_call_page(pages, on_call))
    routes.include_router(upkeep_routes(pages, office, door.access))
    return routes


def _now(
    pages: Pages, office: Callable[[], Office], reliability: Reliability, access: Access, on_call: OnCall
) -> APIRouter:
    routes = APIRouter()
    plan = reliability.plan

    def sees_all(actor: Actor) -> bool:
        return actor.sees_all(office().desk.rules.security_roles)

    @routes.get("/", response_class=HTMLResponse)
    def now(actor: Annotated[Actor, Depends(access.actor)]) -> HTMLResponse:
        """Show whether anything is broken, how bad it is, and what to open first."""
        moment = pages.clock.now()
        sight = _look(reliability)
        with _stored(pages, "now") as answer:
            incidents = _open_incidents(office(), restricted=sees_all(actor))
            answer.page = pages.show(
                "now.html",
                section="now",
                glance=glance(incidents, sight.firing, sight.promises, moment),
                incidents=incidents,
                sight=sight,
                runbook=next((alert.runbook_url for alert in sight.firing if alert.runbook_url), ""),
                changes=reliability.store.changes(CHANGES),
                on_call=on_call.glance(),
                plan=plan,
                desk=office().view(),
                evaluated_by=reliability.evaluated_by,
                not_evaluated=reliability.not_evaluated,
            )
        return answer.page

    @routes.get("/desk", response_class=HTMLResponse)
    def desk(actor: Annotated[Actor, Depends(access.actor)]) -> HTMLResponse:
        """Show whether the desk does its work, and what it does not look at."""
        with _stored(pages, "desk") as answer:
            answer.page = pages.show(
                "desk.html",
                section="desk",
                desk=office().view().for_eyes(restricted=sees_all(actor)),
                every={loop.name: loop.every for loop in office().loops.loops},
                not_evaluated=reliability.not_evaluated,
                evaluated_by=reliability.evaluated_by,
                changes=reliability.store.changes(20),
                source=reliability.source.name,
            )
        return answer.page

    return routes


def _promises(pages: Pages, reliability: Reliability) -> APIRouter:
    routes = APIRouter()
    slos = {slo.name: slo for slo in reliability.plan.slos}

    @routes.get("/slos", response_class=HTMLResponse)
    def all_promises() -> HTMLResponse:
        """Show every promise, the worst first."""
        sight = _look(reliability)
        tiers = list(dict.fromkeys(tier.name for slo in slos.values() for tier in slo.tiers))
        return pages.show("slos.html", section="slos", sight=sight, tiers=tiers, source=reliability.source.name)

    @routes.get("/slos/{name}", response_class=HTMLResponse)
    def one_promise(name: str, over: str = SPAN) -> HTMLResponse:
        """Show one promise: over time, in words, and its accounts."""
        slo = slos.get(name)
        if slo is None:
            meant = nearest(name, list(slos))
            hint = f" Did you mean {meant}?" if meant else ""
            return pages.missing(f"There is no promise called {name!r}.{hint}", section="slos")
        if over not in SPANS:
            return pages.missing(f"Expected a span of {', '.join(SPANS)}, found {over!r}.", section="slos")
        try:
            return _show_promise(pages, reliability, slo, over)
        except SourceUnavailable as error:
            return pages.show("problem.html", section="slos", code=503, title="Unknown", text=str(error))

    return routes


def _show_promise(pages: Pages, reliability: Reliability, slo: Slo, over: str) -> HTMLResponse:
    status = reliability.status(slo)
    shown = SPANS[over]
    step = parse_duration(over) / shown
    short = min((tier.short for tier in slo.tiers), default=timedelta(0))
    before = min(round(short / step), 4 * shown)  # the first burn rate looks back over steps before the first one shown
    _, history = reliability.history(slo, step * (shown + before), shown + before)
    recent = history[-shown:]
    window_step, window = _window(reliability, slo)
    scaled = f", which is {said.lasting(slo.window)} here" if reliability.plan.time_scale != 1 else ""
    return pages.show(
        "slo.html",
        section="slos",
        slo=slo,
        status=status,
        promise=Promise.of(status, (), over),
        over=over,
        over_words=words(parse_duration(over)),
        spans=tuple(SPANS),
        window_words=f"{slo.window_name}{scaled}",
        charts=(
            ("SLI", f"share of good events in each {said.lasting(step)}", views.sli_chart(slo, recent, step)),
            ("Burn rate", "how many times too fast the budget goes", views.burn_chart(slo, history, step, shown)),
            (
                "Budget",
                "what was left of it, as far as it was observed",
                views.budget_chart(status, window, window_step),
            ),
        ),
        rows=[_row(point, slo) for point in recent],
        tiers=[(found, views.tier_sentence(found, slo.window_name)) for found in status.burns],
        accounts=_accounts(slo, status),
        kept_apart=_kept_apart(reliability, slo),
        source=reliability.source.name,
    )


def _window(reliability: Reliability, slo: Slo) -> tuple[timedelta, Sequence[Point]]:
    """Return the history of the window; a young one from where it begins to be known, so that it can be read."""
    step, points = reliability.history(slo, slo.window, WINDOW_STEPS)
    unseen = sum(1 for _ in itertools.takewhile(lambda point: point.traffic.known == 0, points))
    if 2 * unseen < WINDOW_STEPS:
        return step, points
    return reliability.history(slo, step * (WINDOW_STEPS - unseen + 1), WINDOW_STEPS)


def _accounts(slo: Slo, status: Status) -> list[tuple[str, Budget, timedelta]]:
    month = allowed_downtime(budget=slo.budget, window=status.month_length)
    return [
        (f"Last {slo.window_name}", status.window, allowed_downtime(budget=slo.budget, window=slo.window)),
        ("This calendar month", status.month, month),
    ]


def _kept_apart(reliability: Reliability, slo: Slo) -> tuple[Sequence[tuple[dict[str, str], Promise, str]], int]:
    """Return the worst parts of a promise with the page of each, and how many parts there are."""
    found = worst_first(reliability.parts(slo)) if slo.by else []
    shown = [
        (dict(labels), Promise.of(status, (), ""), page_of_group(slo, labels)) for labels, status in found[:PARTS_SHOWN]
    ]
    return shown, len(found)


def _row(point: Point, slo: Slo) -> tuple[Point, float | None, float | None]:
    sli = views.sli_of(point.traffic)
    return point, sli, None if sli is None else (1 - sli) / slo.budget


# --- looking ---------------------------------------------------------------------------------------------------------


def _look(reliability: Reliability) -> _Sight:
    try:
        found = [_promise(reliability, slo) for slo in reliability.plan.slos]
        active = sorted(reliability.active(), key=lambda alert: (alert.priority, alert.since))
    except SourceUnavailable as error:
        return _Sight(None, (), (), str(error))
    return _Sight(
        promises=tuple(sorted(found, key=lambda promise: promise.rank)),
        firing=tuple(alert for alert in active if alert.state == "firing"),
        pending=tuple(alert for alert in active if alert.state == "pending"),
        trouble="",
    )


def _promise(reliability: Reliability, slo: Slo) -> Promise:
    over = parse_duration(SPAN)
    _, points = reliability.history(slo, over, SPARK_STEPS)
    return Promise.of(reliability.status(slo), points, words(over))


def _open_incidents(office: Office, *, restricted: bool) -> Sequence[IncidentSummary]:
    with office.desk.database.read() as connection:
        items = queries.page(connection, limit=INCIDENTS, is_open=True, restricted=restricted).items
    return sorted(items, key=lambda incident: (incident.priority, incident.detected_at))


@dataclass
class _Answer:
    page: HTMLResponse


@contextmanager
def _stored(pages: Pages, section: str) -> Generator[_Answer]:
    """Say that the store is away when it is, rather than nothing."""
    text = "The desk's own store does not answer. Pages that wait there go out when it is back."
    answer = _Answer(HTMLResponse())
    try:
        yield answer
    except SQLAlchemyError:
        answer.page = pages.show("problem.html", section=section, code=503, title="Store unavailable", text=text)

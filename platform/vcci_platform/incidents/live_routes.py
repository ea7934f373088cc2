"""`/v1/incidents/{id}/events`: an incident as server-sent events."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from vcci_platform.incidents import live, store
from vcci_platform.incidents.access import Access, Actor, Rank
from vcci_platform.incidents.acts import unknown
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.requests import LARGEST_NUMBER
from vcci_platform.problems import Problem, refusals
from vcci_platform.telemetry import logs

__all__ = ["MOST_OF_ONE", "MOST_STREAMS", "Readers", "Stream", "live_routes"]

log = logs.get(__name__)

MOST_STREAMS = 100
"""Readers at once. Each asks the store once a second."""

MOST_OF_ONE = 10
"""Streams of one person: a browser's tabs, and not the places of everybody else."""

PATIENCE_SECONDS = 30.0
"""How long a reader may take nothing. Whoever never reads would keep their place for ever."""

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Events, each with the number of its line"}
}


def live_routes(office: Office, access: Access) -> APIRouter:
    """Return the route that tells of an incident as it happens."""
    routes = APIRouter(prefix="/incidents/{incident_id}", tags=["incidents"], responses=refusals(404, 503))
    viewer = access.of_rank(Rank.VIEWER)
    readers = Readers(office, access)

    @routes.get("/events", response_class=StreamingResponse, responses=STREAM)
    async def events(
        incident_id: str,
        request: Request,
        actor: Annotated[Actor, Depends(viewer)],
        after: Annotated[int, Query(ge=0, le=LARGEST_NUMBER, description="The last line that is known")] = 0,
        last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST_NUMBER)] = None,
    ) -> StreamingResponse:
        """Tell each new line of the timeline, and `changed` when anything else changes: effects, clocks, tasks.

        A stream ends by itself after five minutes; ask again with the `Last-Event-ID` of the last line.
        """
        if not await run_in_threadpool(readers.sees, incident_id, actor):
            raise unknown(incident_id)
        readers.reserve(actor.name, incident_id)
        start = after if last_event_id is None else last_event_id
        told = readers.told(incident_id, request, start)
        return Stream(told, free=lambda: readers.free(actor.name))

    return routes


class Stream(StreamingResponse):
    """A stream that gives its place back however it ends, even if it was never begun.

    A reader who does not read is left: what they miss they ask for by the number of the last line.
    """

    def __init__(
        self, content: AsyncGenerator[str], free: Callable[[], None], patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        super().__init__(content, media_type="text/event-stream", headers=HEADERS)
        self._free, self._patience = free, patience_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_time(message: Message) -> None:
            await asyncio.wait_for(send(message), self._patience)

        try:
            await super().__call__(scope, receive, in_time)
        except TimeoutError:
            log.info("reader_left_behind", path=scope["path"])
        finally:
            self._free()


class Readers:
    """Everybody who is told now. Whether they may still see the incident is asked anew each time."""

    def __init__(self, office: Office, access: Access) -> None:
        self._places = Counter[str]()
        self._office = office
        self._access = access

    def reserve(self, name: str, incident_id: str) -> None:
        """Take a place for a person, or refuse with 429 or 503; where nobody signs in, all places are for all."""
        instead = f"read /v1/incidents/{incident_id} instead."
        if name and self._places[name] >= MOST_OF_ONE:
            detail = f"{name} has {MOST_OF_ONE} streams already: close one, or {instead}"
            raise Problem(status=429, code="too-many-streams", detail=detail, headers={"Retry-After": "10"})
        if self._places.total() >= MOST_STREAMS:
            detail = f"{MOST_STREAMS} readers are told already; {instead}"
            raise Problem(status=503, code="too-many-readers", detail=detail, headers={"Retry-After": "10"})
        self._places[name] += 1

    def free(self, name: str) -> None:
        """Give a place back."""
        self._places[name] -= 1
        if not self._places[name]:
            del self._places[name]

    def sees(self, incident_id: str, actor: Actor) -> bool:
        desk = self._office.desk
        with desk.database.read() as connection:
            incident = store.find(connection, incident_id)
            return incident is not None and actor.sees(incident, desk.rules.security_roles)

    async def told(self, incident_id: str, request: Request, start: int) -> AsyncGenerator[str]:
        async def ask(told: live.Told) -> live.News:
            try:
                return await run_in_threadpool(self._ask, incident_id, request, told)
            except Problem:
                raise PermissionError from None
            except SQLAlchemyError:
                raise ConnectionError from None

        async for text in live.stream(ask, start, sleep=asyncio.sleep, leaving=self._office.leaving):
            yield text

    def _ask(self, incident_id: str, request: Request, told: live.Told) -> live.News:
        if not self.sees(incident_id, self._access.recognise(request)):
            raise PermissionError
        with self._office.desk.database.read() as connection:
            return live.look(connection, incident_id, told)

"""An incident as it happens: what a reader is told, and when the telling ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from vcci_platform.incidents import live
from vcci_platform.incidents.access import Access
from vcci_platform.incidents.live import News, Told
from vcci_platform.incidents.live_routes import MOST_OF_ONE, MOST_STREAMS, Readers, Stream
from vcci_platform.incidents.model import Action
from vcci_platform.incidents.office import Office as WholeOffice
from vcci_platform.incidents.testing import alert
from vcci_platform.problems import Problem

if TYPE_CHECKING:
    from conftest import Office


def told(
    office: Office,
    after: int = 0,
    *,
    rounds: int = 3,
    meanwhile: Callable[[int], None] = lambda _round: None,
    **options: Any,
) -> list[str]:
    """Return what a reader is told in so many rounds; `meanwhile` happens before each but the first."""
    passed = [0]

    async def ask(so_far: Told) -> News:
        with office.desk.database.read() as connection:
            return live.look(connection, office.incident.id, so_far)

    async def sleep(seconds: float) -> None:
        assert seconds == live.LOOK_EVERY.total_seconds()
        passed[0] += 1
        meanwhile(passed[0])

    async def read() -> list[str]:
        lasts = rounds * live.LOOK_EVERY
        return [text async for text in live.stream(ask, after, sleep=sleep, **{"lasts": lasts, **options})]

    return asyncio.run(read())


def lines(texts: list[str]) -> list[dict[str, str]]:
    return [dict(part.split(": ", 1) for part in text.strip().split("\n")) for text in texts]


def test_every_line_is_told_once_with_the_number_of_its_row(office: Office) -> None:
    office.hears(alert())

    events = lines(told(office))[1:]

    assert [event["event"] for event in events] == ["line"] * len(office.timeline)
    assert [int(event["id"]) for event in events] == list(range(1, len(office.timeline) + 1))
    assert [json.loads(event["data"])["kind"] for event in events] == office.timeline


def test_a_reader_goes_on_where_it_was(office: Office) -> None:
    office.hears(alert())

    assert lines(told(office, len(office.timeline) - 1))[1]["id"] == str(len(office.timeline))
    assert lines(told(office, len(office.timeline)))[1:] == []


def test_news_are_told_while_they_happen(office: Office) -> None:
    office.hears(alert())
    known = len(office.timeline)

    def meanwhile(number: int) -> None:
        if number == 1:
            office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada", why="a\nb")

    events = lines(told(office, known, meanwhile=meanwhile))[1:]

    first = json.loads(events[0]["data"])
    assert (events[0]["id"], first["kind"], first["by"], first["why"]) == (
        str(known + 1),
        "state_acknowledged",
        "ada",
        "a\nb",
    )
    assert events[-1] == {"event": "changed", "data": '{"state": "acknowledged"}'}


def test_what_leaves_no_line_is_told_as_a_change(office: Office) -> None:
    office.desk.receive([alert()])
    office.desk.cycle()
    known = len(office.timeline)

    events = lines(told(office, known, meanwhile=lambda _: office.dispatcher.drain() and None))[1:]

    assert "changed" in {event["event"] for event in events}


def test_a_silent_stream_beats_and_ends(office: Office) -> None:
    office.hears(alert())
    rounds = round(live.HEARTBEAT_EVERY / live.LOOK_EVERY)

    texts = told(office, len(office.timeline), rounds=2 * rounds)

    assert texts == ["retry: 2000\n\n", ": alive\n\n", ": alive\n\n"]


def test_a_stream_ends_when_the_process_is_told_to_stop(office: Office) -> None:
    office.hears(alert())

    assert told(office, leaving=lambda: True) == ["retry: 2000\n\n"]


@pytest.mark.parametrize(("trouble", "last"), [(PermissionError, "event: gone"), (ConnectionError, "retry: 2000")])
def test_who_may_not_see_it_any_more_is_told_so_and_a_store_that_is_away_ends_it(
    office: Office, trouble: type[Exception], last: str
) -> None:
    async def ask(_: Told) -> News:
        raise trouble

    async def sleep(_: float) -> None:
        raise AssertionError("the stream goes on")

    async def read() -> list[str]:
        return [text async for text in live.stream(ask, 0, sleep=sleep, lasts=timedelta(minutes=1))]

    assert asyncio.run(read())[-1].startswith(last)


def test_one_person_cannot_take_the_places_of_all_readers(office: Office) -> None:
    """One viewer took all hundred streams, and the commander was refused; places count from the moment of asking."""
    desk = office.desk
    readers = Readers(
        WholeOffice(desk, office.dispatcher, timedelta(minutes=1), None), Access(desk.database, is_local=True)
    )
    for _ in range(MOST_OF_ONE):
        readers.reserve("viewer", "inc_1")

    with pytest.raises(Problem, match="viewer has 10 streams already") as refused:
        readers.reserve("viewer", "inc_1")
    assert refused.value.status == 429
    readers.reserve("commander", "inc_1")

    readers.free("viewer")
    readers.reserve("viewer", "inc_1")
    for number in range(MOST_STREAMS - MOST_OF_ONE - 1):
        readers.reserve(f"viewer {number}", "inc_1")
    with pytest.raises(Problem) as full:
        readers.reserve("one more", "inc_1")
    assert full.value.status == 503


def test_a_reader_who_never_reads_gives_the_place_back() -> None:
    """Such a reader kept a place for ever: the stream ends after five minutes only if somebody takes what is sent."""
    freed: list[bool] = []

    async def texts() -> AsyncGenerator[str]:
        yield "retry: 2000\n\n"

    async def never(*_: Any) -> Any:
        await asyncio.Event().wait()

    stream = Stream(texts(), lambda: freed.append(True), patience_seconds=0.01)
    scope = {"type": "http", "path": "/v1/incidents/inc_1/events", "asgi": {"spec_version": "2.3"}}
    asyncio.run(stream(scope, never, never))

    assert freed == [True]

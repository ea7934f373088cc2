"""A drill on a running desk, through its HTTP interface: what it does there, and where it refuses to begin."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from vcci_platform import problems
from vcci_platform.errors import PlatformError
from vcci_platform.incidents import people, routes
from vcci_platform.incidents.access import Access, Rank, digest, new_token
from vcci_platform.incidents.drill.live import LiveDrill, UnsafeDrill, check_harmless
from vcci_platform.incidents.drill.script import Script, read_script
from vcci_platform.incidents.hooks.speakers import Speakers
from vcci_platform.incidents.model import Priority, State
from vcci_platform.incidents.office import Office as Whole
from vcci_platform.incidents.testing import manual_policy

if TYPE_CHECKING:
    from conftest import Office

POLICY = manual_policy()
SANDBOX = ("pagerduty", "statuspage", "slack")
DAY = """
title: Half of the requests fail
component: api
steps:
  - {after: 2m, do: acknowledge, by: ada}
  - {after: 3m, do: command, by: ada}
  - {after: 6m, do: investigate, by: ada}
  - {after: 9m, do: hold, by: ada, for: 30m, say: The fix is on its way.}
  - {after: 10m, do: note, by: bob, say: It is the release.}
  - {after: 14m, do: update, by: bob, say: We roll back.}
  - {after: 16m, do: escalate, by: bob, level: 2, say: We need the database team.}
  - {after: 20m, do: monitor, by: ada}
  - {after: 1h, do: review, by: ada}
"""


class OverHttp:
    """The desk as the command line sees it."""

    def __init__(self, http: TestClient, token: str = "") -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, path: str, **parameters: str) -> Any:
        return self._http.get(path, params=parameters, headers=self._headers).raise_for_status().json()

    def tell(self, path: str, body: Mapping[str, Any], method: str = "POST") -> Any:
        answer = self._http.request(method, path, json=dict(body), headers=self._headers)
        if answer.status_code >= 400:
            raise PlatformError(answer.json()["detail"])
        return answer.json()


@contextmanager
def served(office: Office, *sandboxed: str, token: str = "") -> Generator[OverHttp]:
    app = FastAPI()
    problems.install(app)
    whole = Whole(office.desk, office.dispatcher, timedelta(minutes=1), None, sandboxed)
    access = Access(office.desk.database, is_local=True)
    app.include_router(routes.router(whole, access, Speakers.fixed("token")))
    with TestClient(app, base_url="http://127.0.0.1:8010") as http:
        yield OverHttp(http, token)
    whole.client.close()


def day(text: str = DAY) -> Script:
    return read_script(text, "day.yaml", Priority.P0, POLICY)


def passing(office: Office, *, at_least: float = 0) -> Callable[[float], None]:
    """Return a sleep in which the desk does its work and the clock moves; a deep one lasts longer than it should."""

    def sleep(seconds: float) -> None:
        office.clock.advance(seconds=max(seconds, at_least))
        office.work()

    return sleep


def test_a_drill_on_a_desk_does_what_the_script_says_and_ends_resolved(office: Office) -> None:
    with served(office, *SANDBOX) as desk:
        assert check_harmless(desk) == 1

        report = LiveDrill(desk, day(), POLICY, office.clock, passing(office, at_least=10)).run()

    assert report.refused == ()
    assert {one.name: (one.verdict.value, round(one.spare / timedelta(minutes=1))) for one in report.deadlines} == {
        "page delivered": ("met", 1),
        "status page told": ("met", 1),
        "acknowledged": ("met", 3),
        "assessed": ("met", 4),
        "update 1": ("met", 1),
        "escalated to level 2": ("met", 14),
        "review written": ("pending", 48 * 60),
    }
    assert (office.incident.system, office.incident.state) == ("game-day", State.RESOLVED)


def token_of(office: Office, name: str, rank: Rank) -> str:
    """Return the token of a person who is added to the desk."""
    token = new_token()
    with office.desk.database.write() as connection:
        people.add(connection, name, rank.value, "", digest(token), office.clock.now())
    return token


def test_where_people_sign_in_the_owner_of_the_token_plays_everybody(office: Office) -> None:
    token = token_of(office, "Grace Hopper", Rank.COMMANDER)
    with served(office, *SANDBOX, token=token) as desk:
        said: list[str] = []
        sleep = passing(office, at_least=60)

        report = LiveDrill(desk, day(), POLICY, office.clock, sleep, on_step=said.append, signed_in=True).run()

    assert report.refused == ()
    assert report.state == "resolved"
    assert {who for _, who, _ in report.course} & {"Grace Hopper", "ada", "bob", "the drill"} == {"Grace Hopper"}
    assert any(what == "Grace Hopper is commander" for _, _, what in report.course)
    assert said[0] == "Grace Hopper: acknowledge"


def test_what_the_rank_of_the_owner_does_not_allow_stands_in_the_report(office: Office) -> None:
    token = token_of(office, "Linus", Rank.RESPONDER)
    with served(office, *SANDBOX, token=token) as desk:
        report = LiveDrill(desk, day(), POLICY, office.clock, passing(office, at_least=60), signed_in=True).run()

    assert report.refused == ("Linus could not hold: This takes a commander; Linus is a responder.",)
    assert report.state == "resolved"


def test_a_drill_that_is_broken_off_leaves_no_open_incident(office: Office) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with served(office, *SANDBOX) as desk, pytest.raises(KeyboardInterrupt):
        LiveDrill(desk, day(), POLICY, office.clock, interrupted).run()

    assert office.incident.state is State.RESOLVED


@pytest.mark.parametrize("real", SANDBOX)
def test_a_desk_that_would_wake_or_tell_anybody_is_refused(office: Office, real: str) -> None:
    stand_ins = [name for name in SANDBOX if name != real]
    with served(office, *stand_ins) as desk, pytest.raises(UnsafeDrill, match=f"found real ones: {real};"):
        check_harmless(desk)

    assert office.incidents == []


def test_two_drills_at_once_are_refused(office: Office) -> None:
    with served(office, *SANDBOX) as desk:
        desk.tell("/v1/incidents", {"title": "Drill", "priority": "P0", "system": "game-day", "by": "ada"})

        with pytest.raises(UnsafeDrill, match="expected no other drill, found inc_"):
            check_harmless(desk)


def test_a_script_in_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "day.yaml"
    path.write_text(DAY, encoding="utf-8")

    script = day(path.read_text(encoding="utf-8"))

    assert (script.title, script.component, script.ends) == (
        "Half of the requests fail",
        "api",
        timedelta(hours=1),
    )

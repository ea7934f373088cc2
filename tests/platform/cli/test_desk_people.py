"""`vcci desk people`: the checks of the API hold here too, on the desk's own store."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from vcci_platform.cli.ask import exit_code_of
from vcci_platform.cli.desk_people import NotDone, people_app


@pytest.fixture
def people(tmp_path, monkeypatch):
    """Run a command on a store of its own, and return what it printed and what it ended with."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VCCI_HOME", str(tmp_path / "home"))

    def run(*arguments):
        done = CliRunner().invoke(people_app, list(arguments))
        match done.exception:
            case NotDone() as refused:
                return str(refused), refused.exit_code
            case None | SystemExit():
                return done.output, done.exit_code
            case surprise:
                raise surprise

    return run


def test_the_first_person_is_an_admin_and_the_last_admin_stays(people):
    """The command line once made a desk that everybody had to sign in to and nobody could add a person to."""
    refused = people("add", "Ada", "--rank", "responder")
    people("add", "Grace", "--rank", "admin")
    last = people("revoke", "Grace")
    people("add", "Ada", "--rank", "admin")
    gone = people("revoke", "Grace")
    listed, _ = people("list")

    assert refused == (
        "The first person must be an admin: from then on everybody signs in, and only admins add people.",
        exit_code_of(409),
    )
    assert last == ("Grace is the last admin: add another one first.", exit_code_of(409))
    assert gone == ("Grace has no access any more\n", 0)
    assert "taken away" in listed


def test_a_contact_that_the_spec_does_not_have_is_refused_with_the_nearest(people):
    refused, code = people("add", "Grace", "--rank", "admin", "--contact", "securty")
    people("add", "Grace", "--rank", "admin", "--contact", "security")
    listed, _ = people("list")

    assert (refused.endswith("found 'securty'; did you mean security?"), code) == (True, exit_code_of(422))
    assert "not in the spec" not in listed


def test_what_nobody_can_mean_is_asked_wrongly(people):
    people("add", "Grace", "--rank", "admin")

    assert people("revoke", "Nobody") == ("Nobody called 'Nobody' has access.", 2)
    assert people("add", " ", "--rank", "viewer") == ("name: String should have at least 1 character", 2)
    assert people("add", "Grace", "--rank", "viewer")[1] == 1


def test_whoever_never_saw_the_first_admins_token_lets_themself_in_on_the_desks_machine(people):
    """The desk may die between its commit and its answer: only a digest is kept, and nobody else could add anybody."""
    people("add", "Grace", "--rank", "admin")
    token, added = people("add", "Grace again", "--rank", "admin")
    gone = people("revoke", "Grace")
    people("add", "Grace", "--rank", "admin")

    assert (added, "vcci_desk_" in token) == (0, True)
    assert gone == ("Grace has no access any more\n", 0)
    assert people("revoke", "Grace again") == ("Grace again has no access any more\n", 0)

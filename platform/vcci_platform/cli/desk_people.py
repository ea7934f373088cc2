"""`vcci desk people`: who may use the desk, on the desk's own store; whoever has that may do everything."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from vcci_platform.cli.ask import WRONGLY, exit_code_of
from vcci_platform.cli.options import AsJson
from vcci_platform.clock import SystemClock
from vcci_platform.errors import PlatformError
from vcci_platform.incidents import caretaking
from vcci_platform.incidents.access import Actor, Rank
from vcci_platform.incidents.desk_views import NewPerson, people_view
from vcci_platform.problems import Problem
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_platform.storage import migrate
from vcci_platform.storage.database import Database, connect

__all__ = ["people_app"]

people_app = typer.Typer(help="Who may use the desk.", no_args_is_help=True)


class NotDone(PlatformError):
    """The desk does not allow it: the name is taken or nobody's, an admin is missing. It ends as over the API."""

    def __init__(self, detail: str, exit_code: int) -> None:
        super().__init__(detail)
        self.exit_code = exit_code


@people_app.command()
def add(
    name: Annotated[str, typer.Argument(help="How the timeline names them")],
    *,
    rank: Annotated[Rank, typer.Option(help="viewer reads, responder acts, commander decides, admin adds people")],
    contact: Annotated[str, typer.Option(help="Their role among the contacts of the spec, such as security")] = "",
) -> None:
    """Add a person and print their token, this once. The first one is an admin; from then on everybody signs in."""
    with _store() as database, _words():
        asked = NewPerson(name=name, rank=rank, contact=contact)
        made = caretaking.add_person(database, SystemClock(), asked, _here(), _contacts() if contact else ())
    typer.echo(f"{made.name} has the rank {made.rank}; the token is shown only now:", err=True)
    typer.echo(made.token)


@people_app.command("list")
def show(*, as_json: AsJson = False) -> None:
    """Show everybody, those whose access was taken away too."""
    with _store() as database, database.read() as connection:
        found = people_view(connection, _contacts(), is_open=False).items
    if as_json:
        typer.echo(json.dumps([person.model_dump(mode="json") for person in found], indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "rank", "contact", "since", "access"):
        table.add_column(title)
    for person in found:
        access = f"taken away {person.revoked_at:%Y-%m-%d}" if person.revoked_at else "yes"
        contact = f"{person.contact or '-'}{'' if person.contact_known else ' (not in the spec)'}"
        table.add_row(person.name, person.rank, contact, f"{person.created_at:%Y-%m-%d}", access)
    Console().print(table if found else "Nobody was added: on this machine nobody has to sign in.")


@people_app.command()
def revoke(name: Annotated[str, typer.Argument(help="Their name")]) -> None:
    """Take a person's access away, at once and with every session. The last admin stays: add another one first."""
    with _store() as database, _words():
        caretaking.revoke_person(database, SystemClock(), name, _here())
    typer.echo(f"{name} has no access any more")


def _contacts() -> tuple[str, ...]:
    """Return the contacts of the spec."""
    return tuple(contact.name for contact in platform_plan(Settings()).contacts)


def _here() -> Actor:
    """Return who acts: whoever can read and write the store needs no token."""
    user = os.environ.get("USER", "").strip() or "somebody"
    return Actor(f"{user} at the command line", Rank.ADMIN, signed_in=False)


@contextmanager
def _words() -> Generator[None]:
    try:
        yield
    except Problem as problem:
        raise NotDone(problem.detail, exit_code_of(problem.status)) from None
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise NotDone(told, WRONGLY) from None


@contextmanager
def _store() -> Generator[Database]:
    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = connect(settings.incident_database)
    try:
        migrate.upgrade(database, "desk")
        yield database
    finally:
        database.close()

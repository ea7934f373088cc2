"""Who may do what at the desk: ranks, people with tokens, and the open door of a desk that nobody was added to."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from vcci_platform.incidents import people, sessions
from vcci_platform.incidents.model import Incident, Nature
from vcci_platform.incidents.people import Once
from vcci_platform.problems import Problem
from vcci_platform.storage.database import Database

__all__ = ["Access", "Actor", "Rank", "digest", "new_token", "takes", "visitor"]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
API = "/v1/"
TOKEN_PREFIX = "vcci_desk_"  # noqa: S105 - how a token begins, not one


class Rank(StrEnum):
    """What a person may do; each may do what those before it may.

    A viewer reads; a responder works on incidents; a commander speaks to the public, holds the clock, lowers a
    severity and sees security incidents; an admin adds people and retries what failed.
    """

    VIEWER = "viewer"
    RESPONDER = "responder"
    COMMANDER = "commander"
    ADMIN = "admin"

    def covers(self, other: Rank) -> bool:
        """Return whether this rank may do what the other may."""
        ranks = list(Rank)
        return ranks.index(self) >= ranks.index(other)


@dataclass(frozen=True)
class Actor:
    """Who acts. `contact` is the person's role among the contacts of the spec, such as `security`.

    `once` is set where they ask under an Idempotency-Key.
    """

    name: str
    rank: Rank
    contact: str = ""
    signed_in: bool = True
    once: Once | None = None

    def named(self, by: str) -> str:
        """Return under which name this person acts: their own, or what they say where nobody signs in."""
        if not self.signed_in:
            if not by:
                errors = [{"field": "body.by", "expected": "your name", "found": "nothing"}]
                raise Problem(status=422, code="name-needed", detail="Say who you are: `by`.", errors=errors)
            return by
        if by and by != self.name:
            raise Problem(status=403, code="another-name", detail=f"You are {self.name}: leave `by` out.")
        return self.name

    def sees_all(self, allowed: tuple[str, ...]) -> bool:
        """Return whether this person may see security incidents; `allowed` are the contacts who do."""
        return self.rank.covers(Rank.COMMANDER) or (bool(self.contact) and self.contact in allowed)

    def sees(self, incident: Incident, allowed: tuple[str, ...]) -> bool:
        """Return whether this person may see an incident; `allowed` are the contacts who see security incidents."""
        return incident.nature is not Nature.SECURITY or self.sees_all(allowed)


visitor: ContextVar[Actor | None] = ContextVar("visitor", default=None)
"""Who made the request that is being answered, for the frame around a page; None where nobody was let in."""


def new_token() -> str:
    """Return a token that nobody can guess."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is kept of a token: it is long and random, so that a plain hash of it tells nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


async def _once(request: Request, actor: Actor) -> Once | None:
    """Return the key under which something is asked to be done once. Keys are each person's own."""
    key = request.headers.get("Idempotency-Key", "")
    if not key or request.method in SAFE:
        return None
    asked = f"{request.method} {request.scope['path']}\n".encode() + await request.body()
    return Once(digest(f"{actor.name}\n{key}"), hashlib.sha256(asked).hexdigest())


def _nobody(_request: Request) -> str | None:
    return None


class Access:
    """The door of the desk.

    `is_local`: the desk listens to this machine alone. As long as nobody was added, whoever can reach such a desk may
    do everything, and the desk says so; from the first person on, and on any other address, everybody signs in.
    `remembers` returns the session that a browser's cookie names, as `sessions.begin` made it. A session reads the API
    and uses the pages; what changes something over the API takes a token, which no other site can make a browser send.
    """

    def __init__(
        self, database: Database, *, is_local: bool, remembers: Callable[[Request], str | None] = _nobody
    ) -> None:
        self._database = database
        self._is_local = is_local
        self._remembers = remembers

    @property
    def is_open(self) -> bool:
        """Whether nobody has to sign in."""
        return self._is_local and not self.knows_anybody

    @property
    def knows_anybody(self) -> bool:
        """Whether anybody was ever added."""
        with self._database.read() as connection:
            return people.anybody(connection)

    def actor(self, request: Request) -> Actor:
        """Return who asks, or refuse with 401; the door of the process may have found out already."""
        found: Actor | None = getattr(request.state, "actor", None)
        return found or self.recognise(request)

    def recognise(self, request: Request) -> Actor:
        """Return who asks, as the store knows them now, or refuse with 401."""
        token = _bearer(request)
        found = self.known(token) if token else self._by_session(request)
        if found is not None:
            return found
        if not token and self.is_open:
            return Actor("", Rank.ADMIN, signed_in=False)
        detail = "Send a token of the desk as 'Authorization: Bearer …'; `vcci desk people add` makes one."
        raise Problem(status=401, code="unauthorized", detail=detail, headers={"WWW-Authenticate": "Bearer"})

    def known(self, token: str) -> Actor | None:
        """Return whose token this is."""
        found = self.person(token)
        return found[1] if found else None

    def person(self, token: str) -> tuple[str, Actor] | None:
        """Return the number of the person whose token this is, and who that is."""
        with self._database.read() as connection:
            row = people.by_digest(connection, digest(token))
        return (row["id"], Actor(row["name"], Rank(row["rank"]), row["contact"])) if row else None

    def end_session(self, request: Request, now: datetime) -> None:
        """End the session that a browser shows, if it shows one: its cookie opens nothing any more, wherever it is."""
        session = self._remembers(request)
        if session is not None:
            with self._database.write() as connection:
                sessions.end(connection, session, now)

    def of_rank(self, rank: Rank) -> Callable[[Request], Awaitable[Actor]]:
        """Return a dependency that lets those of this rank or a higher one in, and refuses others with 403."""

        async def dependency(request: Request) -> Actor:
            actor = await run_in_threadpool(self.actor, request)
            takes(actor, rank)
            return replace(actor, once=await _once(request, actor))

        return dependency

    def reads(self, changing: Rank) -> Callable[[Request], Actor]:
        """Return a dependency that lets everybody known read, and those of this rank change something."""

        def dependency(request: Request) -> Actor:
            actor = self.actor(request)
            if request.method not in SAFE:
                takes(actor, changing)
            return actor

        return dependency

    def _by_session(self, request: Request) -> Actor | None:
        if request.scope["path"].startswith(API) and request.method not in SAFE:
            return None
        session = self._remembers(request)
        if session is None:
            return None
        with self._database.read() as connection:
            number = sessions.person_of(connection, session)
            row = people.by_number(connection, number) if number else None
        return Actor(row["name"], Rank(row["rank"]), row["contact"]) if row else None


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def takes(actor: Actor, rank: Rank, what: str = "This") -> None:
    """Refuse with 403 what takes a higher rank."""
    if not actor.rank.covers(rank):
        detail = f"{what} takes {_one(rank)}; {actor.name} is {_one(actor.rank)}."
        raise Problem(status=403, code="forbidden", detail=detail)


def _one(rank: Rank) -> str:
    return f"an {rank}" if rank is Rank.ADMIN else f"a {rank}"

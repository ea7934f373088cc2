"""A new sandbox made what the spec says, as `vcci pagerduty apply` makes an account, so that it works at once.

Without it the first account has one policy of its own: the desk would find none of the policies by which it asks a
level to join, and would page anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import httpx2

from vcci_alerts.pagerduty import Wanted
from vcci_platform.incidents.oncall.account import read_account
from vcci_platform.incidents.oncall.applying import apply
from vcci_platform.incidents.oncall.difference import difference, known_ids
from vcci_platform.incidents.vendors.pagerduty_connection import Connection
from vcci_platform.sandbox.constants import PAGERDUTY_API_KEY, PAGERDUTY_FROM, ROUTING_KEY
from vcci_platform.sandbox.pagerduty.orchestration_forms import START
from vcci_platform.sandbox.pagerduty.refusals import RestRefusal
from vcci_platform.sandbox.pagerduty.rest.call import Call
from vcci_platform.sandbox.state import Sandbox

__all__ = ["furnisher", "reachable"]

FIRST_SERVICE = "PSERVCE"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def reachable(wanted: Wanted) -> Wanted:
    """Return what the sandbox can have of it: it tells nobody who is not on this machine.

    The desk beside it hears of everything all the same, by the webhook that the sandbox has from the start.
    """
    url = wanted.subscription.url if wanted.subscription else ""
    return replace(wanted, subscription=None) if urlsplit(url).hostname not in LOOPBACK else wanted


def furnisher(
    wanted: Wanted, given: Mapping[str, str], tell: Callable[[str], None] = lambda _: None
) -> Callable[[Sandbox], None]:
    """Return what makes a new sandbox as the spec says; `tell` hears of what is in the way, and then nothing is done.

    Its people are those of the spec too, since the mails of a spec are nobody's in an account that was just made.
    """
    wish = reachable(wanted)

    def furnish(sandbox: Sandbox) -> None:
        connection = Connection(PAGERDUTY_API_KEY, sandbox.clock, sender=PAGERDUTY_FROM, transport=_InProcess(sandbox))
        try:
            _invite(sandbox, connection, wish)
            _hand_over(connection, wish)
            now = sandbox.clock.now()
            account = read_account(connection, wish, given, ROUTING_KEY, now)
            found = difference(wish, account, given)
            for obstacle in found.obstacles:
                tell(obstacle)
            if not found.obstacles:
                apply(connection, wish, account, found, known_ids(wish, account, given), now)
        finally:
            connection.close()

    return furnish


def _invite(sandbox: Sandbox, connection: Connection, wish: Wanted) -> None:
    """Add the people whom the spec names and the account does not know."""
    targets = [target for policy in wish.every_policy for rule in policy.rules for target in rule.targets]
    names = {mail: mail for schedule in wish.schedules for mail in schedule.members}
    names |= {target.ref: target.role for target in targets if target.kind == "user"}
    for mail, name in names.items():
        if sandbox.pagerduty.account.user_by_email(mail) is None:
            connection.send("POST", "/users", {"user": {"type": "user", "name": name, "email": mail}})


def _hand_over(connection: Connection, wish: Wanted) -> None:
    """Mark the first service as the spec's, and take its rules away: the spec brings its own."""
    service = {"type": "service", "description": wish.description("service", "main")}
    connection.send("PUT", f"/services/{FIRST_SERVICE}", {"service": service})
    rules = {"orchestration_path": {"type": "service", "sets": [{"id": START, "rules": []}]}}
    connection.send("PUT", f"/event_orchestrations/services/{FIRST_SERVICE}", rules)


class _InProcess(httpx2.BaseTransport):
    """Carries a request to the sandbox's REST API without a socket, a limit or a fault."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        content = request.read()
        query: dict[str, list[str]] = {}
        for name, value in request.url.params.multi_items():
            query.setdefault(name, []).append(value)
        call = Call(
            method=request.method,
            path=request.url.path.rstrip("/"),
            now=self._sandbox.clock.now(),
            query=query,
            body=json.loads(content) if content else None,
            by=request.headers.get("from"),
        )
        try:
            answer = self._sandbox.rest(call)
        except RestRefusal as refusal:
            return _sent(refusal.status, refusal.body)
        return _sent(answer.status, answer.body)


def _sent(status: int, body: object) -> httpx2.Response:
    """Return an answer whose body has yet to arrive: the client measures how long that takes."""
    content = b"" if body is None else json.dumps(body).encode()
    return httpx2.Response(status, stream=httpx2.ByteStream(content))

"""Which PagerDuty is asked: the account of the environment, or the sandbox on this machine when told so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from vcci_platform.clock import Clock
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.oncall.memory import RosterMemory
from vcci_platform.incidents.oncall.roster import PAGERDUTY, Asked, pagerduty_roster
from vcci_platform.incidents.oncall.shelf import RosterShelf
from vcci_platform.incidents.vendors.pace import Paces
from vcci_platform.incidents.vendors.pagerduty_connection import TIMEOUT_SECONDS, Connection
from vcci_platform.incidents.vendors.pagerduty_rest import PagerDutyRest
from vcci_platform.incidents.vendors.targets import SANDBOX_API_TOKEN, SANDBOX_CA_FILE, SANDBOX_FROM
from vcci_platform.settings import Settings, environment
from vcci_platform.storage.database import Database
from vcci_slo import Plan
from vcci_slo.plan import LINES, Line

__all__ = ["SANDBOX", "SANDBOX_SCHEDULES", "NoAccount", "Pagers", "connect", "given_schedules", "roster_of"]

ROSTER_SECONDS: Final = 3.0
"""How long is waited for PagerDuty's roster: somebody looks at the page or the command that shows it."""

# The sandbox's, in vcci_platform.sandbox.first_account; a test keeps the two alike.
SANDBOX_SCHEDULES: Final[Mapping[Line, str]] = {"primary": "PSCHED1", "secondary": "PSCHED2"}
"""The schedules of a new sandbox, for lines whose variable the environment does not give."""
SANDBOX: Final = "the sandbox"


class NoAccount(PlatformError):
    """No account was given, and the sandbox was not meant."""

    exit_code = 2


@dataclass(frozen=True)
class Pagers:
    """Who has the roster that the spec has not: PagerDuty, or what stands in for it.

    What `ask` was told is kept; `known` tells that alone, and never waits.
    """

    name: str
    ask: Asked
    known: Asked
    close: Callable[[], None]


def roster_of(
    settings: Settings,
    plan: Plan,
    clock: Clock,
    *,
    sandbox: bool = False,
    paces: Paces | None = None,
    database: Database | None = None,
) -> Pagers | None:
    """Return who can be asked for the roster; None where the spec has all of it, or no account is given.

    What they said is kept in the `database` of a desk, over restarts.
    """
    schedules: dict[str, Line] = {
        rota.schedule(line): line for rota in plan.on_call for line in LINES if rota.schedule(line)
    }
    if not schedules or (settings.pagerduty_api_token is None and not sandbox):
        return None
    rest = PagerDutyRest(connect(settings, clock, sandbox=sandbox, paces=paces, timeout_seconds=ROSTER_SECONDS))
    given = given_schedules(schedules, plan, sandbox=sandbox)
    shelf = RosterShelf(database, given) if database is not None else None
    memory = RosterMemory(pagerduty_roster(rest, given), clock, shelf)
    return Pagers(SANDBOX if sandbox else PAGERDUTY, memory, memory.known, rest.close)


def given_schedules(variables: Iterable[str], plan: Plan, *, sandbox: bool) -> dict[str, str]:
    """Return the id of a schedule for each variable that has one: the environment's, else one of a new sandbox."""
    wanted = tuple(variables)
    given = environment(wanted)
    if not sandbox:
        return given
    lines: dict[str, Line] = {rota.schedule(line): line for rota in plan.on_call for line in LINES}
    return {variable: SANDBOX_SCHEDULES[lines.get(variable, "primary")] for variable in wanted} | given


def connect(
    settings: Settings,
    clock: Clock,
    *,
    sandbox: bool = False,
    paces: Paces | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Connection:
    """Return a connection to PagerDuty's REST API. Raises NoAccount without a token, unless the sandbox is meant.

    A desk gives its `paces`, since PagerDuty counts its questions and its changes together; a command counts its own.
    """
    if sandbox:
        return Connection(
            SANDBOX_API_TOKEN,
            clock,
            sender=SANDBOX_FROM,
            base_url=f"https://127.0.0.1:{settings.sandbox_tls_port}",
            ca_file=settings.home / SANDBOX_CA_FILE,
            timeout_seconds=timeout_seconds,
        )
    if settings.pagerduty_api_token is None:
        raise NoAccount(
            "PAGERDUTY_API_TOKEN: expected a key of PagerDuty's REST API, found nothing; --sandbox asks the stand-in"
        )
    return Connection(
        settings.pagerduty_api_token.get_secret_value(),
        clock,
        sender=settings.pagerduty_from,
        base_url=settings.pagerduty_api_url,
        ca_file=settings.pagerduty_ca_file,
        paces=paces,
        timeout_seconds=timeout_seconds,
    )

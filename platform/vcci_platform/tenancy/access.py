"""The door of the HTTP API: a dependency that finds out who calls, and how often they may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NoReturn

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from vcci_platform.problems import Problem
from vcci_platform.telemetry import logs
from vcci_platform.telemetry.metrics import ServiceMetrics
from vcci_platform.tenancy.affected.tally import KnownKeys
from vcci_platform.tenancy.keys import Tenancy
from vcci_platform.tenancy.limits import RequestLimit
from vcci_platform.tenancy.model import AuthenticationError, Caller

__all__ = ["Authenticate", "authenticator", "recognised"]

log = logs.get(__name__)

Authenticate = Callable[..., Caller]
"""What a router asks for: a FastAPI dependency that gives the caller or refuses the request."""

_bearer = HTTPBearer(auto_error=False, description="An API key: vcci_…")
_header = APIKeyHeader(
    name="X-API-Key", auto_error=False, description="The same key, for clients without bearer tokens"
)


def authenticator(
    tenancy: Tenancy, metrics: ServiceMetrics, limit: RequestLimit | None = None, keys: KnownKeys | None = None
) -> Authenticate:
    """Return the dependency that every route of a tenant's data has; it tells `keys` which ones are good."""

    def authenticate(
        request: Request,
        response: Response,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        header: Annotated[str | None, Depends(_header)],
    ) -> Caller:
        try:
            presented = _presented(request, bearer, header)
            caller = tenancy.authenticate(presented)
        except AuthenticationError as error:
            metrics.auth_failures.labels(error.reason).inc()
            # The manual's words, by which its dashboards and searches find the event.
            log.warning("authentication failed", reason=error.reason, key_prefix=error.prefix, path=request.url.path)
            _refuse(error)
        recognised(caller)
        if keys is not None:
            keys.remember(presented, caller.tenant_id)
        if limit is not None:
            _spend(limit, caller, response)
        return caller

    return authenticate


def recognised(caller: Caller) -> Caller:
    """Let the log lines and the counts of this request tell whose it is, and return the caller."""
    logs.note(tenant_id=caller.tenant_id)
    return caller


def _presented(request: Request, bearer: HTTPAuthorizationCredentials | None, header: str | None) -> str:
    if bearer is not None:
        return bearer.credentials
    if header:
        return header
    if request.headers.get("Authorization"):
        raise AuthenticationError(
            "malformed", "Expected the header Authorization: Bearer vcci_…, found another scheme."
        )
    raise AuthenticationError(
        "missing", "Send an API key as Authorization: Bearer vcci_… or as X-API-Key; `vcci tenant create` makes one."
    )


def _refuse(error: AuthenticationError) -> NoReturn:
    raise Problem(
        status=401,
        code="unauthenticated",
        detail=str(error),
        headers={"WWW-Authenticate": 'Bearer realm="vcci"'},
    ) from None


def _spend(limit: RequestLimit, caller: Caller, response: Response) -> None:
    allowance = limit.spend(caller.key_id)
    if allowance is None:
        log.warning("request_limit_unavailable", key_id=caller.key_id)
        return
    if not allowance.allowed:
        log.warning("rate limit exceeded", key_id=caller.key_id, tenant_id=caller.tenant_id, limit=allowance.limit)
        raise Problem(
            status=429,
            code="too-many-requests",
            detail=f"This key may ask {allowance.limit} times a minute; ask again in {allowance.reset_seconds} s.",
            headers=allowance.headers(),
        )
    response.headers.update(allowance.headers())

"""The route that tells operators which tenants a fault touched. No tenant's key opens it."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from vcci_platform.problems import Problem
from vcci_platform.telemetry import logs
from vcci_platform.tenancy.affected.model import Touched
from vcci_platform.tenancy.affected.store import TroubleStore
from vcci_platform.tenancy.affected.tasks import KEPT, Bookkeeper

__all__ = ["PATH", "AffectedTenantsView", "JobsFailed", "TenantView", "router"]

PATH = "/v1/operations/affected-tenants"
MOST = 200

JobsFailed = Callable[[datetime, datetime], Mapping[str, int]]
"""How many jobs of each tenant were given up in a span."""

log = logs.get(__name__)
_bearer = HTTPBearer(auto_error=False, scheme_name="Operator", description="The operators' token: VCCI_OPERATOR_TOKEN")


class TenantView(BaseModel):
    """A tenant that met trouble; `requests` are those at the endpoints and in the minutes in which there was some."""

    id: str
    name: str
    requests: int
    failed: int
    slow: int
    endpoints: tuple[str, ...] = Field(description="Where, the worst first")
    jobs_failed: int = Field(description="Jobs that were given up")
    first_at: datetime | None = Field(description="From when on requests failed or were slow; null where none did")
    last_at: datetime | None


class AffectedTenantsView(BaseModel):
    """Whom a fault touched in a span. `known` 0 means that nobody was there to count, and nothing is known."""

    start: datetime
    end: datetime
    known: float = Field(description="The share of the span in which a process of the service was there to count")
    slow_after: float | None = Field(description="An answer that takes more seconds is slow; null where none is")
    requests: int
    failed: int
    slow: int
    untold: int = Field(description="Failed and slow requests whose tenant nobody knows")
    registered: int = Field(description="How many tenants there are")
    endpoints: dict[str, int] = Field(description="Failed requests by endpoint, as far as their tenants are known")
    tenants: tuple[TenantView, ...]
    more: int = Field(description="How many tenants were touched beside those that are listed")


def router(book: Bookkeeper, jobs_failed: JobsFailed, token: str) -> APIRouter:
    """Return the route; who asks shows the operators' token."""
    routes = APIRouter(tags=["operations"])

    def operator(bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        shown = bearer.credentials if bearer is not None else ""
        if not hmac.compare_digest(shown.encode(), token.encode()):
            log.warning("operator_refused", shown=bool(shown))
            headers = {"WWW-Authenticate": 'Bearer realm="vcci-operators"'}
            detail = "Send the operators' token, VCCI_OPERATOR_TOKEN, as Authorization: Bearer …"
            raise Problem(status=401, code="unauthenticated", detail=detail, headers=headers)

    @routes.get(PATH, dependencies=[Depends(operator)])
    def affected_tenants(
        start: Annotated[AwareDatetime, Query(alias="from")],
        end: Annotated[AwareDatetime | None, Query(alias="to", description="Unset, now")] = None,
    ) -> AffectedTenantsView:
        """Which tenants met failed or slow requests in a span, and how much of it was seen."""
        now = book.clock.now()
        since, until = start.astimezone(UTC), min((end or now).astimezone(UTC), now)
        if not timedelta(0) < until - since <= KEPT:
            reason = f"expected a moment before {until.isoformat()}, by {KEPT.days} days at the most"
            errors = [{"field": "query.from", "reason": reason}]
            raise Problem(status=422, code="wrong-span", detail="`from` and `to` are no span.", errors=errors)
        try:
            book.keep(everything=True)  # what this process has counted until this moment
            seen = book.store.seen(since, until)
            registered = book.store.registered()
            tenants = _tenants(seen.tenants, jobs_failed(since, until), book.store)
        except SQLAlchemyError as error:
            detail = "The service's store does not answer: who was touched is not known now. Please ask again."
            raise Problem(status=503, code="store-unavailable", detail=detail) from error
        return AffectedTenantsView(
            start=since,
            end=until,
            slow_after=book.tally.slow_after,
            registered=registered,
            endpoints=dict(seen.endpoints),
            tenants=tenants[:MOST],
            more=max(0, len(tenants) - MOST),
            **{name: getattr(seen, name) for name in ("known", "requests", "failed", "slow", "untold")},
        )

    return routes


def _tenants(touched: Sequence[Touched], jobs: Mapping[str, int], store: TroubleStore) -> tuple[TenantView, ...]:
    """Return the tenants whose requests met trouble, and after them those whose jobs alone did."""
    found = [TenantView(**vars(tenant), jobs_failed=jobs.get(tenant.id, 0)) for tenant in touched]
    others = sorted(set(jobs) - {tenant.id for tenant in touched}, key=lambda number: (-jobs[number], number))
    nothing: dict[str, Any] = {
        "requests": 0,
        "failed": 0,
        "slow": 0,
        "endpoints": (),
        "first_at": None,
        "last_at": None,
    }
    names = store.names(others)
    found += [
        TenantView(id=number, name=names[number], jobs_failed=jobs[number], **nothing)
        for number in others
        if number in names
    ]
    return tuple(found)

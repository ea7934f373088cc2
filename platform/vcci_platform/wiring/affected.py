"""Whom an incident touched, asked of the service, which alone knows which tenant a request belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import httpx
from pydantic import SecretStr, ValidationError

from vcci_platform.asking import Access, Asker, AskingError, Bounds, NotAllowed
from vcci_platform.incidents.tenants import Affected, AffectedTenant
from vcci_platform.settings import Settings
from vcci_platform.tenancy.affected.routes import PATH, AffectedTenantsView
from vcci_platform.tenancy.pepper import operator_token
from vcci_slo import Plan
from vcci_slo.plan import EventsSignal, Signal

__all__ = ["SERVICE_JOB", "ServiceTenants", "is_service", "operators_access", "service_tenants"]

SERVICE_JOB: Final = "vcci-api"
"""By this label of its series the spec knows the service that counts tenants."""

NOBODY = "nobody counts by tenant in this system"
REFUSED = "the service refuses the operators' token: give both the same VCCI_OPERATOR_TOKEN"


@dataclass(frozen=True)
class ServiceTenants:
    """Asks the service, for the systems that it serves; what cannot be had is unknown, and says why."""

    asker: Asker
    systems: frozenset[str]

    def __call__(self, systems: frozenset[str], start: datetime, end: datetime) -> Affected:
        """Return whom trouble in these systems touched in a span."""
        if not systems & self.systems:
            return Affected(unknown=NOBODY)
        try:
            said = self.asker.get(PATH, {"from": start.isoformat(), "to": end.isoformat()})
            return _affected(AffectedTenantsView.model_validate(said))
        except NotAllowed:
            return Affected(unknown=REFUSED)
        except AskingError as error:
            return Affected(unknown=str(error))
        except ValidationError:
            return Affected(unknown="the service answers in another form: is it of another version?")


def service_tenants(settings: Settings, plan: Plan, client: httpx.Client, bounds: Bounds) -> ServiceTenants:
    """Return who is asked for tenants; `client` introduces itself with the operators' token."""
    return ServiceTenants(Asker(client, "the service", settings.service_at, bounds), _served(plan))


def operators_access(settings: Settings) -> Access:
    """Return how the desk introduces itself to the service."""
    return Access(token=SecretStr(operator_token(settings)))


def is_service(signal: Signal) -> bool:
    """Return whether a signal counts what the service does."""
    matchers = signal.selector if isinstance(signal, EventsSignal) else ()
    return any(matcher.label == "job" and matcher.holds({"job": SERVICE_JOB}) for matcher in matchers)


def _served(plan: Plan) -> frozenset[str]:
    """Return the systems whose components are the service."""
    return frozenset(one.system for one in plan.components for signal in one.signals if is_service(signal))


def _affected(view: AffectedTenantsView) -> Affected:
    if view.known <= 0:
        return Affected(unknown="the service counted nothing in this time")
    same = view.model_dump(
        include={"known", "requests", "failed", "slow", "untold", "registered", "slow_after", "more", "endpoints"}
    )
    fields = set(AffectedTenant.__dataclass_fields__)
    return Affected(**same, tenants=tuple(AffectedTenant(**one.model_dump(include=fields)) for one in view.tenants))

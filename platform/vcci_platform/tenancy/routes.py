"""HTTP routes about the caller's own tenant: who it is, which keys it has, and the end of a key."""

# Annotations are evaluated where they stand, because FastAPI must see the dependency that is passed in.
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from vcci_platform.problems import Problem
from vcci_platform.tenancy.access import Authenticate
from vcci_platform.tenancy.keys import Tenancy
from vcci_platform.tenancy.model import ApiKey, Caller, TenancyError

__all__ = ["router"]


class TenantView(BaseModel):
    """The tenant that a key belongs to."""

    id: str
    name: str
    created_at: datetime


class KeyView(BaseModel):
    """An API key without its secret."""

    id: str
    name: str
    prefix: str = Field(description="The first part of the key, by which a person recognises it")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    current: bool = Field(description="Whether this request was made with it")


class KeyList(BaseModel):
    """Every key of a tenant, oldest first."""

    items: list[KeyView]


def router(tenancy: Tenancy, authenticate: Authenticate) -> APIRouter:
    """Return the routes under /v1 of a tenant's own affairs."""
    routes = APIRouter(prefix="/v1", tags=["tenants"])

    @routes.get("/tenant", summary="The tenant that the key belongs to")
    def show_tenant(caller: Annotated[Caller, Depends(authenticate)]) -> TenantView:
        tenant = tenancy.tenant(caller.tenant_id)
        return TenantView(id=tenant.id, name=tenant.name, created_at=tenant.created_at)

    @routes.get("/keys", summary="The tenant's API keys, without their secrets")
    def list_keys(caller: Annotated[Caller, Depends(authenticate)]) -> KeyList:
        return KeyList(items=[_view(key, caller) for key in tenancy.keys(caller.tenant_id)])

    @routes.delete("/keys/{key}", summary="Revoke a key, by id or prefix, at once and for good")
    def revoke_key(key: str, caller: Annotated[Caller, Depends(authenticate)]) -> KeyView:
        try:
            return _view(tenancy.revoke(key, caller.tenant_id), caller)
        except TenancyError as error:
            raise Problem(status=404, code="not-found", detail=f"This tenant has no key {key!r}.") from error

    return routes


def _view(key: ApiKey, caller: Caller) -> KeyView:
    return KeyView(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        current=key.id == caller.key_id,
    )

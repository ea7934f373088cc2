"""Tenants and their keys in the database: made once, looked up by prefix, compared in constant time."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vcci_platform.clock import Clock
from vcci_platform.storage.database import Database
from vcci_platform.storage.ids import new_id
from vcci_platform.tenancy import tables
from vcci_platform.tenancy.model import (
    PREFIX_HEX,
    SECRET_BYTES,
    ApiKey,
    AuthenticationError,
    Caller,
    TenancyError,
    Tenant,
    digest,
    join_key,
    split_key,
)

__all__ = ["Tenancy"]

NAME_LIMIT_CHARACTERS = 200


class Tenancy:
    """The tenants of one service database."""

    def __init__(self, database: Database, pepper: bytes, clock: Clock) -> None:
        if len(pepper) < 16:
            raise TenancyError("the pepper of the API keys must have at least 16 bytes; see API_KEY_PEPPER")
        self._database = database
        self._pepper = pepper
        self._clock = clock

    def create_tenant(self, name: str) -> Tenant:
        """Add a tenant; its name is unique."""
        made = Tenant(id=new_id("ten"), name=_name(name, "tenant"), created_at=self._clock.now())
        try:
            with self._database.write() as connection:
                connection.execute(insert(tables.tenant).values(id=made.id, name=made.name, created_at=made.created_at))
        except IntegrityError as error:
            raise TenancyError(f"there is already a tenant named {made.name!r}") from error
        return made

    def tenants(self) -> list[Tenant]:
        """Return all tenants by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(tables.tenant).order_by(tables.tenant.c.name)).all()
        return [_tenant(row) for row in rows]

    def tenant(self, name_or_id: str) -> Tenant:
        """Return the tenant of this name or id."""
        table = tables.tenant
        with self._database.read() as connection:
            row = connection.execute(
                select(table).where((table.c.name == name_or_id) | (table.c.id == name_or_id))
            ).one_or_none()
        if row is None:
            raise TenancyError(f"there is no tenant {name_or_id!r}; `vcci tenant list` shows them")
        return _tenant(row)

    def count(self) -> int:
        """Return how many tenants may use the service."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(tables.tenant)).scalar_one()

    def create_key(self, tenant_id: str, name: str, valid_for: timedelta | None = None) -> tuple[ApiKey, str]:
        """Make a key and return it with its text, which is never stored and cannot be shown again."""
        now = self._clock.now()
        if valid_for is not None and valid_for <= timedelta(0):
            raise TenancyError("a key must be valid for more than no time")
        prefix = secrets.token_hex(PREFIX_HEX // 2)
        text = join_key(prefix, secrets.token_urlsafe(SECRET_BYTES))
        key = ApiKey(
            id=new_id("key"),
            tenant_id=tenant_id,
            name=_name(name, "key"),
            prefix=prefix,
            created_at=now,
            expires_at=None if valid_for is None else now + valid_for,
            revoked_at=None,
        )
        row = {column: getattr(key, column) for column in ApiKey.__dataclass_fields__}
        try:
            with self._database.write() as connection:
                connection.execute(insert(tables.api_key).values(**row, digest=digest(self._pepper, text)))
        except IntegrityError as error:
            raise TenancyError(f"there is no tenant {tenant_id!r}") from error
        return key, text

    def keys(self, tenant_id: str) -> list[ApiKey]:
        """Return the keys of a tenant, oldest first, revoked and expired ones too."""
        table = tables.api_key
        query = select(table).where(table.c.tenant_id == tenant_id).order_by(table.c.id)
        with self._database.read() as connection:
            return [_key(row) for row in connection.execute(query)]

    def revoke(self, key: str, tenant_id: str | None = None) -> ApiKey:
        """Make the key of this id or prefix useless from now on; doing it again changes nothing."""
        table = tables.api_key
        named = (table.c.id == key) | (table.c.prefix == key)
        if tenant_id is not None:
            named &= table.c.tenant_id == tenant_id
        with self._database.write() as connection:
            connection.execute(
                update(table).where(named, table.c.revoked_at.is_(None)).values(revoked_at=self._clock.now())
            )
            row = connection.execute(select(table).where(named)).one_or_none()
        if row is None:
            raise TenancyError(f"there is no key {key!r}")
        return _key(row)

    def authenticate(self, presented: str) -> Caller:
        """Return who presents this key, or raise `AuthenticationError`.

        Only who holds the whole key learns that it was revoked or has expired; to all others it is unknown.
        """
        prefix, _ = split_key(presented)
        query = _held(tables.api_key.c.prefix == prefix)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if not hmac.compare_digest(row.digest if row else "", digest(self._pepper, presented)) or row is None:
            raise AuthenticationError("unknown", "The API key is not one of this service.", prefix)
        return self._caller(row)

    def caller(self, key_id: str) -> Caller:
        """Return who has shown this key before, or raise `AuthenticationError` when it does not hold any more."""
        with self._database.read() as connection:
            row = connection.execute(_held(tables.api_key.c.id == key_id)).one_or_none()
        if row is None:
            raise AuthenticationError("unknown", "The API key is not one of this service.")
        return self._caller(row)

    def _caller(self, row: Row[Any]) -> Caller:
        if row.revoked_at is not None:
            raise AuthenticationError("revoked", f"The API key was revoked at {_stamp(row.revoked_at)}.", row.prefix)
        if row.expires_at is not None and row.expires_at <= self._clock.now():
            raise AuthenticationError("expired", f"The API key expired at {_stamp(row.expires_at)}.", row.prefix)
        return Caller(tenant_id=row.tenant_id, tenant_name=row.tenant_name, key_id=row.id)


def _held(named: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return the query for a key together with the tenant that it belongs to."""
    key, tenant = tables.api_key, tables.tenant
    columns = (key.c.id, key.c.tenant_id, key.c.prefix, key.c.digest, key.c.expires_at, key.c.revoked_at)
    return select(*columns, tenant.c.name.label("tenant_name")).join_from(key, tenant).where(named)


def _name(name: str, what: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > NAME_LIMIT_CHARACTERS or not cleaned.isprintable():
        raise TenancyError(f"a {what} needs a name of 1 to {NAME_LIMIT_CHARACTERS} printable characters, got {name!r}")
    return cleaned


def _tenant(row: Row[Any]) -> Tenant:
    return Tenant(id=row.id, name=row.name, created_at=row.created_at)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(**{column: getattr(row, column) for column in ApiKey.__dataclass_fields__})


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")

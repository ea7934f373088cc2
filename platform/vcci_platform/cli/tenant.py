"""`vcci tenant`: tenants and their API keys, on the database that the settings name."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from vcci_platform.settings import Settings
from vcci_platform.storage import migrate
from vcci_platform.tenancy import Tenancy
from vcci_platform.wiring.tenants import service_tenancy

__all__ = ["app"]

app = typer.Typer(help="Tenants and their API keys.", no_args_is_help=True)
key_app = typer.Typer(help="Make, list and revoke the keys of a tenant.", no_args_is_help=True)
app.add_typer(key_app, name="key")

Days = Annotated[int | None, typer.Option(min=1, help="Days until the key expires; unset, it does not")]
TenantName = Annotated[str, typer.Argument(help="The tenant's name or id")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The tenant's name")],
    key_name: Annotated[str, typer.Option("--key", help="The name of its first key")] = "first",
    days: Days = None,
) -> None:
    """Add a tenant and print its first API key, this once."""
    with _tenancy() as tenancy:
        tenant = tenancy.create_tenant(name)
        _print_key(*_made(tenancy, tenant.id, key_name, days), tenant.name)


@app.command("list")
def list_tenants() -> None:
    """Show the tenants."""
    with _tenancy() as tenancy:
        table = Table("tenant", "id", "since", "keys in use")
        for tenant in tenancy.tenants():
            in_use = sum(key.revoked_at is None for key in tenancy.keys(tenant.id))
            table.add_row(tenant.name, tenant.id, f"{tenant.created_at:%Y-%m-%d}", str(in_use))
    Console().print(table)


@key_app.command("create")
def create_key(
    tenant: TenantName,
    name: Annotated[str, typer.Option(help="What the key is for")] = "key",
    days: Days = None,
) -> None:
    """Make another key and print it, this once."""
    with _tenancy() as tenancy:
        found = tenancy.tenant(tenant)
        _print_key(*_made(tenancy, found.id, name, days), found.name)


@key_app.command("list")
def list_keys(tenant: TenantName) -> None:
    """Show a tenant's keys, without their secrets."""
    with _tenancy() as tenancy:
        table = Table("key", "prefix", "made", "expires", "revoked")
        for key in tenancy.keys(tenancy.tenant(tenant).id):
            dates = (f"{moment:%Y-%m-%d}" if moment else "-" for moment in (key.expires_at, key.revoked_at))
            table.add_row(key.name, key.prefix, f"{key.created_at:%Y-%m-%d}", *dates)
    Console().print(table)


@key_app.command("revoke")
def revoke_key(key: Annotated[str, typer.Argument(help="The key's prefix or id")]) -> None:
    """Make a key useless, at once and for good."""
    with _tenancy() as tenancy:
        revoked = tenancy.revoke(key)
    typer.echo(f"revoked {revoked.prefix} ({revoked.name})")


def _made(tenancy: Tenancy, tenant_id: str, name: str, days: int | None) -> tuple[str, str]:
    key, text = tenancy.create_key(tenant_id, name, None if days is None else timedelta(days=days))
    return key.prefix, text


def _print_key(prefix: str, text: str, tenant: str) -> None:
    """Print the key alone on standard output, so that a script can take it, and the rest beside it."""
    typer.echo(f"tenant {tenant}, key {prefix}; it is shown only now:", err=True)
    typer.echo(text)


@contextmanager
def _tenancy() -> Generator[Tenancy]:
    with service_tenancy(Settings()) as (database, tenancy):
        migrate.upgrade(database, "service")
        yield tenancy

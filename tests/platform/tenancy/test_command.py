"""`vcci tenant`: the key alone on standard output, once."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from vcci_platform.cli.tenant import app
from vcci_platform.settings import Settings
from vcci_platform.tenancy.model import AuthenticationError
from vcci_platform.wiring.tenants import service_tenancy


@pytest.fixture
def vcci(tmp_path, monkeypatch):
    monkeypatch.setenv("VCCI_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_a_made_tenant_has_a_key_that_works(vcci):
    result = vcci("create", "Acme GmbH")

    with service_tenancy(Settings()) as (_, tenancy):
        caller = tenancy.authenticate(result.stdout.strip())
    assert caller.tenant_name == "Acme GmbH"
    assert "shown only now" in result.stderr


def test_the_list_shows_tenants_and_never_a_key(vcci):
    key = vcci("create", "Acme GmbH").stdout.strip()

    shown = vcci("list").stdout + vcci("key", "list", "Acme GmbH").stdout

    assert "Acme GmbH" in shown
    assert key not in shown


def test_a_key_can_be_added_and_revoked(vcci):
    vcci("create", "Acme GmbH")
    added = vcci("key", "create", "Acme GmbH", "--name", "nightly", "--days", "30").stdout.strip()

    revoked = vcci("key", "revoke", added.split("_")[1])

    assert revoked.exit_code == 0
    with service_tenancy(Settings()) as (_, tenancy), pytest.raises(AuthenticationError, match="was revoked"):
        tenancy.authenticate(added)


def test_an_unknown_tenant_is_named_in_the_refusal(vcci):
    result = vcci("key", "create", "Nobody")

    assert getattr(result.exception, "exit_code", None) == 2
    assert "there is no tenant 'Nobody'" in str(result.exception)

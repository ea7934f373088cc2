"""Keys: shown once, stored as a digest, refused for a reason."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from vcci_platform.settings import Settings
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.telemetry.redaction import REDACTED, process_redactor
from vcci_platform.tenancy import Tenancy
from vcci_platform.tenancy.model import AuthenticationError, TenancyError, digest
from vcci_platform.tenancy.pepper import kept_secret, pepper
from vcci_platform.testing import ManualClock

PEPPER = b"a pepper of the tests"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def database(tmp_path):
    database = connect(f"sqlite:///{tmp_path / 'a.db'}")
    migrate.upgrade(database, "service")
    yield database
    database.close()


@pytest.fixture
def tenancy(database, clock):
    return Tenancy(database, PEPPER, clock)


@pytest.fixture
def acme(tenancy):
    return tenancy.create_tenant("Acme GmbH")


def refusal(tenancy, presented: str) -> AuthenticationError:
    with pytest.raises(AuthenticationError) as caught:
        tenancy.authenticate(presented)
    return caught.value


def test_a_key_tells_who_calls(tenancy, acme):
    key, presented = tenancy.create_key(acme.id, "first")

    caller = tenancy.authenticate(presented)

    assert (caller.tenant_id, caller.tenant_name, caller.key_id) == (acme.id, "Acme GmbH", key.id)


def test_neither_the_key_nor_its_secret_part_is_in_the_database(tenancy, acme, database):
    _, presented = tenancy.create_key(acme.id, "first")

    with database.read() as connection:
        stored = " ".join(map(str, connection.execute(text("SELECT * FROM api_key")).one()))

    assert presented.split("_", 2)[2] not in stored
    assert digest(PEPPER, presented) in stored


def test_two_keys_are_never_the_same_and_carry_256_bits(tenancy, acme):
    secrets = {tenancy.create_key(acme.id, "k")[1].split("_", 2)[2] for _ in range(20)}

    assert len(secrets) == 20
    assert all(len(secret) == 43 for secret in secrets)


def test_a_key_of_another_pepper_is_unknown(tenancy, acme, database, clock):
    _, presented = tenancy.create_key(acme.id, "first")
    other = Tenancy(database, b"quite another pepper", clock)

    assert refusal(other, presented).reason == "unknown"


def test_a_key_with_one_wrong_character_is_unknown(tenancy, acme):
    _, presented = tenancy.create_key(acme.id, "first")
    wrong = presented[:-1] + ("A" if presented[-1] != "A" else "B")

    assert refusal(tenancy, wrong).reason == "unknown"


@pytest.mark.parametrize(
    "presented", ["", "vcci_", "secret", "vcci_0123456789ab_short", "vcci_0123456789AB_" + "s" * 43]
)
def test_what_has_not_the_form_of_a_key_is_malformed(tenancy, presented):
    error = refusal(tenancy, presented)

    assert error.reason == "malformed"
    assert "vcci_<12 hex digits>_<43 characters>" in str(error)


def test_a_key_works_until_the_moment_it_expires(tenancy, acme, clock):
    _, presented = tenancy.create_key(acme.id, "short", timedelta(days=11))
    clock.advance(days=11, seconds=-1)
    tenancy.authenticate(presented)
    clock.advance(seconds=1)

    error = refusal(tenancy, presented)

    assert error.reason == "expired"
    assert "2026-03-13T09:00:00Z" in str(error)


def test_a_revoked_key_is_refused_at_once_and_keeps_its_first_date(tenancy, acme, clock):
    key, presented = tenancy.create_key(acme.id, "first")
    revoked = tenancy.revoke(key.prefix)
    clock.advance(hours=1)

    again = tenancy.revoke(key.id)

    assert refusal(tenancy, presented).reason == "revoked"
    assert again.revoked_at == revoked.revoked_at


def test_a_tenant_cannot_revoke_the_key_of_another(tenancy, acme):
    bolt = tenancy.create_tenant("Bolt Ltd")
    key, presented = tenancy.create_key(acme.id, "first")

    with pytest.raises(TenancyError, match="there is no key"):
        tenancy.revoke(key.id, bolt.id)

    tenancy.authenticate(presented)


def test_two_tenants_cannot_have_the_same_name(tenancy, acme):
    with pytest.raises(TenancyError, match="already a tenant named 'Acme GmbH'"):
        tenancy.create_tenant("  Acme   GmbH ")


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "bell\a"])
def test_a_tenant_needs_a_name_that_can_be_read(tenancy, name):
    with pytest.raises(TenancyError, match="1 to 200 printable characters"):
        tenancy.create_tenant(name)


def test_a_key_for_nobody_is_refused(tenancy):
    with pytest.raises(TenancyError, match="there is no tenant 'ten_nobody'"):
        tenancy.create_key("ten_nobody", "first")


def test_a_key_must_be_valid_for_some_time(tenancy, acme):
    with pytest.raises(TenancyError, match="more than no time"):
        tenancy.create_key(acme.id, "first", timedelta(0))


def test_a_short_pepper_is_refused(database, clock):
    with pytest.raises(TenancyError, match="at least 16 bytes"):
        Tenancy(database, b"short", clock)


def test_the_pepper_is_made_once_for_its_owner_alone(tmp_path):
    settings = Settings(home=tmp_path / "home")

    first, second = pepper(settings), pepper(settings)

    assert first == second
    assert len(first) >= 32
    assert (tmp_path / "home" / "api-key-pepper").stat().st_mode & 0o777 == 0o600


def test_the_pepper_of_the_environment_wins(tmp_path):
    settings = Settings(home=tmp_path, api_key_pepper="from the environment")

    assert pepper(settings) == b"from the environment"
    assert list(tmp_path.iterdir()) == []


def test_a_kept_secret_is_known_to_what_cleans_the_logs(tmp_path):
    """Its shape tells nothing, so only its value can be found: the one just made, and the one read again at a start."""
    made = kept_secret(tmp_path / "hook-token")
    (tmp_path / "api-key-pepper").write_text("only-letters-which-look-like-words\n")

    read = pepper(Settings(home=tmp_path)).decode()

    assert process_redactor.text(f"got {made}, want {read}") == f"got {REDACTED}, want {REDACTED}"


def test_many_that_make_the_secret_together_read_the_same(tmp_path):
    seen: list[str] = []
    gate = threading.Barrier(8)

    def make() -> None:
        gate.wait()
        seen.append(kept_secret(tmp_path / "secret"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]

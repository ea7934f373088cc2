"""The sandbox's certificate authority: made once, kept, and trusted by a client that is given its file."""

from __future__ import annotations

import ssl
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from vcci_platform.sandbox import authority_file, ensure_authority
from vcci_platform.sandbox.certificates import BrokenAuthority, server_context


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Carry a TLS handshake out in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = client.wrap_bio(to_client, to_server, server_hostname=name)
    here = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (there, here):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_the_authority_is_made_once_and_its_key_is_for_the_owner_only(tmp_path):
    home = tmp_path / "home"

    first = ensure_authority(home).read_bytes()
    second = ensure_authority(home).read_bytes()

    assert first == second
    assert ensure_authority(home) == authority_file(home) == home / "sandbox-ca.pem"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert modes == {"sandbox-ca.pem": 0o644, "sandbox-ca.key": 0o600}
    assert b"PRIVATE KEY" not in first


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_client_that_trusts_the_file_trusts_the_server_under_each_name_of_loopback(tmp_path, name):
    client = ssl.create_default_context(cafile=str(ensure_authority(tmp_path)))

    handshake(server_context(tmp_path), client, name)


def test_a_client_that_was_not_given_the_file_trusts_nothing(tmp_path):
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server_context(tmp_path), ssl.create_default_context(), "localhost")


def test_processes_that_race_to_make_it_end_with_one_authority(tmp_path):
    together = threading.Barrier(8)

    def make() -> bytes:
        together.wait()
        return ensure_authority(tmp_path).read_bytes()

    with ThreadPoolExecutor(8) as pool:
        made = {future.result() for future in [pool.submit(make) for _ in range(8)]}

    assert len(made) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"sandbox-ca.pem", "sandbox-ca.key"}


def test_a_lost_public_file_is_made_again_from_the_kept_authority(tmp_path):
    before = ensure_authority(tmp_path).read_bytes()
    authority_file(tmp_path).unlink()

    assert ensure_authority(tmp_path).read_bytes() == before


def test_a_spoiled_authority_is_told_with_what_to_do(tmp_path):
    ensure_authority(tmp_path)
    (tmp_path / "sandbox-ca.key").write_text("spoiled")

    with pytest.raises(BrokenAuthority, match="remove it and a new one is made"):
        ensure_authority(tmp_path)

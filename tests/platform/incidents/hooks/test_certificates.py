"""The hooks' own port: who has shown a certificate there needs no token, and finds the hooks and health alone."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import httpx
import pytest
import trustme
import uvicorn
from pydantic import SecretStr

from support.ports import free_port
from support.processes import wait_until
from vcci_platform.desk import create_app
from vcci_platform.incidents.hooks.certificates import WrongCertificates
from vcci_platform.incidents.hooks.port import DeskServer, HookPort, PortTaken, hook_port
from vcci_platform.incidents.office import DeskParts
from vcci_platform.incidents.testing import manual_policy
from vcci_platform.settings import Settings

ALERTMANAGER = "alertmanager.example"
NOTHING_NEW = b'{"version": "4", "alerts": []}'
HOOK = "/v1/hooks/alertmanager"
START_SECONDS = 60


@dataclass
class Post:
    """An authority, what the port shows, and the files in which both are found."""

    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)

    @cached_property
    def settings(self) -> Settings:
        self.show(self.authority.issue_cert("127.0.0.1"), trusting=self.authority)
        return Settings(
            home=self.folder / "home",
            desk_port=free_port(),
            hook_token=SecretStr("token-11"),
            hook_tls_port=free_port(),
            hook_tls_cert_file=self.folder / "tls.crt",
            hook_tls_key_file=self.folder / "tls.key",
            hook_client_ca_file=self.folder / "clients.crt",
            hook_client_names=f"{ALERTMANAGER}, spiffe://example/alertmanager",
            sandbox_port=free_port(),
            sandbox_tls_port=free_port(),
        )

    def show(self, shown: trustme.LeafCert, *, trusting: trustme.CA) -> None:
        """Put certificates into the files, as a renewal does."""
        (self.folder / "tls.crt").write_bytes(b"".join(blob.bytes() for blob in shown.cert_chain_pems))
        (self.folder / "tls.key").write_bytes(shown.private_key_pem.bytes())
        (self.folder / "clients.crt").write_bytes(trusting.cert_pem.bytes())

    def client(self, certificate: trustme.LeafCert | None, *, of: trustme.CA | None = None) -> httpx.Client:
        """Return a client that shows this certificate, and trusts the port's."""
        context = ssl.create_default_context()
        (of or self.authority).configure_trust(context)
        if certificate is not None:
            certificate.configure_cert(context)
        return httpx.Client(base_url=f"https://127.0.0.1:{self.settings.hook_tls_port}", verify=context, timeout=30)

    def says(self, certificate: trustme.LeafCert | None, path: str = HOOK, *, of: trustme.CA | None = None) -> int:
        """Return the status of a notification without a token over a new connection."""
        with self.client(certificate, of=of) as client:
            return client.post(path, content=NOTHING_NEW).status_code


@contextmanager
def running(settings: Settings) -> Generator[None]:
    """Run a desk with a port for its hooks in a thread, until told to stop."""
    port = hook_port(settings)
    assert port is not None
    app = create_app(settings, DeskParts(manual_policy()))
    config = uvicorn.Config(app, port=settings.desk_port, access_log=False, log_config=None)
    server = DeskServer(config, port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    address = ("127.0.0.1", port.port)
    try:
        wait_until(lambda: takes_connections(address), within=START_SECONDS, what="the port of the hooks did not open")
        yield
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        assert not thread.is_alive()


def takes_connections(address: tuple[str, int]) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(address) == 0


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Generator[Post]:
    made = Post(tmp_path_factory.mktemp("certificates"))
    with running(made.settings):
        yield made


def expired(authority: trustme.CA) -> trustme.LeafCert:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    return authority.issue_cert(ALERTMANAGER, not_before=yesterday - timedelta(days=30), not_after=yesterday)


def test_a_certificate_that_names_who_may_speak_stands_for_the_token(post: Post) -> None:
    for name in (ALERTMANAGER, "other.example"):
        assert post.says(post.authority.issue_cert(name)) == (202 if name == ALERTMANAGER else 403)


def test_a_common_name_counts_where_there_is_no_other(post: Post) -> None:
    assert post.says(post.authority.issue_cert(common_name=ALERTMANAGER)) == 202
    assert post.says(post.authority.issue_cert("other.example", common_name=ALERTMANAGER)) == 403


STRANGERS: dict[str, Callable[[trustme.CA], trustme.LeafCert | None]] = {
    "none": lambda _: None,
    "of another authority": lambda _: trustme.CA().issue_cert(ALERTMANAGER),
    "expired": expired,
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_without_a_certificate_that_is_valid_nobody_gets_past_the_handshake(post: Post, stranger: str) -> None:
    with pytest.raises(httpx.TransportError), post.client(STRANGERS[stranger](post.authority)) as client:
        client.post(HOOK, content=NOTHING_NEW, headers={"Authorization": "Bearer token-11"})


def test_the_port_serves_the_hooks_and_health_alone(post: Post) -> None:
    with post.client(post.authority.issue_cert(ALERTMANAGER)) as client:
        statuses = {path: client.get(path).status_code for path in ("/health/live", "/v1/incidents", "/", "/sign-in")}
        told = client.get("/v1/desk").json()

    assert statuses == {"/health/live": 200, "/v1/incidents": 404, "/": 404, "/sign-in": 404}
    assert told["code"] == "only-hooks"


def test_pagerduty_signs_on_this_port_as_well(post: Post) -> None:
    assert post.says(post.authority.issue_cert(ALERTMANAGER), "/v1/hooks/pagerduty") == 403


def test_the_desks_own_port_still_asks_for_the_token(post: Post) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{post.settings.desk_port}", timeout=30) as client:
        without = client.post(HOOK, content=NOTHING_NEW)
        given = client.post(HOOK, content=NOTHING_NEW, headers={"Authorization": "Bearer token-11"})

    assert (without.status_code, given.status_code) == (401, 202)


def test_renewed_certificates_count_from_the_next_connection_on_and_half_of_them_never(post: Post) -> None:
    old, new = post.authority, trustme.CA()
    theirs = {authority: authority.issue_cert(ALERTMANAGER) for authority in (old, new)}
    (post.folder / "tls.crt").write_text("half a")
    assert post.says(theirs[old], of=old) == 202

    post.show(new.issue_cert("127.0.0.1"), trusting=new)

    assert post.says(theirs[new], of=new) == 202
    with pytest.raises(httpx.TransportError), post.client(theirs[old], of=new) as client:
        client.post(HOOK, content=NOTHING_NEW)
    post.show(old.issue_cert("127.0.0.1"), trusting=old)
    assert post.says(theirs[old], of=old) == 202


def test_a_port_without_its_files_is_refused_by_their_names(tmp_path: Path) -> None:
    with pytest.raises(WrongCertificates, match="expected DESK_HOOK_TLS_KEY_FILE, DESK_HOOK_CLIENT_CA_FILE beside it"):
        hook_port(Settings(hook_tls_port=11, hook_tls_cert_file=tmp_path / "tls.crt"))
    assert hook_port(Settings()) is None


def test_files_that_are_no_certificates_and_a_port_that_is_taken_are_told_before_the_desk_starts(post: Post) -> None:
    port = hook_port(post.settings)
    assert port is not None
    never = uvicorn.Config("never:started")
    with pytest.raises(PortTaken, match="set VCCI_DESK_HOOK_TLS_PORT to a free port"):
        DeskServer(never, port).run()

    key, certificates = port.certificates.key, port.certificates
    broken = type(certificates)(key, key, key)
    with pytest.raises(WrongCertificates, match=r"in PEM, in .*tls\.key"):
        DeskServer(never, HookPort(port.host, free_port(), broken)).run()

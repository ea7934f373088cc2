"""The sandbox's own certificate authority, kept under the home folder, and the certificate its TLS port shows."""

from __future__ import annotations

import os
import secrets
import ssl
from pathlib import Path

import trustme

from vcci_platform.errors import PlatformError
from vcci_platform.sandbox.constants import CERTIFICATE_AUTHORITY_FILE

__all__ = ["BrokenAuthority", "authority_file", "ensure_authority", "server_context"]

_KEPT_FILE = "sandbox-ca.key"  # key and certificate together, so that no two of them can ever be mixed
_NAMES = ("localhost", "127.0.0.1", "::1")


class BrokenAuthority(PlatformError):
    """The kept authority cannot be read."""


def authority_file(home: Path) -> Path:
    """Return where a client finds the certificate to trust."""
    return home / CERTIFICATE_AUTHORITY_FILE


def ensure_authority(home: Path) -> Path:
    """Make the authority unless it is there, and return the file a client must trust.

    Processes may race to make it: the first one's is kept and every other reads that one.
    """
    _authority(home)
    return authority_file(home)


def server_context(home: Path, *names: str) -> ssl.SSLContext:
    """Return what a TLS listener on loopback needs; its certificate is made anew at each start."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    identities = tuple(dict.fromkeys((*_NAMES, *names)))
    _authority(home).issue_cert(*identities, common_name="vcci sandbox").configure_cert(context)
    return context


def _authority(home: Path) -> trustme.CA:
    home.mkdir(parents=True, exist_ok=True)
    kept = home / _KEPT_FILE
    if not kept.exists():
        made = trustme.CA(organization_name="vcci", organization_unit_name="vcci sandbox, trusted on this machine only")
        _put(kept, made.private_key_pem.bytes() + made.cert_pem.bytes(), mode=0o600, replace=False)
    pem = kept.read_bytes()
    try:
        authority = trustme.CA.from_pem(pem[pem.index(b"-----BEGIN CERTIFICATE") :], pem)
    except ValueError as error:
        raise BrokenAuthority(
            f"{kept}: expected a key and a certificate in PEM ({error}); remove it and a new one is made"
        ) from error
    public = authority_file(home)
    certificate = authority.cert_pem.bytes()
    if not public.exists() or public.read_bytes() != certificate:
        _put(public, certificate, mode=0o644, replace=True)
    return authority


def _put(path: Path, content: bytes, *, mode: int, replace: bool) -> None:
    """Put a whole file in its place at once, so that nobody reads half of it or changes one that is there."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    if replace:
        part.replace(path)
        return
    try:
        path.hardlink_to(part)
    except FileExistsError:
        pass  # another process was first; its file counts
    finally:
        part.unlink()

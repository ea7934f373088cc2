"""Certificates in place of a token: what a port that asks its clients for one shows, trusts, and learns of them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import Scope

from vcci_platform.errors import PlatformError
from vcci_platform.telemetry import logs

__all__ = ["CLIENT_NAMES", "Certificates", "WrongCertificates", "client_names", "names_in"]

CLIENT_NAMES = "certificate_names"
"""Under this name a request's state holds what the certificate of its client says; other ports never set it."""

COMMON_NAME = "commonName"

log = logs.get(__name__)


class WrongCertificates(PlatformError):
    """The files of a port's certificates cannot be used."""

    exit_code = 2


@dataclass(frozen=True)
class Certificates:
    """Where a port's own certificate and key are, and the authorities by whom a client's must be signed; all in PEM.

    The files are looked at with each new connection, so that renewed ones count at once. While they cannot be read,
    such as half-way through a renewal, the last ones go on.
    """

    certificate: Path
    key: Path
    client_authority: Path

    def context(self) -> ssl.SSLContext:
        """Return what a listener needs: nobody gets past the handshake without a certificate that is valid now.

        Raises WrongCertificates for files that cannot be used.
        """
        current, seen = self._made(), self._seen()
        outer = self._made()

        def renew(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            nonlocal current, seen
            if (now := self._seen()) != seen:
                seen = now
                try:
                    current = self._made()
                    log.info("hook_certificates_renewed")
                except WrongCertificates as error:
                    log.warning("hook_certificates_not_read", error=str(error))
            connection.context = current

        outer.sni_callback = renew
        return outer

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
            context.load_verify_locations(self.client_authority)
        except OSError as error:  # ssl.SSLError is one too
            files = f"{self.certificate}, {self.key} and {self.client_authority}"
            raise WrongCertificates(
                f"expected a certificate, its key without a password, and the clients' authorities, in PEM, "
                f"in {files}: {error}"
            ) from error
        return context

    def _seen(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Return what changes when a file does; a link of Kubernetes is followed."""
        return tuple(_mark(path) for path in (self.certificate, self.key, self.client_authority))


def names_in(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """Return what a verified certificate calls its owner, in the form of `ssl.SSLSocket.getpeercert`.

    These are its alternative names of every kind; the common name counts only where there are none (RFC 9525).

    >>> sorted(names_in({"subjectAltName": (("DNS", "am.example"), ("URI", "spiffe://example/am"))}))
    ['am.example', 'spiffe://example/am']
    >>> names_in({"subject": ((("organizationName", "vcci"),), (("commonName", "alertmanager"),))})
    frozenset({'alertmanager'})
    """
    found = certificate or {}
    alternatives = frozenset(str(value) for _, value in found.get("subjectAltName", ()))
    return alternatives or frozenset(
        str(value) for part in found.get("subject", ()) for kind, value in part if kind == COMMON_NAME
    )


def client_names(scope: Scope) -> frozenset[str] | None:
    """Return what the client's verified certificate calls it; None where no certificate was asked for."""
    names: frozenset[str] | None = scope.get("state", {}).get(CLIENT_NAMES)
    return names


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _no_password() -> str:
    """Answer instead of the terminal: a desk that asks for a password would hang."""
    return ""

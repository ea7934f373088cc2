"""How we introduce ourselves to a program behind a sign-in, and the HTTP client that does it."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr

from vcci_platform.asking.errors import WrongAccess

__all__ = ["Access", "client_for", "header_of"]

AUTHORIZATION = "authorization"
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True)
class Access:
    """What goes with each question to one program. A header wins over a token or a user of the same purpose.

    `ca_file` holds the authorities that are trusted instead of the machine's; `insecure` trusts whoever answers.
    The proxies of the environment are never used, only `proxy`, so that a token does not take a way nobody meant.
    """

    token: SecretStr | None = None
    user: str = ""
    password: SecretStr | None = None
    headers: tuple[tuple[str, SecretStr], ...] = ()
    ca_file: Path | None = None
    insecure: bool = False
    proxy: SecretStr | None = None

    def __post_init__(self) -> None:
        if self.token is not None and self.user:
            raise WrongAccess("expected a token or a user with a password, found both")
        if self.insecure and self.ca_file is not None:
            raise WrongAccess("expected a CA file or --insecure, found both")
        if self.token is not None:
            _plain("the token", self.token.get_secret_value())


def header_of(text: str, where: str) -> tuple[str, SecretStr]:
    """Return the name and value of a header as a person writes it; an error tells `where`, and never the value.

    >>> header_of("X-Scope-OrgID: shop", "--header, number 1")[0]
    'X-Scope-OrgID'
    """
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or _NAME.fullmatch(name) is None or not value.isprintable() or not value.isascii():
        raise WrongAccess(f"{where}: expected 'Name: value' in plain letters")
    return name, SecretStr(value)


def client_for(access: Access, *, seconds: float | None = None) -> httpx.Client:
    """Return a client that introduces itself. Raises WrongAccess for a certificate or proxy that cannot be used."""
    if access.password is not None and not access.user:
        raise WrongAccess("expected a user for the password that is given, found none")
    headers = {name: value.get_secret_value() for name, value in access.headers}
    auth = None
    if AUTHORIZATION not in map(str.lower, headers):
        if access.token is not None:
            headers["Authorization"] = f"Bearer {access.token.get_secret_value()}"
        if access.user:
            auth = httpx.BasicAuth(access.user, access.password.get_secret_value() if access.password else "")
    try:
        return httpx.Client(
            headers=headers,
            auth=auth,
            verify=_verification(access),
            proxy=access.proxy.get_secret_value() if access.proxy else None,
            trust_env=False,
            timeout=seconds,
        )
    except (httpx.InvalidURL, ValueError):
        raise WrongAccess("the proxy: expected an address such as http://proxy:3128") from None


def _verification(access: Access) -> bool | ssl.SSLContext:
    if access.ca_file is None:
        return not access.insecure
    try:
        return ssl.create_default_context(cafile=access.ca_file)
    except ssl.SSLError:
        raise WrongAccess(f"{access.ca_file}: expected certificates in PEM, found none") from None
    except OSError as error:
        raise WrongAccess(f"{access.ca_file}: expected a file with certificates, found {error.strerror}") from None


def _plain(what: str, text: str) -> None:
    if not text or not text.isprintable() or not text.isascii() or " " in text:
        raise WrongAccess(f"{what}: expected plain letters without spaces")

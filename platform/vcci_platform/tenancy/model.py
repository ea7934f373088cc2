"""Tenants and API keys as values; how a key is made, read and turned into the digest that is stored."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vcci_platform.errors import PlatformError

__all__ = [
    "ApiKey",
    "AuthenticationError",
    "Caller",
    "Reason",
    "TenancyError",
    "Tenant",
    "digest",
    "join_key",
    "split_key",
]

Reason = Literal["missing", "malformed", "unknown", "revoked", "expired"]
"""Why a key was refused: the label of `vcci_auth_failures_total`."""

SCHEME = "vcci"
PREFIX_HEX = 12
SECRET_BYTES = 32  # 256 bits: too many to guess, so a fast digest is enough and no password hash is needed
_KEY = re.compile(rf"{SCHEME}_([0-9a-f]{{{PREFIX_HEX}}})_([A-Za-z0-9_-]{{43}})")


class TenancyError(PlatformError):
    """A request about tenants or keys that cannot be met; the sentence says why."""

    exit_code = 2


class AuthenticationError(Exception):
    """A request without a valid key. `reason` is for the metric and the log, the sentence for the caller."""

    def __init__(self, reason: Reason, sentence: str, prefix: str | None = None) -> None:
        super().__init__(sentence)
        self.reason: Reason = reason
        self.prefix = prefix


@dataclass(frozen=True)
class Tenant:
    """A customer. Nothing that belongs to one is ever shown to another."""

    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key: everything but the key."""

    id: str
    tenant_id: str
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class Caller:
    """Who a request comes from, once its key has been found valid."""

    tenant_id: str
    tenant_name: str
    key_id: str


def join_key(prefix: str, secret: str) -> str:
    """Return the key that a client sends: `vcci_<prefix>_<secret>`; secret scanners find the form."""
    return f"{SCHEME}_{prefix}_{secret}"


def split_key(presented: str) -> tuple[str, str]:
    """Return prefix and secret of a key, or refuse what has not the form of one.

    >>> split_key("vcci_0123456789ab_" + "s" * 43)[0]
    '0123456789ab'
    """
    match = _KEY.fullmatch(presented)
    if match is None:
        raise AuthenticationError(
            "malformed", "The API key has not the form vcci_<12 hex digits>_<43 characters>; was it cut when copied?"
        )
    return match[1], match[2]


def digest(pepper: bytes, presented: str) -> str:
    """Return what is stored of a key: useless to whoever steals the database without the pepper."""
    return hmac.new(pepper, presented.encode(), hashlib.sha256).hexdigest()

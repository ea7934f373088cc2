"""The secret that makes stored key digests useless by themselves, and others that are made once and kept."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from vcci_platform.settings import Settings
from vcci_platform.telemetry.redaction import process_redactor

__all__ = ["kept_secret", "operator_token", "pepper"]

OPERATOR_TOKEN_FILE = "operator-token"  # noqa: S105 - a name, under the home folder


def pepper(settings: Settings) -> bytes:
    """Return the pepper from the environment, or the one that was made once and is kept under the home folder."""
    if settings.api_key_pepper is not None:
        return settings.api_key_pepper.get_secret_value().encode()
    return kept_secret(settings.home / "api-key-pepper").encode()


def operator_token(settings: Settings) -> str:
    """Return the operators' token: the environment's, or the one that was made once and is kept under the home."""
    given = settings.operator_token
    return given.get_secret_value() if given is not None else kept_secret(settings.home / OPERATOR_TOKEN_FILE)


def kept_secret(path: Path) -> str:
    """Return the secret in this file; the first call makes it, readable by its owner alone.

    It is written beside and then linked to its name, so that of two processes that start together both read the same.
    Logs and spans of this process leave it out from now on.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    kept = path.read_text().strip()
    process_redactor.add(kept)
    return kept

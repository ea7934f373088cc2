"""Where secrets go that PagerDuty tells only once: a file for its owner alone, one `NAME=value` a line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

__all__ = ["SECRETS_FILE", "keep", "merged"]

SECRETS_FILE = "pagerduty.env"
"""Its name, under the home folder."""

SEVERAL = frozenset({"PAGERDUTY_WEBHOOK_SECRETS"})
"""Of these an older value still holds for a while, so the new one joins it."""


def merged(text: str, secrets: Mapping[str, SecretStr]) -> str:
    """Return the text of the file with these values, and everything else as it was.

    >>> merged("OTHER=1\\nPAGERDUTY_WEBHOOK_SECRETS=old\\n", {"PAGERDUTY_WEBHOOK_SECRETS": SecretStr("new")})
    'OTHER=1\\nPAGERDUTY_WEBHOOK_SECRETS=new,old\\n'
    """
    lines: list[str] = []
    left = {name: secret.get_secret_value() for name, secret in secrets.items()}
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        if sign and name in left:
            new = left.pop(name)
            line = f"{name}={new},{value}" if name in SEVERAL and value else f"{name}={new}"  # noqa: PLW2901 - rewritten
        lines.append(line)
    lines += [f"{name}={value}" for name, value in left.items()]
    return "".join(f"{line}\n" for line in lines)


def keep(path: Path, secrets: Mapping[str, SecretStr]) -> None:
    """Write the values into the file, which nobody else may read from the moment it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(merged(known, secrets))
    beside.replace(path)

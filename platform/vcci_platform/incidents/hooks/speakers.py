"""Who may speak at the hooks, as it stands at this moment: a secret is renewed without a restart of the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vcci_platform.telemetry import logs

__all__ = ["Kept", "Speakers", "lines", "values_of"]

Secrets = Callable[[], tuple[str, ...]]

log = logs.get(__name__)


@dataclass(frozen=True)
class Speakers:
    """What proves who speaks: tokens of Alertmanager, secrets under which PagerDuty signs, names in certificates.

    Of each several may hold at once, the old one beside the new while it is renewed. `certified` are the names in the
    certificates that stand for the token; any one does where none is named.
    """

    tokens: Secrets
    webhook_secrets: Secrets
    certified: frozenset[str] = frozenset()

    @classmethod
    def fixed(cls, token: str, webhook_secrets: tuple[str, ...] = ()) -> Speakers:
        """Return speakers whose secrets stay as they are."""
        return cls(lambda: (token,), lambda: webhook_secrets)


@dataclass
class Kept:
    """The secrets in a file, which is read again when it has changed.

    While it cannot be read, such as half-way through a renewal, those that were read last go on.
    """

    path: Path
    read: Callable[[str], tuple[str, ...]]
    _seen: tuple[int, int, int] | None = field(default=None, init=False)
    _found: tuple[str, ...] = field(default=(), init=False)

    def __call__(self) -> tuple[str, ...]:
        """Return what holds now."""
        try:
            about = self.path.stat()
            if (seen := (about.st_mtime_ns, about.st_size, about.st_ino)) != self._seen:
                self._found, self._seen = self.read(self.path.read_text(encoding="utf-8")), seen
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            log.warning("hook_secrets_not_read", file=str(self.path), error=type(error).__name__)
        return self._found


def lines(text: str) -> tuple[str, ...]:
    """Return one secret of each line.

    >>> lines("new\\n\\n old \\n")
    ('new', 'old')
    """
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def values_of(name: str) -> Callable[[str], tuple[str, ...]]:
    """Return a reader of the values of `NAME=one,other` among other lines.

    >>> values_of("SECRETS")("OTHER=1\\nSECRETS=new, old\\n")
    ('new', 'old')
    """

    def read(text: str) -> tuple[str, ...]:
        pairs = (line.partition("=") for line in text.splitlines())
        found = (value for key, _, values in pairs if key.strip() == name for value in values.split(","))
        return tuple(value.strip() for value in found if value.strip())

    return read

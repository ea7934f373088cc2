"""The options with which a command introduces itself to Prometheus and Alertmanager: the same names everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import SecretStr

from vcci_platform.asking import Access, header_of
from vcci_platform.settings import Settings

__all__ = ["Given", "asks_prometheus"]

_PANEL: Final = "Access to Prometheus and Alertmanager"
_OPTIONS: Final[dict[str, Any]] = {
    "header": Annotated[
        list[str] | None,
        typer.Option(metavar="'NAME: VALUE'", help="Sent with each question; may be repeated", rich_help_panel=_PANEL),
    ],
    "token": Annotated[
        str | None,
        typer.Option(
            help="Bearer token; in PROMETHEUS_TOKEN or ALERTMANAGER_TOKEN no list of processes shows it",
            rich_help_panel=_PANEL,
        ),
    ],
    "user": Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:PASSWORD]",
            help="Basic authentication; the password may stand in PROMETHEUS_PASSWORD or ALERTMANAGER_PASSWORD",
            rich_help_panel=_PANEL,
        ),
    ],
    "ca_file": Annotated[
        Path | None, typer.Option(help="Authorities to trust, in PEM, instead of the machine's", rich_help_panel=_PANEL)
    ],
    "insecure": Annotated[
        bool | None, typer.Option("--insecure", help="Trust whoever answers", rich_help_panel=_PANEL)
    ],
    "proxy": Annotated[
        str | None, typer.Option(metavar="URL", help="Proxy; those of the machine are not used", rich_help_panel=_PANEL)
    ],
}


@dataclass(frozen=True)
class Given:
    """What the options say; it wins over the environment, and holds for Prometheus and Alertmanager alike."""

    header: tuple[str, ...] = ()
    token: str | None = None
    user: str | None = None
    ca_file: Path | None = None
    insecure: bool | None = None
    proxy: str | None = None

    def __bool__(self) -> bool:
        return self != Given()

    def prometheus(self, settings: Settings) -> Access:
        """Return how Prometheus is asked. Raises WrongAccess."""
        return self._over(settings.prometheus_access)

    def alertmanager(self, settings: Settings) -> Access:
        """Return how Alertmanager is asked. Raises WrongAccess."""
        return self._over(settings.alertmanager_access)

    def _over(self, environment: Access) -> Access:
        changes: dict[str, Any] = {}
        if self.token is not None or self.user is not None:
            name, colon, password = (self.user or "").partition(":")
            kept = environment.password if name and not colon else None
            changes |= {
                "token": None if self.token is None else SecretStr(self.token),
                "user": name,
                "password": SecretStr(password) if colon else kept,
            }
        if self.header:
            own = dict(header_of(text, f"--header, number {place}") for place, text in enumerate(self.header, start=1))
            named = {name.lower() for name in own}
            rest = [(name, value) for name, value in environment.headers if name.lower() not in named]
            changes["headers"] = (*rest, *own.items())
        if self.ca_file is not None or self.insecure is not None:
            changes |= {"ca_file": self.ca_file, "insecure": bool(self.insecure)}
        if self.proxy is not None:
            changes["proxy"] = SecretStr(self.proxy)
        return replace(environment, **changes)


def asks_prometheus(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; what they say it takes as `access`, a Given."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        given = {name: options.pop(name, None) for name in _OPTIONS}
        given["header"] = tuple(given["header"] or ())
        command(*arguments, access=Given(**given), **options)

    signature = inspect.signature(command, eval_str=True)
    own = [one for one in signature.parameters.values() if one.name != "access"]
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]
    run.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in (*own, *more)}
    return run

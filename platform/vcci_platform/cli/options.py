"""Options that mean the same in several commands, so that they are spelled and explained the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Alertmanager", "AsJson", "FolderSpec", "PlatformSpec", "Prometheus"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with everything that is known")]

FolderSpec = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The spec; unset, slo/specs/vcci.yaml or vcci.yaml of this folder")
]
"""A command about a spec and what is made of it: without one there is nothing to do."""

PlatformSpec = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The spec; unset, VCCI_SPEC, else that of this folder, else the shipped one"),
]
"""A command about a platform that runs: it follows some spec, if only the shipped one."""

Prometheus = Annotated[str | None, typer.Option(metavar="URL", help="Prometheus; unset, PROMETHEUS_URL")]
Alertmanager = Annotated[str | None, typer.Option(metavar="URL", help="Alertmanager; unset, ALERTMANAGER_URL")]

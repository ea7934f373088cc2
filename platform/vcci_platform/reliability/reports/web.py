"""A report as one HTML file that loads nothing: it can be sent, kept, printed, and served under a strict policy."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from vcci_platform.reliability.reports.document import Block, Document
from vcci_platform.reliability.reports.pictures import CHART_STYLE
from vcci_platform.reliability.reports.plain import one_line

__all__ = ["policy", "to_html"]

_HERE: Final = Path(__file__).parent / "templates"


def to_html(document: Document) -> str:
    """Return the document as one file of HTML, with its style inside and no script."""
    template = _environment().get_template("report.html")
    return template.render(document=document, style=Markup(_style()), policy=policy())  # noqa: S704 - our own files


def policy() -> str:
    """Return the Content-Security-Policy of the file: nothing but its own style, known by its hash."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _style() -> str:
    return (_HERE / "report.css").read_text(encoding="utf-8") + CHART_STYLE


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update({"kind": _kind, "line": one_line})
    return environment

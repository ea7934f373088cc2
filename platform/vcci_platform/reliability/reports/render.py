"""The formats of a report: what each is called, what it is served as, and what makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from vcci_platform.reliability.reports.compose import compose
from vcci_platform.reliability.reports.markdown import to_markdown
from vcci_platform.reliability.reports.model import Report
from vcci_platform.reliability.reports.pdf import to_pdf
from vcci_platform.reliability.reports.sheet import to_csv
from vcci_platform.reliability.reports.structured import to_json
from vcci_platform.reliability.reports.web import to_html

__all__ = ["FORMATS", "Format", "render"]


@dataclass(frozen=True)
class Format:
    """One format. `binary` ones do not belong on a terminal."""

    name: str
    media_type: str
    make: Callable[[Report], bytes]
    binary: bool = False


FORMATS: Final[Mapping[str, Format]] = {
    found.name: found
    for found in (
        Format("md", "text/markdown; charset=utf-8", lambda report: to_markdown(compose(report)).encode()),
        Format("html", "text/html; charset=utf-8", lambda report: to_html(compose(report)).encode()),
        Format("pdf", "application/pdf", lambda report: to_pdf(compose(report), report.made_at), binary=True),
        Format("json", "application/json", lambda report: to_json(report).encode()),
        Format("csv", "text/csv; charset=utf-8", lambda report: to_csv(report).encode()),
    )
}


def render(report: Report, name: str) -> bytes:
    """Return a report in one of `FORMATS`, or raise KeyError. The same report gives the same bytes."""
    return FORMATS[name].make(report)

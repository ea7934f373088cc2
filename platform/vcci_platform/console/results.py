"""The pages of one upload: its total, who and what emits most, every line with its steps, every gap with its reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from vcci_platform.carbon.model import GapReason
from vcci_platform.carbon.reader import Reader
from vcci_platform.carbon.results import DIMENSIONS, Dimension, Results, Totals
from vcci_platform.carbon.uploads import Upload, Uploads
from vcci_platform.carbon.views import GapView, LineView, UploadView
from vcci_platform.console.pages import HEADERS, Pages
from vcci_platform.console.session import COOKIE
from vcci_platform.problems import Problem
from vcci_platform.tenancy import Caller

__all__ = ["result_pages"]

SECTION = "results"
TOP = 8
PREVIEW = 8
ROWS = 100
CSV_ROWS = 1000
UNAUTHENTICATED = 401

TITLES: Mapping[str, str] = {"category": "By category", "supplier": "By supplier", "sector": "By sector"}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""https://owasp.org/www-community/attacks/CSV_Injection"""

Session = Annotated[str, Cookie(alias=COOKIE)]
After = Annotated[int, Query(ge=0)]


@dataclass(frozen=True)
class _Opened:
    """An upload that its owner looks at."""

    caller: Caller
    upload: Upload
    view: UploadView
    totals: Totals | None

    @property
    def calculation(self) -> int:
        """The id of its calculation."""
        if self.totals is None:
            raise AssertionError("an upload without results is refused before its results are asked for")
        return self.totals.id


@dataclass(frozen=True)
class _Opener:
    """Finds what somebody asks for, or shows why not."""

    pages: Pages
    reader: Reader
    who: Callable[[str], Caller | None]

    def open(
        self,
        request: Request,
        session: str,
        upload_id: str,
        show: Callable[[_Opened], Response],
        *,
        unfinished: bool = False,
    ) -> Response:
        """Show an upload to its owner; one without results only where `unfinished` ones are welcome."""
        caller = self.who(session)
        if caller is None:
            then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return self.pages.show("sign_in.html", section=SECTION, code=UNAUTHENTICATED, trouble="", then=then)
        try:
            upload = self.reader.upload(upload_id, caller)
            settled = upload.calculation_id is not None or not unfinished
            totals = self.reader.totals(upload) if settled else None
        except Problem as problem:
            return self.pages.problem(problem, section=SECTION)
        return show(_Opened(caller, upload, self.reader.view(upload), totals))


def result_pages(pages: Pages, uploads: Uploads, results: Results, who: Callable[[str], Caller | None]) -> APIRouter:
    """Return the pages of uploads. Another tenant's upload and nobody's are refused in the same words."""
    routes = APIRouter(prefix="/uploads/{upload_id}")
    opener = _Opener(pages, Reader(uploads, results), who)

    @routes.get("", response_class=HTMLResponse)
    def one_upload(request: Request, upload_id: str, session: Session = "") -> Response:
        """Show what became of a file."""
        return opener.open(request, session, upload_id, lambda found: _upload(pages, results, found), unfinished=True)

    routes.include_router(_tables(pages, results, opener))
    routes.include_router(_files(results, opener))
    return routes


def _tables(pages: Pages, results: Results, opener: _Opener) -> APIRouter:
    routes = APIRouter()

    @routes.get("/by/{dimension}", response_class=HTMLResponse)
    def groups(
        request: Request, upload_id: str, dimension: Dimension, session: Session = "", after: After = 0
    ) -> Response:
        """Show every group of one kind, the largest first."""

        def show(found: _Opened) -> Response:
            items = results.aggregates(found.calculation, dimension, after=after, limit=ROWS + 1)
            first = results.aggregates(found.calculation, dimension, after=0, limit=1)
            more = {"title": TITLES[dimension], "largest": _largest(first), "dimension": dimension}
            return _table(pages, "groups.html", found, items, "position", **more)

        return opener.open(request, session, upload_id, show)

    @routes.get("/lines", response_class=HTMLResponse)
    def lines(request: Request, upload_id: str, session: Session = "", after: After = 0) -> Response:
        """Show calculated rows with every step."""

        def show(found: _Opened) -> Response:
            items = results.lines(found.calculation, after=after, limit=ROWS + 1)
            return _table(pages, "lines.html", found, items, "row")

        return opener.open(request, session, upload_id, show)

    @routes.get("/gaps", response_class=HTMLResponse)
    def gaps(request: Request, upload_id: str, session: Session = "", after: After = 0) -> Response:
        """Show why rows were not calculated."""

        def show(found: _Opened) -> Response:
            items = results.gaps(found.calculation, after=after, limit=ROWS + 1)
            return _table(pages, "gaps.html", found, items, "position")

        return opener.open(request, session, upload_id, show)

    return routes


def _files(results: Results, opener: _Opener) -> APIRouter:
    routes = APIRouter()

    @routes.get("/lines.csv")
    def lines_csv(request: Request, upload_id: str, session: Session = "") -> Response:
        """Send every calculated row."""

        def show(found: _Opened) -> Response:
            more = partial(_part, results.lines, found.calculation)
            return _csv(f"{found.upload.id}-lines.csv", tuple(LineView.model_fields), more, "row")

        return opener.open(request, session, upload_id, show)

    @routes.get("/gaps.csv")
    def gaps_csv(request: Request, upload_id: str, session: Session = "") -> Response:
        """Send every gap."""

        def show(found: _Opened) -> Response:
            more = partial(_part, results.gaps, found.calculation)
            return _csv(f"{found.upload.id}-gaps.csv", tuple(GapView.model_fields), more, "position")

        return opener.open(request, session, upload_id, show)

    return routes


def _upload(pages: Pages, results: Results, found: _Opened) -> Response:
    shown: dict[str, Any] = {"groups": (), "lines": (), "reasons": (), "lineage": {}}
    if found.totals is not None:
        calculation = found.totals.id
        shown = {
            "groups": [_group(results, found.totals, dimension) for dimension in DIMENSIONS],
            "lines": results.lines(calculation, after=0, limit=PREVIEW),
            "reasons": [(reason, count, _sentence(reason)) for reason, count in results.gap_reasons(calculation)],
            "lineage": found.totals.lineage,
        }
    return pages.show("upload.html", section=SECTION, caller=found.caller, upload=found.view, **shown)


def _group(results: Results, totals: Totals, dimension: Dimension) -> dict[str, Any]:
    items = results.aggregates(totals.id, dimension, after=0, limit=TOP + 1)
    shown = items[:TOP]
    others = totals.kg_co2e - sum(item["kg_co2e"] for item in shown) if len(items) > TOP else None
    return {
        "dimension": dimension, "title": TITLES[dimension], "rows": shown, "largest": _largest(shown), "others": others
    }  # fmt: skip


def _largest(items: Sequence[Mapping[str, Any]]) -> float:
    """Return what the longest bar stands for; never zero, since bars are shares of it."""
    return max((abs(item["kg_co2e"]) for item in items), default=0.0) or 1.0


def _table(
    pages: Pages, template: str, found: _Opened, items: Sequence[Mapping[str, Any]], place: str, **shown: Any
) -> Response:
    rows = items[:ROWS]
    following = rows[-1][place] if len(items) > ROWS else None
    lineage = found.totals.lineage if found.totals else {}
    return pages.show(
        template,
        section=SECTION,
        caller=found.caller,
        upload=found.view,
        rows=rows,
        following=following,
        lineage=lineage,
        **shown,
    )


def _sentence(reason: str) -> str:
    return GapReason(reason).sentence if reason in set(GapReason) else ""


# --- CSV -------------------------------------------------------------------------------------------------------------


def _part(read: Callable[..., list[dict[str, Any]]], calculation: int, after: int) -> list[dict[str, Any]]:
    return read(calculation, after=after, limit=CSV_ROWS)


def _csv(
    name: str, fields: tuple[str, ...], more: Callable[[int], list[dict[str, Any]]], place: str
) -> StreamingResponse:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_rows(fields, more, place), media_type="text/csv; charset=utf-8", headers=headers)


def _rows(fields: tuple[str, ...], more: Callable[[int], list[dict[str, Any]]], place: str) -> Iterator[str]:
    yield _line(fields)
    after = 0
    while items := more(after):
        yield "".join(_line([_cell(item[field]) for field in fields]) for item in items)
        after = items[-1][place]


def _line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: object) -> object:
    """Return a value as a spreadsheet may have it: text that it would take for a formula is marked as text.

    >>> _cell("=HYPERLINK(1)"), _cell("Acme GmbH"), _cell(-11.5), _cell(None)
    ("'=HYPERLINK(1)", 'Acme GmbH', -11.5, '')
    """
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value

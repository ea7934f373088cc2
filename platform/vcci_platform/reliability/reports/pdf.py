"""A report as PDF/A, set by Typst: text that can be selected, charts as vectors, the same bytes for the same report."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from vcci_platform.errors import PlatformError
from vcci_platform.reliability.reports.document import Block, Document, Facts, Picture, Sentence, Table
from vcci_platform.reliability.reports.pictures import CHART_STYLE
from vcci_platform.reliability.reports.plain import one_line

__all__ = ["PressError", "standalone", "to_pdf"]

PRESS: Final = Path(__file__).with_name("press.py")
PRESS_SECONDS: Final = 120.0


class PressError(PlatformError):
    """The PDF could not be made."""


def to_pdf(document: Document, made_at: datetime) -> bytes:
    """Return the document as PDF. It is set by a child process, which may be killed without harm.

    Raises PressError if that takes too long or too much memory.
    """
    job = json.dumps({"document": _document(document), "made_at": round(made_at.timestamp())})
    try:
        # Our own interpreter and our own file; -I keeps the environment and the working folder out of it.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", str(PRESS)],
            input=job.encode(),
            capture_output=True,
            timeout=PRESS_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PressError(f"the PDF was not made within {PRESS_SECONDS:g} s; ask for fewer days or promises") from None
    if done.returncode != 0 or not done.stdout:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        why = told[0] if done.returncode == 1 and told else f"the press ended with {done.returncode}"
        raise PressError(f"the PDF could not be made: {why[:300]}")
    return done.stdout


def standalone(svg: str) -> str:
    """Return a chart of a page as a file of its own, with its style inside."""
    head, _, rest = svg.partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{CHART_STYLE}</style>{rest}'


def _document(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "about": one_line(document.about),
        "notices": [one_line(notice) for notice in document.notices],
        "foot": one_line(document.foot),
        "sections": [
            {"title": one_line(section.title), "blocks": [_block(block) for block in section.blocks]}
            for section in document.sections
        ],
    }


def _block(block: Block) -> Mapping[str, Any]:
    match block:
        case Sentence(text, tone):
            return {"kind": "sentence", "text": one_line(text), "tone": tone}
        case Facts(facts):
            return {
                "kind": "facts",
                "facts": [{name: one_line(value) for name, value in vars(fact).items()} for fact in facts],
            }
        case Picture(title, words, svg, _):
            return {"kind": "picture", "title": title, "words": one_line(words), "svg": standalone(svg)}
        case Table():
            return {
                "kind": "table",
                "title": one_line(block.title),
                "columns": [vars(column) for column in block.columns],
                "rows": [[one_line(cell) for cell in row] for row in block.rows],
                "tones": list(block.tones),
                "long": block.long,
            }

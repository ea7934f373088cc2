"""A published review as a page of the runbook site. Pure: a review in, a file out.

What alerts and tools said is shown to the letter; people may write Markdown, but no HTML, no pictures and no scripts.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import yaml

from vcci_platform.incidents.review.drafting import UNCOUNTED
from vcci_platform.incidents.review.markdown import HEADINGS, render
from vcci_platform.incidents.review.model import ENTERED, Line, Review
from vcci_runbooks_site.markdown import escape

__all__ = ["FOLDER", "page_of", "path_of"]

FOLDER = "reviews"
"""Where the site keeps reviews, below its content."""

NAMES = {"users": "Users", "tenants": "Tenants", "revenue": "Revenue"}
LONGEST_PURPOSE = 200

PROSE = ("summary", "causes", "resolution", "went_well", "improve", "public", *ENTERED)
"""What people write."""

_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_PICTURE = re.compile(r"!\[")
_STRANGE_LINK = re.compile(r"\]\((?!\s*(?:https?://|mailto:|[#/]))", re.IGNORECASE)
_DEFINITION = re.compile(r"^(\s*)\[(?=[^\]]*\]:)", re.MULTILINE)


def path_of(review: Review, detected_at: datetime) -> str:
    """Return the page's path below the content of the site: the day and the id.

    >>> from datetime import UTC
    >>> path_of(Review("inc_11", "Slow"), datetime(2026, 3, 2, 9, tzinfo=UTC))
    'reviews/2026-03-02-inc_11.md'
    """
    return f"{FOLDER}/{detected_at:%Y-%m-%d}-{re.sub(r'[^A-Za-z0-9_-]', '-', review.incident)}.md"


def page_of(review: Review, published_at: datetime, incident_url: str = "") -> str:
    """Return a page with the head that the site asks for: the review without its version, and not editable."""
    purpose = escape(f"Review of {review.incident}: {review.title}"[:LONGEST_PURPOSE])
    review = _harmless(review)
    head = yaml.safe_dump(
        {"purpose": purpose, "reviewed": published_at.date()}, sort_keys=False, allow_unicode=True, width=2**31
    )
    body = render(review, incident_url).split("\n---\n", 1)[1]
    entered = [f"- {NAMES[name]}: {getattr(review, name)}" for name in ENTERED if getattr(review, name)]
    lines = [line for line in body.split("\n")[1:] if not line.startswith("<!-- ")]
    text = "\n".join(_shown(line) for line in lines)
    if entered:
        text = text.replace(f"- {escape(UNCOUNTED)}\n", "", 1)
        first = f"## {HEADINGS['summary']}\n\n"
        text = text.replace(first, first + "\n".join(entered) + "\n", 1)
    text = re.sub(r"^## [^\n]+\n\s*(?=^## |\Z)", "", text, flags=re.MULTILINE)  # what nobody has filled in
    return f"---\n{head}---\n# {review.title}\n{text}".rstrip("\n") + "\n"


def _harmless(review: Review) -> Review:
    """Return a review that does nothing in a browser but be read."""
    written: dict[str, Any] = {name: _prose(getattr(review, name)) for name in PROSE}
    return replace(
        review,
        title=escape(review.title),
        facts=tuple(escape(fact) for fact in review.facts),
        timeline=tuple(_to_the_letter(line) for line in review.timeline),
        items=tuple(replace(item, text=_prose(item.text)) for item in review.items),
        **written,
    )


def _to_the_letter(line: Line) -> Line:
    return replace(line, text=escape(line.text), kind=line.kind.replace("`", "'"), by=line.by.replace("`", "'"))


def _prose(text: str) -> str:
    """Return Markdown without what a browser would run or fetch.

    >>> _prose("<b>5 < 7</b> ![a](x.png) [run](javascript:x) [open](https://a.example)")
    '&lt;b>5 < 7&lt;/b> !\\\\[a]\\\\(x.png) [run]\\\\(javascript:x) [open](https://a.example)'
    """
    plain = _PICTURE.sub(r"!\\[", _HTML.sub("&lt;", text))
    return _DEFINITION.sub(r"\1\\[", _STRANGE_LINK.sub(r"]\\(", plain))


def _shown(line: str) -> str:
    """Return a line as the site shows it: sections one level higher, below the page's own title; items told plainly."""
    if line.startswith("### ") and line[4:] in HEADINGS.values():
        return line[1:]
    if line.startswith("- ["):
        return re.sub(r" \{[^{}]*\}$", _told, line)
    return re.sub(r" \(\[line (\d+)\]\(#line-\d+\)\)$", r" (line \1)", line)  # nobody could follow it from there


def _told(match: re.Match[str]) -> str:
    """Return the details of an action item without its number, which is of use at the desk only."""
    details = [part.strip() for part in match[0].strip(" {}").split(";") if not part.strip().startswith("id:")]
    told = "; ".join(detail for detail in details if detail)
    return f" ({told})" if told else ""

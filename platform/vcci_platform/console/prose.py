"""What people wrote as Markdown, as HTML that does nothing in a browser but be read.

The library is the one that makes the runbook site. Nothing of its HTML is trusted: the tree that it makes is written
out here, of a few harmless elements, with every word escaped and every link looked at.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from markdown.util import HTML_PLACEHOLDER_RE, AtomicString
from markupsafe import Markup, escape

__all__ = ["prose"]

PLAIN: Final = frozenset(
    {"p", "br", "hr", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong"}
    | {"table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"}
)
EMPTY: Final = frozenset({"br", "hr"})
HEADINGS: Final = {"h1": "h4", "h2": "h4", "h3": "h4"}
"""A text stands below a heading of the page, so its own begin further down."""

SCHEMES: Final = frozenset({"http", "https", "mailto"})
MOST_BRACKETS: Final = 300
"""The library looks for the end of each from its beginning; with more, a text is shown as it was written."""

_FENCE: Final = re.compile(r"^( {0,12})(`{3,}|~{3,})[^`]*$")
_ENTITY: Final = r"(&(?:#[0-9]{1,7}|#x[0-9a-fA-F]{1,6}|[0-9a-zA-Z]{1,31});)"


@lru_cache(maxsize=64)
def prose(text: str) -> Markup:
    """Return Markdown as HTML: no HTML of its own, no pictures, no link but to the web, to mail or to our own pages.

    >>> str(prose("The **pool** <b>was</b> [full](javascript:x)"))
    '<p>The <strong>pool</strong> &lt;b&gt;was&lt;/b&gt; full</p>'
    """
    as_it_is = Markup('<p class="lines">{}</p>').format(text)
    if text.count("[") > MOST_BRACKETS:
        return as_it_is
    try:
        return Markup(_reader().convert(text).strip())  # noqa: S704 - made of escaped words by _written alone
    except RecursionError:  # nested deeper than anybody reads
        return as_it_is


def link(address: str) -> str:
    """Return an address that may be followed, and nothing for any other.

    >>> link("https://a.example/?b=1&amp;c=2"), link("/incidents/inc_11#line-12"), link("java&#115;cript:alert(1)")
    ('https://a.example/?b=1&c=2', '/incidents/inc_11#line-12', '')
    """
    plain = html.unescape(address).strip()
    if not plain.isprintable() or "\\" in plain:
        return ""
    try:
        parts = urlsplit(plain)
    except ValueError:
        return ""
    if parts.scheme:
        return plain if parts.scheme in SCHEMES and (parts.netloc or parts.scheme == "mailto") else ""
    return plain if plain.startswith(("/", "#")) and not plain.startswith("//") else ""


class _Fences(Preprocessor):
    """Blocks of code between fences are set aside, so that nothing in them is taken for Markdown."""

    def run(self, lines: list[str]) -> list[str]:
        found: list[str] = []
        fence: tuple[str, str] | None = None
        inside: list[str] = []
        for line in lines:
            begun = _FENCE.match(line)
            if fence is None and begun is None:
                found.append(line)
            elif fence is None and begun is not None:
                fence, inside = (begun[1], begun[2]), []
            elif fence is not None and line.strip().startswith(fence[1]) and not line.strip(f" {fence[1][0]}"):
                found += ["", self._kept(fence[0], inside), ""]
                fence = None
            elif fence is not None:
                inside.append(line.removeprefix(fence[0]))
        return found if fence is None else [*found, "", self._kept(fence[0], inside)]

    def _kept(self, indent: str, inside: list[str]) -> str:
        return f"{indent}{self.md.htmlStash.store(chr(10).join(inside).rstrip())}"


class _Entity(InlineProcessor):
    """`&amp;` is a sign like any other, and is escaped again when it is written."""

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[str, int, int]:  # type: ignore[override]  # noqa: N802 - the library's
        return AtomicString(html.unescape(m[1])), m.start(0), m.end(0)


def _reader() -> Markdown:
    reader = Markdown(extensions=["markdown.extensions.tables", "markdown.extensions.sane_lists"])
    reader.preprocessors.deregister("html_block")
    reader.preprocessors.register(_Fences(reader), "fences", 25)
    for name in ("html", "automail"):
        reader.inlinePatterns.deregister(name)
    reader.inlinePatterns.register(_Entity(_ENTITY, reader), "entity", 80)
    for name in ("raw_html", "amp_substitute"):  # nothing is set aside that they would put back
        reader.postprocessors.deregister(name)
    reader.stripTopLevelTags = False
    reader.serializer = _Writer(reader).inside
    return reader


class _Writer:
    """Writes the tree out. What the library has set aside is the code between fences, and nothing else."""

    def __init__(self, reader: Markdown) -> None:
        self._stash = reader.htmlStash

    def inside(self, element: Element) -> str:
        """Return what is in an element."""
        parts = [self._words(element.text)]
        for child in element:
            parts += [self._written(child), self._words(child.tail)]
        return "".join(parts)

    def _words(self, text: str | None) -> str:
        parts = HTML_PLACEHOLDER_RE.split(text or "")
        return "".join(
            f"<pre><code>{escape(self._code(part))}</code></pre>" if number % 2 else str(escape(part))
            for number, part in enumerate(parts)
        )

    def _code(self, number: str) -> str:
        return str(self._stash.rawHtmlBlocks[int(number)])

    def _written(self, element: Element) -> str:
        tag = HEADINGS.get(element.tag, element.tag)
        if tag == "img":
            return str(escape(element.get("alt", "")))
        if tag == "a":
            address = link(element.get("href", ""))
            outside = "" if address.startswith(("/", "#")) else ' rel="noreferrer"'
            return (
                f'<a href="{escape(address)}"{outside}>{self.inside(element)}</a>' if address else self.inside(element)
            )
        if tag in EMPTY:
            return f"<{tag}>"
        if tag == "code":  # the library has escaped it already
            text = html.unescape(element.text or "")
            return f"<code>{escape(HTML_PLACEHOLDER_RE.sub(lambda found: self._code(found[1]), text))}</code>"
        if tag == "p" and not len(element) and HTML_PLACEHOLDER_RE.fullmatch((element.text or "").strip()):
            return self._words((element.text or "").strip())
        return f"<{tag}>{self.inside(element)}</{tag}>" if tag in PLAIN else self.inside(element)

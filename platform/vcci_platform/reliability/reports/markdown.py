"""A report in Markdown, for a repository, a ticket or a chat: tables, and pictures in letters."""

from __future__ import annotations

import re

from vcci_platform.reliability.reports.document import Block, Document, Facts, Picture, Sentence, Table
from vcci_platform.reliability.reports.plain import one_line

__all__ = ["escaped", "to_markdown"]

_SPECIAL = re.compile(r"[\\`*_\[\]<>|#~$&]|:(?=//)")
_TICKS = re.compile(r"`+")


def to_markdown(document: Document) -> str:
    """Return the document as GitHub-flavoured Markdown."""
    parts = [
        f"# {escaped(document.title)}: {escaped(document.subtitle)}",
        escaped(document.about),
        *(f"> **{escaped(notice)}**" for notice in document.notices),
    ]
    for section in document.sections:
        parts.append(f"## {escaped(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join([*parts, f"*{escaped(document.foot)}*"]) + "\n"


def escaped(text: str) -> str:
    r"""Return a text that Markdown shows as it is, and that makes no link.

    >>> escaped("a|b *c* <d> https://e")
    'a\\|b \\*c\\* \\<d\\> https\\://e'
    """
    return _SPECIAL.sub(lambda found: "\\" + found[0], one_line(text))


def _block(block: Block) -> str:
    match block:
        case Sentence(text, _):
            return escaped(text)
        case Facts(facts):
            return "\n".join(
                f"- {escaped(fact.title)}: **{escaped(fact.value)}**{f' ({escaped(fact.note)})' if fact.note else ''}"
                for fact in facts
            )
        case Table():
            return _table(block)
        case Picture(title, words, _, letters):
            return f"### {escaped(title)}\n\n{escaped(words)}\n\n{_fenced(letters)}"


def _table(table: Table) -> str:
    head = " | ".join(escaped(column.title) or " " for column in table.columns)
    marks = " | ".join("---:" if column.numeric else "---" for column in table.columns)
    rows = [" | ".join(escaped(cell) for cell in row) for row in table.rows]
    lines = [f"| {line} |" for line in (head, marks, *rows)]
    return "\n".join([*([f"### {escaped(table.title)}", ""] if table.title else []), *lines])


def _fenced(text: str) -> str:
    """Return letters in a block of code; its fence is longer than any that a name brings."""
    fence = "`" * max(3, *(len(found) + 1 for found in _TICKS.findall(text)), 3)
    return f"{fence}text\n{text}\n{fence}"

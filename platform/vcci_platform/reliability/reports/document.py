"""A report as a document: sections of sentences, facts, tables and pictures, which every printed format has alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

__all__ = ["Block", "Column", "Document", "Fact", "Facts", "Picture", "Section", "Sentence", "Table", "Tone"]

Tone = Literal["", "good", "bad", "doubt", "quiet"]


@dataclass(frozen=True)
class Sentence:
    """One paragraph."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True)
class Fact:
    """One figure that stands out, with what it is and what to compare it with."""

    title: str
    value: str
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Facts:
    """A few figures beside each other."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table; numbers stand at its right edge, and a `wide` one takes the room that others leave."""

    title: str
    numeric: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under columns; a `long` one is set close."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    tones: tuple[Tone, ...] = ()
    long: bool = False


@dataclass(frozen=True)
class Picture:
    """A chart, with what it shows in a sentence and, where nothing can be drawn, in letters."""

    title: str
    words: str
    svg: Markup
    letters: str


Block = Sentence | Facts | Table | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it. `key` is its anchor."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """The whole: a title, what it is about, and sections; `notices` must not be overlooked."""

    title: str
    subtitle: str
    about: str
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
    foot: str

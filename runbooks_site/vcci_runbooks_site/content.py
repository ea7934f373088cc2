"""Hand-written pages: what they must hold, and what is wrong when they do not.

A guide (an alert's or a promise's page) has a head and five sections. A step says what it does to the world, what is
expected to be seen, and how it is undone; a cause says how it is verified and how it is fixed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import yaml

from vcci_runbooks_site.errors import ContentError

__all__ = ["EFFECTS", "Article", "Guide", "article", "guide", "step_text"]

EFFECTS: Final[Mapping[str, str]] = {
    "read-only": "looks, changes nothing",
    "changes state": "can be undone",
    "destructive": "cannot be taken back",
}
"""What a step does to the world."""

MEANING, REAL, IMPACT, MITIGATION, DIAGNOSIS = "Meaning", "Is it real?", "Impact", "Mitigation", "Diagnosis"
SECTIONS: Final = (MEANING, REAL, IMPACT, MITIGATION, DIAGNOSIS)

_HEAD: Final = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_STEP: Final = re.compile(r"^### (?P<title>.+?) \[(?P<effect>[a-z -]+)\]$")
_LABEL: Final = re.compile(r"^(Expect|Undo|Verify|Fix): (?=\S)")
_FENCE: Final = re.compile(r"^\s*(`{3,}|~{3,})")


@dataclass(frozen=True)
class Guide:
    """The hand-written part of an alert's or a promise's page; every text is Markdown."""

    path: str
    broke: str
    fastest: str
    reviewed: date
    meaning: str
    real: str
    impact: str
    mitigation: str
    diagnosis: str


@dataclass(frozen=True)
class Article:
    """A hand-written page that stands for itself: a procedure, a decision, or what a component is."""

    path: str
    title: str
    purpose: str
    reviewed: date
    body: str


@dataclass(frozen=True)
class _Line:
    number: int
    text: str
    fenced: bool


def guide(path: str, text: str) -> Guide:
    """Return the guide in a file. Raises ContentError at the first thing that is missing or unknown."""
    head, lines = _parts(path, text, ("broke", "fastest"))
    sections = _sections(path, lines)
    for section in (REAL, MITIGATION):
        _check_steps(path, section, sections[section])
    _check_causes(path, sections[DIAGNOSIS])
    written = {name: _text(part) for name, part in sections.items()}
    return Guide(
        path=path,
        broke=head["broke"],
        fastest=head["fastest"],
        reviewed=_reviewed(path, head),
        meaning=written[MEANING],
        real=_numbered(sections[REAL]),
        impact=written[IMPACT],
        mitigation=_numbered(sections[MITIGATION]),
        diagnosis=_numbered(sections[DIAGNOSIS], causes=True),
    )


def article(path: str, text: str) -> Article:
    """Return the article in a file; its steps follow the same rules as a guide's."""
    head, lines = _parts(path, text, ("purpose",))
    start = next((index for index, line in enumerate(lines) if line.text.strip()), 0)
    if not lines or not lines[start].text.startswith("# "):
        number = lines[start].number if lines else 1
        raise ContentError(path, number, "a title such as '# Roll back'", repr(lines[start].text if lines else ""))
    body = lines[start + 1 :]
    if not _text(body).strip():
        raise ContentError(path, lines[start].number, "words below the title", "none")
    for number, block in _blocks(body):
        if _STEP.match(block[0].text):
            _check_step(path, block)
        elif block[0].text.startswith("### ") and block[0].text.endswith("]"):
            raise ContentError(path, number, f"one of [{'], ['.join(EFFECTS)}] after a step", repr(block[0].text))
    return Article(path, lines[start].text[2:].strip(), head["purpose"], _reviewed(path, head), _numbered(body))


def step_text(number: int, title: str, effect: str) -> str:
    """Return the head of a step: its number, what it does, and what that does to the world."""
    name = effect.replace(" ", "-")
    return f'### {number}. {title} <span class="vcci-effect vcci-{name}" title="{EFFECTS[effect]}">{effect}</span>'


def _parts(path: str, text: str, wanted: tuple[str, ...]) -> tuple[dict[str, str], list[_Line]]:
    found = _HEAD.match(text)
    if found is None:
        raise ContentError(path, 1, "a head between two lines of ---", repr(text.split("\n", 1)[0]))
    try:
        read = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        raise ContentError(path, 2, "YAML in the head", " ".join(str(error).split())) from None
    keys = {*wanted, "reviewed"}
    if not isinstance(read, dict) or set(read) != keys:
        names = sorted(read) if isinstance(read, dict) else read
        raise ContentError(path, 2, f"exactly {', '.join(sorted(keys))} in the head", repr(names))
    head = {name: str(value).strip() for name, value in read.items()}
    empty = next((name for name, value in head.items() if not value or read[name] is None), None)
    if empty:
        raise ContentError(path, 2, f"words for {empty}", "none")
    first = found[0].count("\n") + 1
    return head, _lines(text[found.end() :], first)


def _lines(body: str, first: int) -> list[_Line]:
    lines: list[_Line] = []
    closing = ""
    for number, text in enumerate(body.split("\n"), start=first):
        mark = _FENCE.match(text)
        inside = bool(closing)
        if inside and mark and mark[1].startswith(closing):
            closing = ""
        elif not inside and mark:
            closing = mark[1]
        lines.append(_Line(number, text, fenced=inside or mark is not None))
    return lines


def _reviewed(path: str, head: Mapping[str, str]) -> date:
    try:
        return date.fromisoformat(head["reviewed"])
    except ValueError:
        raise ContentError(path, 2, "a date such as 2026-11-23 for reviewed", repr(head["reviewed"])) from None


def _sections(path: str, lines: list[_Line]) -> dict[str, list[_Line]]:
    sections: dict[str, list[_Line]] = {}
    headings: dict[str, int] = {}
    current: list[_Line] | None = None
    for line in lines:
        if line.text.startswith("## ") and not line.fenced:
            name = line.text[3:].strip()
            if name not in SECTIONS or name in sections:
                raise ContentError(path, line.number, f"each of {', '.join(SECTIONS)} once", repr(name))
            current = sections[name] = []
            headings[name] = line.number
        elif current is not None:
            current.append(line)
        elif line.text.strip():
            raise ContentError(path, line.number, f"the section {MEANING} first", repr(line.text))
    for name in SECTIONS:
        if not _text(sections.get(name, [])).strip():
            number = headings.get(name, lines[-1].number if lines else 1)
            raise ContentError(path, number, f"words in the section {name}", "none")
    return sections


def _blocks(lines: list[_Line]) -> list[tuple[int, list[_Line]]]:
    """Return what stands below each heading of the third level, the heading first."""
    blocks: list[tuple[int, list[_Line]]] = []
    for line in lines:
        if line.text.startswith(("## ", "### ")) and not line.fenced:
            blocks.append((line.number, [line]))
        elif blocks:
            blocks[-1][1].append(line)
    return [(number, block) for number, block in blocks if block[0].text.startswith("### ")]


def _check_steps(path: str, section: str, lines: list[_Line]) -> None:
    blocks = _blocks(lines)
    if not blocks:
        raise ContentError(path, lines[0].number, f"at least one step in {section}", "none")
    for number, block in blocks:
        if not _STEP.match(block[0].text):
            raise ContentError(path, number, f"one of [{'], ['.join(EFFECTS)}] after a step", repr(block[0].text))
        _check_step(path, block)


def _check_step(path: str, block: list[_Line]) -> None:
    heading = _STEP.match(block[0].text)
    number = block[0].number
    if heading is None or heading["effect"] not in EFFECTS:
        raise ContentError(path, number, f"one of [{'], ['.join(EFFECTS)}] after a step", repr(block[0].text))
    if not any(line.fenced for line in block):
        raise ContentError(path, number, "a command in the step", repr(heading["title"]))
    wanted = ["Expect"] if heading["effect"] == "read-only" else ["Expect", "Undo"]
    _check_labels(path, block, wanted)


def _check_causes(path: str, lines: list[_Line]) -> None:
    blocks = _blocks(lines)
    if not blocks:
        raise ContentError(path, lines[0].number, f"at least one cause in {DIAGNOSIS}", "none")
    for _, block in blocks:
        _check_labels(path, block, ["Verify", "Fix"])


def _check_labels(path: str, block: list[_Line], wanted: list[str]) -> None:
    said = {found[1] for line in block if not line.fenced and (found := _LABEL.match(line.text))}
    for label in wanted:
        if label not in said:
            raise ContentError(path, block[0].number, f"a line '{label}: ...' below the heading", repr(block[0].text))


def _numbered(lines: list[_Line], *, causes: bool = False) -> str:
    """Return the text with its steps numbered in each section and marked, and labels in bold; `causes` are ranked."""
    out: list[str] = []
    count = 0
    for line in lines:
        step = None if line.fenced else _STEP.match(line.text)
        if line.text.startswith("## ") and not line.fenced:
            count = 0
        if step:
            count += 1
            out.append(step_text(count, step["title"], step["effect"]))
        elif causes and not line.fenced and line.text.startswith("### "):
            count += 1
            out.append(f"### {count}. {line.text[4:]}")
        else:
            out.append(line.text if line.fenced else _LABEL.sub(r"**\1:** ", line.text))
    return "\n".join(out).strip("\n")


def _text(lines: list[_Line]) -> str:
    return "\n".join(line.text if line.fenced else _LABEL.sub(r"**\1:** ", line.text) for line in lines).strip("\n")

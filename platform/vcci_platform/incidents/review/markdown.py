"""A review as Markdown with a head, in the manual's form: out and in again without loss."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import yaml

from vcci_platform.incidents.review.model import ADDED, ENTERED, KIND_TITLES, Item, ItemKind, Line, Review, Stage

__all__ = ["HEADINGS", "Misread", "parse", "render"]

HEADINGS: Final[Mapping[str, str]] = {
    "summary": "Incident Summary",
    "timeline": "Timeline",
    "causes": "Root Cause",
    "resolution": "Resolution",
    "items": "Action Items",
    "went_well": "What Went Well",
    "improve": "What Could Be Improved",
    "public": "For Customers",
}
"""The sections of the manual, and what customers may read."""

TITLE: Final = "## Post-Incident Review: "
FACTS: Final = "<!-- facts: the desk tells them; they are not edited here -->"
END_OF_FACTS: Final = "<!-- end of facts -->"
HEAD_KEYS: Final = ("incident", "version", "stage", *ENTERED)

_HEADING: Final = re.compile(r"^#{1,3} ")
_ESCAPED: Final = re.compile(r"^\\(\\*#{1,3} |\\*<!-- )")
_TO_ESCAPE: Final = re.compile(r"^\\*(#{1,3} |<!-- )")
_LINE: Final = re.compile(
    r"^- (?P<at>\S+)(?: \(heard (?P<heard>\S+)\))?(?: `(?P<kind>[^`]+)` by `(?P<by>[^`]+)`:)? (?P<text>.+)$"
)
_SOURCE: Final = re.compile(r"^(?P<text>.+) \(\[line (?P<number>\d{1,18})\]\([^()\s]*\)\)$")
_ADDED: Final = " (not in the incident's timeline)"
_ITEM: Final = re.compile(r"^- \[(?P<done>[ xX])\] (?P<rest>.+)$")
_DETAILS: Final = re.compile(r"^(?P<text>.+) \{(?P<details>[^{}]*)\}$")
_KINDS: Final = {title: kind for kind, title in KIND_TITLES.items()}


class Misread(ValueError):
    """A line of the Markdown that is not understood: which, what was expected, what was found."""

    def __init__(self, number: int, expected: str, found: str) -> None:
        super().__init__(f"line {number}: expected {expected}, found {found}")
        self.number = number


@dataclass(frozen=True)
class _Row:
    number: int
    text: str


def render(review: Review, incident_url: str = "") -> str:
    """Return a review as Markdown. `incident_url` is where its lines are; unset, they have only their number."""
    head = {"incident": review.incident, "version": review.version, "stage": review.stage.value}
    entered = {name: getattr(review, name) for name in ENTERED}
    parts = [
        "---",
        yaml.safe_dump(head | entered, sort_keys=False, allow_unicode=True, width=2**31).rstrip("\n"),
        "---",
        f"{TITLE}{review.title}",
    ]
    for name, heading in HEADINGS.items():
        parts += ["", f"### {heading}", ""]
        if name == "timeline":
            parts += [_line(line, incident_url) for line in review.timeline]
        elif name == "items":
            parts += [_item(item) for item in review.items]
        else:
            if name == "summary":
                parts += [FACTS, *(f"- {fact}" for fact in review.facts), END_OF_FACTS, ""]
            parts += [_escaped(row) for row in getattr(review, name).split("\n")]
    return "\n".join(parts).rstrip("\n") + "\n"


def parse(text: str) -> Review:
    """Return the review that a Markdown text holds, or raise Misread.

    Sections may stand in any order, and one that is missing is empty. A line that a person adds to the timeline needs
    its time and its words only: `- 2026-03-02T09:12Z the pool was full`.
    """
    rows = [_Row(number, row.rstrip("\r")) for number, row in enumerate(text.removeprefix("\ufeff").split("\n"), 1)]
    head, rest = _head(rows)
    title, sections = _sections(rest)
    facts, summary = _facts(sections.get("summary", []))
    texts = {name: _text(sections.get(name, [])) for name in HEADINGS if name not in {"summary", "timeline", "items"}}
    first = rest[0].number if rest else 1
    try:
        return Review(
            incident=head["incident"],
            title=title,
            version=head["version"],
            stage=Stage(head["stage"]),
            facts=facts,
            timeline=tuple(_read_line(row) for row in sections.get("timeline", []) if row.text.strip()),
            items=tuple(_read_item(row) for row in sections.get("items", []) if row.text.strip()),
            summary=_text(summary),
            **{name: head[name] for name in ENTERED},
            **texts,
        )
    except Misread:
        raise
    except ValueError as error:
        raise Misread(first, "a review that can be", str(error)) from None


# --- the head ---------------------------------------------------------------------------------------------------------


def _head(rows: list[_Row]) -> tuple[dict[str, Any], list[_Row]]:
    if rows[0].text.strip() != "---":
        raise Misread(1, "a head between two lines of ---", repr(rows[0].text[:80]))
    end = next((index for index, row in enumerate(rows) if index and row.text.strip() == "---"), None)
    if end is None:
        raise Misread(len(rows), "a second line of --- below the head", "the end")
    try:
        read = yaml.load("\n".join(row.text for row in rows[1:end]), Loader=yaml.BaseLoader)  # noqa: S506 - text only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Misread(mark.line + 2 if mark else 1, "a head in YAML", str(error).split("\n")[0]) from None
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise Misread(2, "names with a value each", repr(read)[:80])
    unknown = sorted(set(read) - set(HEAD_KEYS))
    if unknown:
        raise Misread(2, f"only {', '.join(HEAD_KEYS)} in the head", unknown[0])
    found: dict[str, Any] = {"stage": Stage.DRAFT.value, **dict.fromkeys(ENTERED, ""), **read}
    if not found.get("incident"):
        raise Misread(2, "the id of the incident in the head", "none")
    if not str(found.get("version", "")).isdecimal():
        raise Misread(2, "the version that was exported, a number", repr(found.get("version", "none")))
    if found["stage"] not in set(Stage):
        raise Misread(2, f"one of {', '.join(Stage)} as stage", repr(found["stage"]))
    return {**found, "version": int(found["version"])}, rows[end + 1 :]


# --- sections ---------------------------------------------------------------------------------------------------------


def _sections(rows: list[_Row]) -> tuple[str, dict[str, list[_Row]]]:
    names = {heading: name for name, heading in HEADINGS.items()}
    title = ""
    current: str | None = None
    found: dict[str, list[_Row]] = {}
    for row in rows:
        if current is None and row.text.startswith(TITLE.rstrip()):
            title = row.text[len(TITLE.rstrip()) :].strip()
        elif _HEADING.match(row.text):
            heading = row.text.removeprefix("### ").strip()
            current = names.get(heading) if row.text.startswith("### ") else None
            if current is None:
                known = "', '### ".join(HEADINGS.values())
                hint = f"one of '### {known}'; a heading of your own begins with ####"
                raise Misread(row.number, hint, repr(row.text[:80]))
            if current in found:
                raise Misread(row.number, f"'{row.text}' once", "it a second time")
            found[current] = []
        elif current is not None:
            found[current].append(row)
        elif row.text.strip():
            raise Misread(row.number, f"'{TITLE}<title>' or a section", repr(row.text[:80]))
    if not title:
        raise Misread(rows[0].number if rows else 1, f"'{TITLE}<title>'", "none")
    return title, found


def _facts(rows: list[_Row]) -> tuple[tuple[str, ...], list[_Row]]:
    start = next((index for index, row in enumerate(rows) if row.text.strip() == FACTS), None)
    if start is None:
        return (), rows
    end = next((index for index, row in enumerate(rows) if index > start and row.text.strip() == END_OF_FACTS), None)
    if end is None:
        raise Misread(rows[start].number, f"{END_OF_FACTS!r} below", "none")
    facts = tuple(row.text.removeprefix("- ").strip() for row in rows[start + 1 : end] if row.text.strip())
    return facts, rows[:start] + rows[end + 1 :]


def _escaped(row: str) -> str:
    """Return a row of a text that cannot be taken for a heading or a mark of ours; Markdown shows it as it was."""
    return f"\\{row}" if _TO_ESCAPE.match(row) else row


def _text(rows: list[_Row]) -> str:
    return "\n".join(row.text[1:] if _ESCAPED.match(row.text) else row.text for row in rows)


# --- the timeline -----------------------------------------------------------------------------------------------------


def _line(line: Line, incident_url: str) -> str:
    heard = f" (heard {_moment(line.heard_at)})" if line.heard_at != line.at else ""
    where = f"{incident_url}#line-{line.source}" if incident_url else f"#line-{line.source}"
    source = _ADDED if line.source is None else f" ([line {line.source}]({where}))"
    return f"- {_moment(line.at)}{heard} `{line.kind}` by `{line.by}`: {line.text}{source}"


def _read_line(row: _Row) -> Line:
    found = _LINE.match(row.text.strip())
    if found is None:
        raise Misread(row.number, "a line such as '- 2026-03-02T09:12Z what happened'", repr(row.text[:80]))
    at = _read_moment(row, found["at"])
    text, source = found["text"], _SOURCE.match(found["text"])
    if source is not None:
        text = source["text"]
    elif text.endswith(_ADDED):
        text = text.removesuffix(_ADDED)
    try:
        return Line(
            at=at,
            heard_at=_read_moment(row, found["heard"]) if found["heard"] else at,
            kind=found["kind"] or ADDED,
            by=found["by"] or "",
            text=text,
            source=int(source["number"]) if source else None,
        )
    except ValueError as error:
        raise Misread(row.number, "a line of a timeline", str(error)) from None


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read_moment(row: _Row, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Misread(row.number, "a moment with its zone such as 2026-03-02T09:12:00Z", repr(text[:40]))
    return moment


# --- action items -----------------------------------------------------------------------------------------------------


def _item(item: Item) -> str:
    details = {
        "owner": item.owner,
        "due": item.due.isoformat() if item.due else "",
        "tracker": item.tracker,
        "id": str(item.id or ""),
    }
    told = "; ".join(f"{name}: {value}" for name, value in details.items() if value)
    return f"- [{'x' if item.done else ' '}] {KIND_TITLES[item.kind]}: {item.text} {{{told}}}"


def _read_item(row: _Row) -> Item:
    found = _ITEM.match(row.text.strip())
    if found is None:
        raise Misread(row.number, "an item such as '- [ ] Prevent recurrence: …'", repr(row.text[:80]))
    rest, detailed = found["rest"], _DETAILS.match(found["rest"])
    details = dict(_details(row, detailed["details"])) if detailed else {}
    kind, colon, text = (detailed["text"] if detailed else rest).partition(": ")
    if not colon or kind not in _KINDS:
        kind, text = KIND_TITLES[ItemKind.OTHER], detailed["text"] if detailed else rest
    number = details.get("id", "0")
    if not number.isdecimal():
        raise Misread(row.number, "the number of a stored item as id, or none", repr(number))
    try:
        due = date.fromisoformat(details["due"]) if "due" in details else None
    except ValueError:
        raise Misread(row.number, "a day such as due: 2026-03-09", repr(details["due"])) from None
    try:
        return Item(
            kind=_KINDS[kind],
            text=text,
            owner=details.get("owner", ""),
            due=due,
            tracker=details.get("tracker", ""),
            done=found["done"] != " ",
            id=int(number),
        )
    except ValueError as error:
        raise Misread(row.number, "an action item", str(error)) from None


def _details(row: _Row, text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(";"):
        if not part.strip():
            continue
        name, colon, value = (piece.strip() for piece in part.partition(":"))
        if not colon or name not in {"owner", "due", "tracker", "id"}:
            raise Misread(
                row.number, "owner, due, tracker or id, each with a value, in braces", repr(part.strip()[:40])
            )
        yield name, value

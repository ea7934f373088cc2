"""Block Kit: which blocks Slack takes, and what a person reads in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["BlockComplaint", "Shown", "check_blocks", "shown_blocks"]

# https://docs.slack.dev/reference/block-kit/blocks/
BLOCKS: Final = 50
HEADER_CHARACTERS: Final = 150
SECTION_CHARACTERS: Final = 3000
FIELD_CHARACTERS: Final = 2000
FIELDS: Final = 10
CONTEXT_ELEMENTS: Final = 10
ACTION_ELEMENTS: Final = 25
BUTTON_CHARACTERS: Final = 75
ID_CHARACTERS: Final = 255
TYPES: Final = ("actions", "context", "divider", "header", "image", "rich_text", "section")

Look = Literal["header", "text", "field", "quiet", "button", "divider"]


class BlockComplaint(ValueError):
    """Slack would answer `invalid_blocks`; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A piece of a message as it is read; a button may lead somewhere."""

    look: Look
    text: str = ""
    url: str = ""


def check_blocks(blocks: Sequence[Mapping[str, Any]]) -> None:
    """Raise `BlockComplaint` for blocks that Slack refuses."""
    if len(blocks) > BLOCKS:
        raise BlockComplaint(f"blocks: at most {BLOCKS}, found {len(blocks)}")
    for number, block in enumerate(blocks):
        place = f"blocks[{number}]"
        if block.get("type") not in TYPES:
            raise BlockComplaint(f"{place}.type: expected one of {', '.join(TYPES)}, found {block.get('type')!r}")
        if len(str(block.get("block_id", ""))) > ID_CHARACTERS:
            raise BlockComplaint(f"{place}.block_id: at most {ID_CHARACTERS} characters")
        _check_block(str(block["type"]), block, place)


def _check_block(kind: str, block: Mapping[str, Any], place: str) -> None:
    if kind == "header":
        _check_text(block.get("text"), f"{place}.text", HEADER_CHARACTERS, kinds=("plain_text",))
    elif kind == "section":
        _check_section(block, place)
    elif kind == "context":
        for index, each in enumerate(_list(block, "elements", f"{place}.elements", CONTEXT_ELEMENTS, needed=True)):
            if not isinstance(each, Mapping) or each.get("type") != "image":
                _check_text(each, f"{place}.elements[{index}]", SECTION_CHARACTERS)
    elif kind == "actions":
        for index, each in enumerate(_list(block, "elements", f"{place}.elements", ACTION_ELEMENTS, needed=True)):
            _check_element(each, f"{place}.elements[{index}]")
    elif kind == "image" and not (block.get("image_url") and block.get("alt_text")):
        raise BlockComplaint(f"{place}: an image needs image_url and alt_text")


def _check_section(block: Mapping[str, Any], place: str) -> None:
    if "text" not in block and not block.get("fields"):
        raise BlockComplaint(f"{place}: a section needs text or fields")
    if "text" in block:
        _check_text(block["text"], f"{place}.text", SECTION_CHARACTERS)
    for index, each in enumerate(_list(block, "fields", f"{place}.fields", FIELDS)):
        _check_text(each, f"{place}.fields[{index}]", FIELD_CHARACTERS)
    if "accessory" in block:
        _check_element(block["accessory"], f"{place}.accessory")


def _check_text(text: Any, place: str, longest: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> None:
    if not isinstance(text, Mapping) or text.get("type") not in kinds:
        raise BlockComplaint(f"{place}: expected a text object of type {' or '.join(kinds)}")
    words = text.get("text")
    if not isinstance(words, str) or not 1 <= len(words) <= longest:
        raise BlockComplaint(f"{place}.text: expected 1 to {longest} characters")


def _check_element(element: Any, place: str) -> None:
    if not isinstance(element, Mapping) or not element.get("type"):
        raise BlockComplaint(f"{place}: expected an element with a type")
    if element["type"] == "button":
        _check_text(element.get("text"), f"{place}.text", BUTTON_CHARACTERS, kinds=("plain_text",))
        if element.get("style") not in {None, "primary", "danger"}:
            raise BlockComplaint(f"{place}.style: expected primary or danger")
        if len(str(element.get("url", ""))) > SECTION_CHARACTERS:
            raise BlockComplaint(f"{place}.url: at most {SECTION_CHARACTERS} characters")


def _list(block: Mapping[str, Any], name: str, place: str, most: int, *, needed: bool = False) -> list[Any]:
    found = block.get(name, [])
    if not isinstance(found, list) or len(found) > most or (needed and not found):
        raise BlockComplaint(f"{place}: expected a list of {int(needed)} to {most}")
    return found


def shown_blocks(blocks: Sequence[Mapping[str, Any]]) -> tuple[Shown, ...]:
    """Return what a person reads, in order."""
    return tuple(piece for block in blocks for piece in _shown(block))


def _shown(block: Mapping[str, Any]) -> Iterator[Shown]:
    kind = block.get("type")
    if kind == "divider":
        yield Shown("divider")
    if kind == "image":
        yield Shown("quiet", str(block.get("alt_text", "")))
    if isinstance(block.get("text"), Mapping):
        yield Shown("header" if kind == "header" else "text", str(block["text"].get("text", "")))
    for each in block.get("fields") or ():
        yield Shown("field", str(each.get("text", "")))
    elements = [*(block.get("elements") or ()), *([block["accessory"]] if block.get("accessory") else [])]
    for each in elements:
        text = each.get("text")
        if each.get("type") == "button" and isinstance(text, Mapping):
            yield Shown("button", str(text.get("text", "")), str(each.get("url", "")))
        elif isinstance(text, str):
            yield Shown("quiet", text)

"""Closed forms: the base of every body the stand-ins accept, and the sentences that say what is wrong with one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

__all__ = [
    "ClosedForm",
    "Filled",
    "HttpsUrl",
    "NotAnObject",
    "Timestamp",
    "WebUrl",
    "pairs",
    "read_object",
    "sentences",
]


class ClosedForm(BaseModel):
    """A body in which an unknown field is an error and nothing is converted.

    The vendors leave their forms open and ignore what they do not know, which hides mistakes such as `links` inside the
    payload. The stand-ins refuse them, so that a mistake is found here and not in the night.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        """Refuse null: the vendors' schemas know no nullable field, and None here means that a field is absent."""
        nulls = [name for name, given in value.items() if given is None] if isinstance(value, dict) else []
        if nulls:
            raise PydanticCustomError("null", "{names} is null; leave it out instead", {"names": ", ".join(nulls)})
        return value


class NotAnObject(ValueError):
    """The body is not a JSON object; the text says why."""


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in the body, or raise `NotAnObject`."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotAnObject(f"JSON parse error: {error}") from error
    if not isinstance(value, dict):
        raise NotAnObject(f"expected a JSON object, found {type(value).__name__}")
    return value


def pairs(error: ValidationError) -> Iterator[tuple[str, ErrorDetails]]:
    """Return each complaint with the dotted place it is about."""
    for item in error.errors(include_url=False):
        yield ".".join(str(part) for part in item["loc"]), item


def sentences(error: ValidationError, *, where_else: dict[str, str] | None = None) -> list[str]:
    """Return one sentence for each thing that is wrong; `where_else` maps an unknown field to advice."""
    advice = where_else or {}
    return [_sentence(place, item, advice.get(place, "")) for place, item in pairs(error)]


def _sentence(place: str, item: ErrorDetails, advice: str) -> str:
    kind = item["type"]
    context = item.get("ctx", {})
    if kind in {"missing", "blank"}:
        return f"'{place}' is missing or blank"
    if kind == "extra_forbidden":
        return f"'{place}' is not a field of this form" + (f": {advice}" if advice else "")
    if kind == "literal_error":
        return f"'{place}' is invalid (must be one of the following: {context['expected']}), found {item['input']!r}"
    if kind in {"string_too_long", "too_long"} and isinstance(item["input"], str):
        return f"'{place}' is too long (at most {context['max_length']} characters), found {len(item['input'])}"
    if not place:
        return item["msg"]
    return f"'{place}': {item['msg'][:1].lower()}{item['msg'][1:]}"


def _not_blank(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("blank", "is blank")
    return value


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise PydanticCustomError("url", "expected an http or https URL, found {value}", {"value": repr(value)})
    return value


def _https_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.netloc:
        raise PydanticCustomError("url", "expected an https URL, found {value}", {"value": repr(value)})
    return value


def _timestamp(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError(
            "timestamp", "expected an ISO 8601 time, found {value}", {"value": repr(value)}
        ) from error
    return value


Filled = Annotated[str, AfterValidator(_not_blank)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
HttpsUrl = Annotated[str, AfterValidator(_https_url)]
Timestamp = Annotated[str, AfterValidator(_timestamp)]

"""Values with their unit: `99.9%`, `500ms`, `4Gi`. A number without its unit is refused where a unit is expected."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from vcci_slo.promql.durations import LONGEST, parse_duration
from vcci_slo.promql.figures import number

__all__ = [
    "Bytes",
    "Count",
    "Delay",
    "Duration",
    "EnvName",
    "Percent",
    "Percentage",
    "Quantity",
    "Range",
    "Span",
    "Threshold",
    "describe",
    "refuse",
]

DURATION_PATTERN = r"^(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$"
# Digits are those of ASCII: what is read here is written out again for programs that know no others.
_DURATION = re.compile(DURATION_PATTERN, re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,20})?) ?%", re.ASCII)
_BYTES = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(Ki|Mi|Gi|Ti|k|M|G|T)?(B)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_BYTE_SIZES = {
    None: 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
_ENV = re.compile(r"\$[A-Z][A-Z0-9_]*")

MOST = 10**15
"""No number of a spec is larger: doubles are exact up to here."""

MOST_EVENTS = 10**9
"""More bad events than that are no evidence to wait for."""


def refuse(expected: str, found: Any, suggestion: str = "") -> PydanticCustomError:
    """Return the error that says what was expected, what was found, and what was perhaps meant."""
    context = {"expected": expected, "found": describe(found), "suggestion": suggestion}
    return PydanticCustomError("vcci", "expected {expected}, found {found}", context)


def describe(value: Any) -> str:
    """Return a value as the author of a spec would say it, shortened."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a map" if value else "an empty map"
        case list():
            return "a list" if value else "an empty list"
        case str():
            return repr(value if len(value) <= 60 else value[:57] + "…")
        case _:
            return str(value)


@dataclass(frozen=True)
class Percentage:
    """A share. `ratio` and its `complement` are each computed exactly from the text, so 99.9% leaves 0.001."""

    text: str
    ratio: float
    complement: float

    @classmethod
    def parse(cls, value: Any) -> Percentage:
        """Return the share that a text such as `99.9%` says."""
        found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise refuse("a percentage with its unit such as 99.9%", value, _percent_meant(value))
        share = Decimal(found[1]) / 100
        if share > 1:
            raise refuse("a percentage of at most 100%", value)
        return cls(f"{found[1]}%", float(share), float(1 - share))


def _percent_meant(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f"{number(value * 100 if 0 < value <= 1 else value)}%"


def _delay(value: Any) -> timedelta:
    if isinstance(value, str) and value and _DURATION.fullmatch(value):
        return _bounded(value)
    meant = f"{value}s" if isinstance(value, int) and not isinstance(value, bool) else ""
    raise refuse("a duration with its unit such as 30s, 5m or 1h30m", value, meant)


def _duration(value: Any) -> timedelta:
    found = _delay(value)
    if not found:
        raise refuse("a duration longer than nothing", value)
    return found


def _bounded(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError:
        raise refuse(f"a duration of at most {LONGEST.days}d", text) from None


def _bytes(value: Any) -> int:
    found = _BYTES.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[2] is None:
        raise refuse("a size with its unit such as 512Mi or 4Gi", value)
    return int(Decimal(found[1]) * _BYTE_SIZES[found[2]])


def _env_name(value: Any) -> str:
    if not isinstance(value, str) or _ENV.fullmatch(value) is None:
        raise refuse("the name of an environment variable such as $PD_PRIMARY", value)
    return value


@dataclass(frozen=True)
class Quantity:
    """A threshold: a share, a duration, a size, or a plain count. `value` is a ratio, seconds, bytes or a number."""

    text: str
    value: float
    unit: Literal["ratio", "seconds", "bytes", "number"]

    @classmethod
    def parse(cls, value: Any) -> Quantity:
        """Return the quantity that a text or a plain number says."""
        if _is_finite(value):
            return cls(f"{value:g}", float(value), "number")
        if isinstance(value, str) and value:
            if value.endswith("%"):
                share = Percentage.parse(value)
                return cls(share.text, share.ratio, "ratio")
            if _DURATION.fullmatch(value):
                return cls(value, _bounded(value).total_seconds(), "seconds")
            if (found := _BYTES.fullmatch(value)) and found[2]:
                return cls(value, float(_bytes(value)), "bytes")
        raise refuse("a threshold such as 1%, 500ms, 4Gi or a count", value)


@dataclass(frozen=True)
class Span:
    """From one number to another, `6-20` or a single `3`; sizes and cores may have units and fractions."""

    low: float
    high: float

    @classmethod
    def parse(cls, value: Any) -> Span:
        """Return the span that a text such as `6-20` or `4Gi-8Gi`, or a plain count, says."""
        if _is_finite(value) and value >= 0:
            return cls(float(value), float(value))
        parts = value.split("-") if isinstance(value, str) else []
        try:
            numbers = [float(_bytes(part)) if not _is_number(part) else float(part) for part in parts]
        except PydanticCustomError:
            numbers = []
        if not 1 <= len(numbers) <= 2 or numbers != sorted(numbers):
            raise refuse("a span such as 6-20 or 4Gi-8Gi, smaller first", value)
        return cls(numbers[0], numbers[-1])


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _is_finite(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and -MOST <= value <= MOST


Percent = Annotated[
    Percentage,
    PlainValidator(Percentage.parse),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? ?%$", "examples": ["99.9%"]}),
]
Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["30s", "5m", "1h30m"]}),
]
"""Longer than nothing."""

Delay = Annotated[
    timedelta,
    PlainValidator(_delay),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["0m", "30s", "5m"]}),
]
"""`0m` is at once."""

Count = Annotated[int, Field(ge=0, le=MOST_EVENTS)]
Bytes = Annotated[
    int,
    PlainValidator(_bytes),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(Ki|Mi|Gi|Ti|k|M|G|T)B?$", "examples": ["4Gi"]}),
]
EnvName = Annotated[
    str, PlainValidator(_env_name), WithJsonSchema({"type": "string", "pattern": r"^\$[A-Z][A-Z0-9_]*$"})
]
Threshold = Annotated[
    Quantity, PlainValidator(Quantity.parse), WithJsonSchema({"type": ["string", "number"], "examples": ["1%", "5m"]})
]
Range = Annotated[
    Span, PlainValidator(Span.parse), WithJsonSchema({"type": ["string", "number"], "examples": ["6-20", "4Gi-8Gi"]})
]

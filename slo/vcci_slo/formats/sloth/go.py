"""How Go prints numbers, spans of time and quoted text: Sloth's rules and messages are made of these."""

from __future__ import annotations

import math
import struct
from datetime import timedelta
from decimal import Decimal
from typing import Any

__all__ = ["duration", "fixed", "general", "quote", "shortest_single", "syntax"]

_EXPONENT_FROM = 6
"""The power of ten from which the shortest form has an exponent: the default precision of `%g`, whatever the digits."""

_DEEPEST_SHOWN = 20
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def general(number: float) -> str:
    """Return a number as `%g` prints it: the fewest digits that read back, an exponent from a million or below 1e-4.

    >>> [general(x) for x in (14.4, 6.0, 0.9990000000000001, 0.00001, 1e6, 100.0)]
    ['14.4', '6', '0.9990000000000001', '1e-05', '1e+06', '100']
    """
    return _general(number, repr(number))


def shortest_single(number: float) -> str:
    """Return a number as the YAML reader of Kubernetes turns it into text: through 32 bits."""
    if not math.isfinite(number):
        return _general(number, "")
    try:
        single: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return _general(math.inf if number > 0 else -math.inf, "")
    for digits in range(1, 10):
        text = f"{single:.{digits}g}"
        if struct.pack("<f", float(text)) == struct.pack("<f", single):
            return _general(single, text)
    return _general(single, repr(single))


def fixed(number: float) -> str:
    """Return a number with the fewest digits that read back, and never with an exponent.

    >>> [fixed(x) for x in (99.9, 99.0, 0.00001)]
    ['99.9', '99', '0.00001']
    """
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(length: timedelta) -> str:
    """Return a span as Go prints it.

    >>> duration(timedelta(days=28)), duration(timedelta(seconds=1.5)), duration(timedelta(0))
    ('672h0m0s', '1.5s', '0s')
    """
    total = length // _MICROSECOND
    sign, total = ("-", -total) if total < 0 else ("", total)
    if total < _SECOND:
        return f"{sign}{_part(total, 1000)}ms" if total >= 1000 else f"{sign}{total}µs" if total else "0s"
    minutes, rest = divmod(total, 60 * _SECOND)
    hours, minutes = divmod(minutes, 60)
    text = f"{_part(rest, _SECOND)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else f"{sign}{text}"


def quote(text: str) -> str:
    r"""Return a text as `%q` prints it. Bytes that are no UTF-8 may come as Python's surrogate escapes.

    >>> print(quote('a"b'), quote("\udcc3("))
    "a\"b" "\xc3("
    """
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_ESCAPES.get(letter) or _visible(letter) for letter in text) + '"'


def syntax(data: Any, *, bare_nil: bool = False, depth: int = 0) -> str:
    """Return plain data as `%#v` prints it, cut short where it is nested deeper than anybody reads.

    >>> print(syntax({".window": None}))
    map[interface {}]interface {}{".window":interface {}(nil)}
    """
    match data:
        case None:
            text = "<nil>" if bare_nil else "interface {}(nil)"
        case bool():
            text = "true" if data else "false"
        case str():
            text = quote(data)
        case float():
            text = general(data)
        case list() if depth < _DEEPEST_SHOWN:
            text = f"[]interface {{}}{{{', '.join(syntax(each, depth=depth + 1) for each in data)}}}"
        case dict() if depth < _DEEPEST_SHOWN:
            entries = (f"{quote(key)}:{syntax(data[key], depth=depth + 1)}" for key in sorted(data))
            text = f"map[interface {{}}]interface {{}}{{{', '.join(entries)}}}"
        case _:
            text = str(data) if isinstance(data, int) else "..."
    return text


def _visible(letter: str) -> str:
    code = ord(letter)
    if letter.isprintable():
        return letter
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _part(amount: int, unit: int) -> str:
    whole, rest = divmod(amount, unit)
    return f"{whole}.{str(rest + unit)[1:].rstrip('0')}" if rest else str(whole)


def _general(number: float, text: str) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    if number == 0:
        return "-0" if math.copysign(1, number) < 0 else "0"
    sign, digits, exponent = Decimal(text).as_tuple()
    figures = "".join(map(str, digits)).rstrip("0")
    point = len(digits) + int(exponent)  # where the point stands, counted from the first figure
    minus = "-" if sign else ""
    if not -4 <= point - 1 < _EXPONENT_FROM:
        mantissa = figures[0] + (f".{figures[1:]}" if len(figures) > 1 else "")
        return f"{minus}{mantissa}e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{figures}"
    whole, rest = figures[:point].ljust(point, "0"), figures[point:]
    return f"{minus}{whole}.{rest}" if rest else f"{minus}{whole}"

"""The options that the published SLI plugins share, with their checks and their words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vcci_slo.formats.sloth import SlothError
from vcci_slo.formats.sloth.go import quote
from vcci_slo.formats.sloth.regex import compiled

__all__ = ["bucket", "checked_matchers", "filled", "flag", "matchers", "pattern", "real", "required", "with_comma"]

Options = Mapping[str, str]

_MATCHERS = re.compile(r'^{?([^=]+="[^=,"]+",)*([^=]+="[^=,"]+")$', re.MULTILINE)
_REAL = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)", re.IGNORECASE)
_PLACE = re.compile(r"<(\w+)>")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def filled(query: str, **values: str) -> str:
    """Return a query with its `<places>` filled.

    >>> filled('up{ <filter>job="<job>" }', filter="", job="api")
    'up{ job="api" }'
    """
    return _PLACE.sub(lambda place: values[place.group(1)], query)


def matchers(options: Options) -> str:
    """Return the option `filter` without the braces and commas around it."""
    return options.get("filter", "").strip("{},")


def checked_matchers(options: Options) -> str:
    """Return the option `filter` if it is a list of equalities."""
    given = options.get("filter", "")
    found = given.strip("{},")
    if given and not _MATCHERS.search(found):
        raise SlothError(f"invalid prometheus filter: {found}")
    return found


def with_comma(found: str) -> str:
    """Return matchers so that more can follow."""
    return f"{found}," if found else ""


def real(text: str, what: str) -> float:
    """Return a number, or say what should have been one."""
    if not _REAL.fullmatch(text):
        why = f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax"
        raise SlothError(f"not a valid {what}, can't parse to float64: {why}")
    return float(text)


def bucket(options: Options) -> str:
    """Return the option `bucket`, the upper bound of a good latency as the histogram writes it."""
    found = options.get("bucket", "")
    if not found:
        raise SlothError('could not get bucket: "bucket" option is required')
    try:
        real(found, "bucket")
    except SlothError as error:
        raise error.during("could not get bucket") from None
    return found


def flag(options: Options, name: str) -> bool:
    """Return a boolean option, false if it is absent."""
    found = options.get(name, "")
    if found in _TRUE:
        return True
    if found and found not in _FALSE:
        why = f"strconv.ParseBool: parsing {quote(found)}: invalid syntax"
        raise SlothError(f"could not get {name}: not a valid {name}, can't parse to bool: {why}")
    return False


def required(options: Options, name: str) -> str:
    """Return an option that must be there."""
    found = options.get(name, "").strip()
    if not found:
        raise SlothError(f"could not get {name}: {name} is required")
    return found


def pattern(found: str, what: str) -> str:
    """Return a regular expression if it is one."""
    try:
        compiled(found)
    except SlothError as error:
        raise error.during("invalid regex").during(f"could not get {what}") from None
    return found

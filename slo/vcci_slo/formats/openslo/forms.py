"""The forms of OpenSLO's values: names, labels, annotations, durations."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from vcci_slo.formats.cursor import Cursor
from vcci_slo.formats.openslo.model import Metadata, Version

__all__ = [
    "DNS_LABEL",
    "LONGEST_DESCRIPTION",
    "LONGEST_DISPLAY_NAME",
    "V2",
    "duration",
    "metadata",
    "moment_at",
    "name_at",
    "zone_at",
]

V2: Version = "openslo.com/v2alpha"
LONGEST_DESCRIPTION = 1050
LONGEST_DISPLAY_NAME = 63
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_KEY = re.compile(r"[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
_LABEL_VALUE_V2 = re.compile(r"([a-z0-9]([-._a-z0-9]{0,61}[a-z0-9])?)?")
_QUALIFIED = re.compile(
    r"(?=(?:[^/]{1,253}/)?[^/]{1,63}$)"
    r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*/)?"
    r"[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?"
)
_DURATION = re.compile(r"([0-9]{1,6})([mhdwMQY])", re.ASCII)
_LENGTHS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "M": timedelta(days=30),
    "Q": timedelta(days=90),
    "Y": timedelta(days=365),
}
"""What OpenSLO's own library takes a month, a quarter and a year for."""

_NAME_LIKE = "a name of at most 63 lower-case letters, digits and dashes"


def name_at(owner: Cursor, key: str, *, needed: bool = False) -> str:
    """Return a name, such as a reference to another object."""
    return owner.text(key, needed=needed, form=DNS_LABEL, like=_NAME_LIKE)


def metadata(owner: Cursor, version: Version) -> Metadata:
    """Return the metadata of an object."""
    here = owner.at("metadata")
    if here.data is None:
        owner.refuse("the key metadata", "no such key", key="metadata")
        return Metadata("")
    if not here.is_map():
        return Metadata("")
    name = name_at(here, "name", needed=True)
    display = ""
    if version != V2:
        display = here.text("displayName", longest=LONGEST_DISPLAY_NAME)
    return Metadata(name, display, _labels(here, version), _annotations(here))


def _labels(here: Cursor, version: Version) -> dict[str, tuple[str, ...]]:
    found = here.at("labels")
    if found.data is None or not found.is_map():
        return {}
    labels: dict[str, tuple[str, ...]] = {}
    key_form = _QUALIFIED if version == V2 else _LABEL_KEY
    for key, value in found.data.items():
        if key_form.fullmatch(key) is None:
            found.refuse("a label of letters, digits, dots, dashes and underscores", repr(key), key=key)
        if isinstance(value, list) and version != V2:
            wrong = [item for item in value if not isinstance(item, str)]
            if wrong:
                found.refuse("a text or a list of texts", wrong[0], key=key)
            labels[key] = tuple(item for item in value if isinstance(item, str))
        elif isinstance(value, str):
            if version == V2 and _LABEL_VALUE_V2.fullmatch(value) is None:
                found.refuse("lower-case letters, digits, dots, dashes and underscores", repr(value), key=key)
            labels[key] = (value,)
        else:
            found.refuse("text" if version == V2 else "a text or a list of texts", value, key=key)
    return labels


def _annotations(here: Cursor) -> dict[str, str]:
    found = here.texts("annotations")
    for key in found:
        if _QUALIFIED.fullmatch(key) is None:
            here.at("annotations").refuse("an annotation such as my-domain.org/my-key", repr(key), key=key)
    return found


def duration(owner: Cursor, key: str, version: Version, *, needed: bool = False) -> timedelta | None:
    """Return a duration such as `1h` or `4w`; months, quarters and years are v1's alone."""
    units = "m, h, d and w" if version == V2 else "m, h, d, w, M, Q and Y"
    value = owner.text(key, needed=needed)
    if not value:
        return None
    found = _DURATION.fullmatch(value)
    if found is None or (version == V2 and found[2] in "MQY"):
        owner.refuse(f"a duration of one number and one of {units}, such as 4w", repr(value), key=key)
        return None
    length = int(found[1]) * _LENGTHS[found[2]]
    if not length:
        owner.refuse("a duration longer than nothing", repr(value), key=key)
        return None
    return length


def zone_at(owner: Cursor, key: str) -> str:
    """Return the name of a time zone of the IANA database."""
    value = owner.text(key, needed=True)
    try:
        return ZoneInfo(value).key if value else ""
    except (ValueError, OSError, LookupError):
        owner.refuse("a time zone such as Europe/Berlin", repr(value), key=key)
        return ""


def moment_at(owner: Cursor, key: str) -> str:
    """Return a date with its time, such as `2026-01-01 00:00:00`."""
    value = owner.text(key, needed=True)
    try:
        if value:
            datetime.strptime(value, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the zone stands beside it
    except ValueError:
        owner.refuse("a date and time such as 2026-01-01 00:00:00", repr(value), key=key)
        return ""
    return value

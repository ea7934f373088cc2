"""Objects of OpenSLO v1 and v2alpha from plain data, held to the rules of OpenSLO's own library."""

from __future__ import annotations

from typing import Any

from vcci_slo.errors import SpecError, SpecProblem
from vcci_slo.formats.cursor import Cursor
from vcci_slo.formats.documents import objects
from vcci_slo.formats.notes import Notes, Origin
from vcci_slo.formats.openslo.alerting import alert_condition, alert_policy, notification_target
from vcci_slo.formats.openslo.forms import LONGEST_DESCRIPTION, metadata
from vcci_slo.formats.openslo.indicators import indicator
from vcci_slo.formats.openslo.model import DataSource, Object, Service, Version
from vcci_slo.formats.openslo.slos import slo
from vcci_slo.formats.openslo.unheard import tell_unheard
from vcci_slo.spec.source import Source

__all__ = ["read_objects"]

KINDS = ("SLO", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "DataSource", "Service")
VERSIONS: tuple[Version, ...] = ("openslo/v1", "openslo.com/v2alpha")


def read_objects(source: Source, notes: Notes) -> tuple[Object, ...]:
    """Return the objects of one document. Raises SpecError with everything that is wrong in it."""
    problems: list[SpecProblem] = []
    found: list[Object] = []
    for path, data in objects(source):
        one = _object(Cursor(data, source, path, problems), notes, source.file)
        if one is not None:
            found.append(one)
    if problems:
        raise SpecError(problems)
    return tuple(found)


def _object(cursor: Cursor, notes: Notes, file: str) -> Object | None:
    if not cursor.is_map():
        return None
    version = _version(cursor)
    kind = cursor.choice("kind", KINDS, needed=True)
    if version is None or not kind:
        return None
    name = cursor.at("metadata").at("name").data
    origin = Origin(file, f"{kind} {name}", cursor.line)
    tell_unheard(cursor, kind, origin, notes)
    return _of_kind(kind, cursor, origin, version)


def _version(cursor: Cursor) -> Version | None:
    found: Any = cursor.at("apiVersion").data
    for version in VERSIONS:
        if found == version:
            return version
    cursor.refuse(f"the version {' or '.join(VERSIONS)}", found, key="apiVersion")
    return None


def _of_kind(  # noqa: PLR0911 - one answer for each kind
    kind: str, cursor: Cursor, origin: Origin, version: Version
) -> Object | None:
    match kind:
        case "SLO":
            return slo(cursor, origin, version)
        case "SLI":
            return indicator(cursor, origin, version)
        case "AlertPolicy":
            return alert_policy(cursor, origin, version)
        case "AlertCondition":
            return alert_condition(cursor, origin, version)
        case "AlertNotificationTarget":
            return notification_target(cursor, version)
        case "DataSource":
            return _data_source(cursor, version)
        case _:
            spec = cursor.at("spec")
            return Service(origin, metadata(cursor, version), spec.text("description", longest=LONGEST_DESCRIPTION))


def _data_source(cursor: Cursor, version: Version) -> DataSource:
    spec = cursor.at("spec")
    spec.text("description", longest=LONGEST_DESCRIPTION)
    if not spec.has("connectionDetails"):
        spec.refuse("the key connectionDetails", "no such key", key="connectionDetails")
    return DataSource(metadata(cursor, version), spec.text("type", needed=True))

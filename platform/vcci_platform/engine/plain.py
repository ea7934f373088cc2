"""Values of the plan as maps, lists and text."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import Any

from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.matchers import Matcher

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """Return a value of the plan as maps, lists and text; a kind of measure or indicator is named by `kind`.

    >>> plain(timedelta(minutes=5))
    '5m'
    """
    match value:
        case Matcher():
            return str(value)
        case timedelta():
            return promql_duration(value) if value else "0s"
        case date():  # a datetime is one too
            return value.isoformat()
        case tuple():
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value):
            fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
            return {"kind": type(value).__name__, **fields}
        case _:
            return value

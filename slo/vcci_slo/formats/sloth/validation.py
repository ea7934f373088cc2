"""What Sloth refuses in an objective: one check after the other, the first failure in Sloth's words.

How a query is judged is a dialect, since the core parses no PromQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from vcci_slo.formats.sloth.errors import SlothError
from vcci_slo.formats.sloth.go import quote
from vcci_slo.formats.sloth.model import AlertMeta, Objective
from vcci_slo.formats.sloth.template import Template

__all__ = ["CheckQuery", "rendered_for_check", "validate"]

CheckQuery = Callable[[str], None]
"""Raises SlothError for a query, with its window filled in, that the backend would not take."""

_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*[A-Za-z0-9]")
_WINDOW = re.compile(r"\{\{ *\.window *\}\}")
_SAMPLE_WINDOW = {"window": "1m"}


def validate(objective: Objective, check_query: CheckQuery) -> None:
    """Raise SlothError if Sloth would refuse the objective."""
    for what, name in (("ID", objective.id), ("name", objective.name), ("service", objective.service)):
        _doing(f"invalid SLO {what}", _check_name, name)
    if not objective.period:
        raise SlothError("time window is required")
    if not 0 < objective.objective <= 100:
        raise SlothError("objective must >0 and <=100")
    _check_map("SLO label", objective.labels, _check_label_key, _check_label_value)
    _doing("invalid SLI", _check_sli, objective, check_query)
    for severity, alert in (("page", objective.page), ("ticket", objective.ticket)):
        _doing(f"invalid alert: {severity} alert", _check_alert, alert)
    _doing("invalid plugins", _check_plugins, objective)


def rendered_for_check(query: str) -> str:
    """Return a query with a window of a minute, and `<no value>` for what Sloth does not know."""
    return Template("expr", query).render(_SAMPLE_WINDOW, strict=False)


def _doing(what: str, check: Callable[..., None], *arguments: object) -> None:
    try:
        check(*arguments)
    except SlothError as error:
        raise error.during(what) from None


def _check_name(name: str) -> None:
    if not name:
        raise SlothError("required")
    if not _NAME.fullmatch(name):
        raise SlothError(
            "name must start and end with an alphanumeric and can only contain alphanumeric, '.', '_', and '-'"
        )


def _check_map(
    what: str, entries: Mapping[str, str], check_key: Callable[[str], None], check_value: Callable[[str], None]
) -> None:
    for key in sorted(entries):
        _doing(f"invalid {what} key {quote(key)}", check_key, key)
        _doing(f"invalid {what} value {quote(entries[key])}", check_value, entries[key])


def _check_label_key(key: str) -> None:
    if key == "__name__":
        raise SlothError('the label key "__name__" is not allowed')
    if not key or not _is_utf8(key):
        raise SlothError(f"the label key {quote(key)} is not valid")


def _check_label_value(value: str) -> None:
    if not value:
        raise SlothError("the label value is required")
    if not _is_utf8(value):
        raise SlothError(f"the label value {quote(value)} is not valid")


def _check_annotation_key(key: str) -> None:
    if not key or not _is_utf8(key):
        raise SlothError(f"the annotation key {quote(key)} is not valid")


def _check_annotation_value(value: str) -> None:
    if not value:
        raise SlothError("the annotation value is required")


def _is_utf8(text: str) -> bool:
    """Return whether no byte of the text was left over when it was read as UTF-8."""
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in text)


def _check_sli(objective: Objective, check_query: CheckQuery) -> None:
    events, raw = objective.events, objective.raw
    if events is None and raw is None:
        raise SlothError("at least one SLI type is required")
    if events is not None and raw is not None:
        raise SlothError("only one SLI type is allowed")
    queries: tuple[tuple[str, str], ...] = ()
    if events is not None:
        if events.error_query == events.total_query:
            raise SlothError("both error and total queries can't be the same")
        queries = (("error", events.error_query), ("total", events.total_query))
    if raw is not None:
        queries = (("raw", raw.error_ratio_query),)
    for name, query in queries:
        _doing(f"sli {name} query template", _check_window, query)
    for name, query in queries:
        _doing(f"sli {name} query expression", lambda text: check_query(rendered_for_check(text)), query)


def _check_window(query: str) -> None:
    if not query:
        raise SlothError("query template is required: required")
    if not _WINDOW.search(query):
        raise SlothError("template must contain the {{ .window }} variable")


def _check_alert(alert: AlertMeta) -> None:
    if alert.disable:
        return
    if not alert.name:
        raise SlothError("alert name is required")
    _check_map("alert label", alert.labels, _check_label_key, _check_label_value)
    _check_map("alert annotation", alert.annotations, _check_annotation_key, _check_annotation_value)


def _check_plugins(objective: Objective) -> None:
    plugins = objective.plugins
    if plugins.override_previous and not plugins.chain:
        raise SlothError("override plugins is set but no plugins are defined")
    if any(not plugin.id for plugin in plugins.chain):
        raise SlothError("plugin ID is required")

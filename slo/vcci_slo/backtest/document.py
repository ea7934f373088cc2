"""A report, or a suggestion, as maps and lists: times in ISO 8601, durations in seconds, shares from 0 to 1."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from vcci_slo.backtest.report import Outcome, Report
from vcci_slo.backtest.suggestion import Option, Suggestion
from vcci_slo.plan import Slo

__all__ = ["report_document", "suggestion_document"]


def report_document(report: Report) -> Mapping[str, Any]:
    """Return a report as data."""
    return {**_plain(report), "outcomes": [_outcome(outcome) for outcome in report.outcomes]}


def suggestion_document(suggestion: Suggestion) -> Mapping[str, Any]:
    """Return a suggestion as data."""
    return {
        **_plain(suggestion),
        "options": [_option(option) for option in suggestion.options],
        "best": None if suggestion.best is None else _option(suggestion.best),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        **_plain(outcome),
        "slo": _promise(outcome.slo),
        "calls": [
            {**_plain(call), "delay_seconds": None if call.onset is None else (call.at - call.onset).total_seconds()}
            for call in outcome.calls
        ],
        "firings": [
            {**_plain(firing), "delay_seconds": None if firing.delay is None else firing.delay.total_seconds()}
            for firing in outcome.firings
        ],
    }


def _option(option: Option) -> dict[str, Any]:
    return {**_plain(option), "slo": _promise(option.slo)}


def _promise(slo: Slo) -> dict[str, Any]:
    tiers = [
        {
            "name": tier.name,
            "priority": tier.priority,
            "short_seconds": tier.short.total_seconds(),
            "long_seconds": tier.long.total_seconds(),
            "factor": tier.factor,
            "threshold": tier.threshold,
            "min_bad": tier.min_bad,
        }
        for tier in slo.tiers
    ]
    return {"name": slo.name, "objective": slo.percent, "window": slo.window_name, "tiers": tiers}


def _plain(value: Any) -> dict[str, Any]:
    """Return the fields of a value; those that hold a promise are left to the caller."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        name = f"{field.name}_seconds" if isinstance(item, timedelta) else field.name
        found[name] = _item(item)
    return found


def _item(item: Any) -> Any:
    match item:
        case datetime():
            return item.isoformat()
        case timedelta():
            return item.total_seconds()
        case Slo() | Outcome() | Option():
            return None
        case tuple():
            return [_item(each) for each in item]
        case _ if dataclasses.is_dataclass(item):
            return _plain(item)
        case _:
            return item

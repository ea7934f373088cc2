"""The contributed plugin that weighs each window's errors by its traffic."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from vcci_alerts.sloth import conventions as names
from vcci_alerts.sloth.config import Config
from vcci_alerts.sloth.core_plugins import period_rule, sli_labels, with_group
from vcci_alerts.sloth.work import Plugin, Rule, Work
from vcci_slo.formats.sloth import Events, SlothError, Template, print_duration
from vcci_slo.formats.sloth.go import duration, quote

__all__ = ["denominator_corrected_rules"]

_CORRECTION = "slo:numerator_correction:ratio"


def denominator_corrected_rules(config: Any) -> Plugin:
    """Return the step: other error ratios, and the corrections beside the metadata."""
    optimized = not Config(config, "PluginConfig").flag("disableOptimized")

    def step(work: Work) -> Work:
        events = work.objective.events
        if events is None or not events.error_query or not events.total_query:
            raise SlothError("denominator corrected SLI requires SLI event type")
        period = work.objective.period
        whole = period_rule(work) if optimized else _plain(work, events)
        windows = (*work.alert_windows, period)
        sli = [whole if window == period else _corrected(work, events, window) for window in windows]
        labels = {**names.identity(work.objective), **work.objective.labels}
        corrections = [_correction(work, events, window, labels) for window in work.alert_windows]
        metadata = work.rules.metadata
        return replace(
            work,
            rules=replace(
                work.rules,
                sli=with_group(work.rules.sli, *sli),
                metadata=with_group(metadata, *metadata.rules, *corrections),
            ),
        )

    return step


def _corrected(work: Work, events: Events, window: timedelta) -> Rule:
    return _rule(
        work,
        "(\n{{.numeratorCorrectionMetric}}{{.window}}{{.filter}}\n* on()\n"
        f"{events.error_query}\n)\n/\n({events.total_query})\n",
        window,
    )


def _plain(work: Work, events: Events) -> Rule:
    return _rule(work, f"({events.error_query})\n/\n({events.total_query})\n", work.objective.period)


def _rule(work: Work, text: str, window: timedelta) -> Rule:
    values = {
        "numeratorCorrectionMetric": _CORRECTION,
        "window": print_duration(window),
        "filter": names.selector(names.identity(work.objective)),
        "windowKey": names.WINDOW,
    }
    try:
        expression = Template("sliExpr", text).render(values)
    except SlothError as error:
        where = f"could not create {quote(work.objective.id)} SLO rule for window {duration(window)}"
        raise error.during("could not render SLI expression template").during(where) from None
    return Rule(record=names.error_series(window), expr=expression, labels=sli_labels(work, window))


def _correction(work: Work, events: Events, window: timedelta, labels: dict[str, str]) -> Rule:
    """Return how much busier the window is than the period."""
    record = f"{_CORRECTION}{print_duration(window)}"
    try:
        total = Template("sliExpr", events.total_query)
        now, period = (total.render({"window": print_duration(span)}) for span in (window, work.objective.period))
    except SlothError as error:
        raise error.during(f"could not create numerator rule: could not create numerator for {record}") from None
    return Rule(record=record, expr=f"({now})/({period})", labels=labels)

"""What Sloth and our language can both say is the same after the way there and back."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from support.converting import converted, only_slo, sloth_text, text_of
from vcci_slo.formats.sloth import SlothSpec, read_file
from vcci_slo.plan import EventsIndicator, LatencyIndicator
from vcci_slo.promql.matchers import parse_matchers

OFF = {"page_alert": {"disable": True}, "ticket_alert": {"disable": True}}

_WORD = st.from_regex(r"[a-z][a-z0-9]{1,8}(-[a-z0-9]{1,6})?", fullmatch=True)
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
_MATCHER = st.builds(
    lambda label, sign, value: f'{label}{sign}"{value}"',
    st.sampled_from(["code", "path", "method"]),
    st.sampled_from(["=", "!=", "=~", "!~"]),
    st.sampled_from(["500", "5..", "GET|POST", "/x", "1e3"]),
)
_QUERIES = st.one_of(
    st.builds(
        lambda metric, common, bad: {
            "events": {
                "error_query": f"sum(rate({metric}{{{','.join(dict.fromkeys([*common, bad]))}}}[{{{{.window}}}}]))",
                "total_query": f"sum(rate({metric}{{{','.join(common)}}}[{{{{.window}}}}]))",
            }
        },
        st.sampled_from(["hits_total", "wait_seconds_count"]),
        st.lists(_MATCHER, max_size=2, unique=True),
        st.sampled_from(['status="500"', 'outcome=~"failed|lost"']),
    ),
    st.builds(
        lambda le: {
            "events": {
                "error_query": "sum(rate(wait_seconds_count[{{.window}}])) - "
                f'sum(rate(wait_seconds_bucket{{le="{le}"}}[{{{{.window}}}}]))',
                "total_query": "sum(rate(wait_seconds_count[{{.window}}]))",
            }
        },
        st.sampled_from(["0.1", "0.25", "1", "2.5", "10"]),
    ),
    st.just({"raw": {"error_ratio_query": "1 - avg_over_time(up[{{.window}}])"}}),
    st.just(
        {"events": {"error_query": "sum(rate(a_total[{{.window}}]))", "total_query": "sum(rate(b_total[{{.window}}]))"}}
    ),
)
_SLOS = st.builds(
    lambda objective, description, labels, sli, page, ticket: {
        "objective": objective,
        "description": description,
        "labels": labels,
        "sli": sli,
        "alerting": {"name": "Alert", "page_alert": {"disable": page}, "ticket_alert": {"disable": ticket}},
    },
    st.decimals(1, "99.999", places=3).map(float),
    _TEXT,
    st.dictionaries(st.sampled_from(["tier", "repo", "category", "component", "a_b"]), _TEXT, max_size=3),
    _QUERIES,
    st.booleans(),
    st.booleans(),
)


def _meaning(text: str) -> list[Any]:
    """Return what a Sloth spec says, where spellings that mean the same are the same."""
    found: list[Any] = []
    for document in read_file(text):
        spec = document.spec
        assert isinstance(spec, SlothSpec)
        for slo in spec.slos:
            indicator = only_slo(converted(sloth_text({"sli": _as_sli(slo), "alerting": OFF}))).indicator
            found.append(
                (
                    spec.service,
                    slo.name,
                    slo.objective,
                    slo.description,
                    {**spec.labels, **slo.labels},
                    _counted(indicator),
                    (slo.alerting.page.disable, slo.alerting.ticket.disable),
                )
            )
    return found


def _as_sli(slo: Any) -> dict[str, Any]:
    if slo.sli.events is not None:
        return {"events": {"error_query": slo.sli.events.error_query, "total_query": slo.sli.events.total_query}}
    return {"raw": {"error_ratio_query": slo.sli.raw.error_ratio_query}}


def _counted(indicator: Any) -> Any:
    match indicator:
        case EventsIndicator(signal, _):
            return signal.events, {*signal.selector, *signal.valid}, set(signal.bad)
        case LatencyIndicator(signal, within, _):
            return signal.duration, {*signal.selector, *signal.where}, within
        case _:
            return indicator.signal.bad, indicator.signal.valid


@settings(deadline=None, max_examples=60)
@given(
    slos=st.lists(_SLOS, min_size=1, max_size=3),
    service=_WORD,
    labels=st.dictionaries(_WORD.map(lambda word: word.replace("-", "_")), _TEXT, max_size=2),
)
def test_what_both_can_say_comes_back(slos: list[dict[str, Any]], service: str, labels: dict[str, str]) -> None:
    named = [slo | {"name": f"slo-{number}"} for number, slo in enumerate(slos)]
    text = sloth_text(*named, service=service, labels=labels)

    back = converted(text_of(converted(text)), "sloth")

    specs = "---\n".join(text for path, text in back.files.items() if not path.startswith("windows-"))
    expected, found = _meaning(text), _meaning(specs)
    assert sorted(found, key=lambda slo: slo[1]) == sorted(map(_without_dead_alerts, expected), key=lambda slo: slo[1])


def _without_dead_alerts(slo: Any) -> Any:
    """Return an expected promise: an alert whose tiers can never fire is off, which means the same."""
    *rest, objective_page = slo
    objective = slo[2]
    page, ticket = objective_page
    budget = 1 - objective / 100
    return (*rest, (page or 6 * budget >= 1, ticket or budget >= 1))


def test_matchers_with_strange_text_come_back_as_they_were() -> None:
    value = 'quo"te\\slash'
    matchers = f'job="shop",path={yaml.safe_dump(value, default_style=chr(34)).strip()}'
    sli = {
        "events": {
            "error_query": f'sum(rate(hits_total{{{matchers},code="500"}}[{{{{.window}}}}]))',
            "total_query": f"sum(rate(hits_total{{{matchers}}}[{{{{.window}}}}]))",
        }
    }

    slo = only_slo(converted(sloth_text({"sli": sli})))

    assert isinstance(slo.indicator, EventsIndicator)
    (path,) = slo.indicator.signal.valid
    assert path.value == value
    assert parse_matchers(str(path)) == (path,)

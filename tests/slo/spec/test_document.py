"""A whole spec: what is accepted, and how what is wrong is told."""

import json

import pytest

from vcci_slo.errors import SpecError
from vcci_slo.spec import json_schema, parse
from vcci_slo.testing import a_spec

TWELVE_LINES = """\
spec: vcci/v1
metadata: {name: shop, owner: crew}
components:
  api:
    kind: http
    selector: job="shop"
    signals:
      requests: {events: http_requests_total, bad: 'status=~"5.."'}
slos:
  errors: {good: api.requests, objective: 99.9%}
"""


def problems(text: str, **arguments) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse(text, **arguments)
    return [str(problem) for problem in caught.value.problems]


def test_a_spec_of_a_dozen_lines_is_whole():
    spec = parse(TWELVE_LINES).spec

    assert list(spec.severities) == ["P0", "P1", "P2", "P3"]
    assert spec.burn_policies["user-facing"]["fast"].priority == "P1"


def test_own_severities_are_kept_beside_the_defaults():
    mine = {
        "means": "Down",
        "notify": "page",
        "respond": "1m",
        "labels": {"alertmanager": "critical", "pagerduty": "critical"},
    }

    spec = parse(a_spec(severities={"P0": mine})).spec

    assert (spec.severities["P0"].means, spec.severities["P1"].respond.total_seconds()) == ("Down", 900)


def test_all_problems_are_told_at_once_in_the_order_of_the_file():
    text = TWELVE_LINES.replace("kind: http", "kind: htp").replace("99.9%", "0.999").replace("selector", "selectr")

    assert problems(text, file="s.yaml") == [
        (
            "s.yaml:5:5: components.api.kind: expected one of http, celery, postgresql, redis, rabbitmq, kubernetes, "
            "node, certificates, prometheus or other, found 'htp'; did you mean http?"
        ),
        (
            "s.yaml:6:5: components.api.selectr: expected one of kind, needs, owner, probe, queues, runs, scrape, "
            "selector, signals, system, title, found 'selectr'; did you mean selector?"
        ),
        (
            "s.yaml:10:32: slos.errors.objective: expected a percentage with its unit such as 99.9%, found 0.999; "
            "did you mean 99.9%?"
        ),
    ]


def test_a_duplicate_key_does_not_hide_other_problems():
    text = TWELVE_LINES.replace("99.9%", "1") + "slos: {}\n"

    assert problems(text) == [
        (
            "spec.yaml:10:32: slos.errors.objective: expected a percentage with its unit such as 99.9%, found 1; "
            "did you mean 100%?"
        ),
        "spec.yaml:11:1: slos: expected each key once, found 'slos' again (first in line 9)",
    ]


def test_a_missing_key_is_named():
    assert problems("spec: vcci/v1\ncomponents: {api: {kind: http}}\n") == [
        "spec.yaml:1:1: expected the key metadata, found no such key"
    ]


def test_a_list_is_no_spec():
    assert problems("- a\n- b\n") == ["spec.yaml:1:1: expected a map that starts with `spec: vcci/v1`, found a list"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"slos__errors": {"good": "api.requests", "fast": "api.requests"}}, "exactly one of good, fast and holds"),
        ({"slos__errors": {"good": "api.requests"}}, "an objective such as 99.9%"),
        ({"slos__errors": {"fast": "api.requests"}}, "fast with within"),
        ({"slos__errors": {"holds": "api.oldest", "objective": "99%"}}, "holds with either below or above"),
        ({"components__api__signals__odd": {"title": "odd"}}, "exactly one of events, value, errors and error_ratio"),
        ({"components__api__signals__odd": {"value": "up"}}, "the unit of the value"),
        ({"components__api__runs": {"deployment": "a", "replicas": "20-6"}}, "a span such as 6-20"),
        ({"links__grafana": "grafana"}, "text of the form"),
        ({"calendar__business": "Mon-Fri 9-18"}, "text of the form"),
        ({"components": {}}, "at least one entry"),
        ({"alerts": {"A": {"measure": "api.oldest", "summary": "s"}}}, "limits either above or below"),
        (
            {"alerts": {"A": {"measure": {"promql": "up"}, "above": {"P2": 1}, "summary": "s"}}},
            "component and unit beside promql",
        ),
        ({"metadata__name": 11}, "expected text"),
        ({"include": {"slos": "x.yaml"}}, "slos either here or in a file"),
        ({"include": {"nonsense": "x.yaml"}}, "a section of the spec"),
    ],
)
def test_what_is_wrong_is_said(change, expected):
    assert any(expected in problem for problem in problems(a_spec(**change)))


def test_an_included_section_has_the_places_of_its_own_file():
    text = a_spec(slos=None, include={"slos": "slos.yaml"})

    found = problems(text, include=lambda name: "errors:\n  good: api.requests\n  objective: 1\n")

    assert found == [
        (
            "slos.yaml:3:3: slos.errors.objective: expected a percentage with its unit such as 99.9%, found 1; "
            "did you mean 100%?"
        )
    ]


def test_an_included_section_is_part_of_the_spec():
    text = a_spec(slos=None, include={"slos": "slos.yaml"})

    spec = parse(text, include=lambda name: "errors: {good: api.requests, objective: 99%}").spec

    assert list(spec.slos) == ["errors"]


def test_a_file_that_is_not_there_is_named():
    def absent(name: str) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    found = problems(a_spec(slos=None, include={"slos": "slos.yaml"}), include=absent)

    assert "include.slos: expected the file slos.yaml, found No such file or directory" in found[0]


def test_the_schema_for_editors_knows_the_units_and_closes_every_section():
    schema = json_schema()

    assert schema["$defs"]["SloSpec"]["additionalProperties"] is False
    assert "include" in schema["properties"]
    assert "99.9%" in json.dumps(schema)

"""Specs that somebody broke: whatever is changed, the answer is a plan, or problems with places.

The first fuzzing of the shipped spec found windows of no length, durations beyond the calendar, budgets that rounded to
zero, counts with a thousand digits, time zones on Mars and templates in links: each was a traceback, or was accepted
and then refused by promtool or amtool. They are kept by name below; the mutations look for the next ones.
"""

import copy
import json
import random
from pathlib import Path

import pytest

from vcci_alerts.errors import AlertsError
from vcci_dashboards.errors import DashboardsError
from vcci_platform.generate import destinations, render
from vcci_runbooks_site.errors import RunbooksError
from vcci_slo import SpecError, load_plan
from vcci_slo.spec.source import read
from vcci_slo.testing import a_spec

SHIPPED = read((Path(__file__).parents[3] / "slo/specs/vcci.yaml").read_text(encoding="utf-8"), "vcci.yaml").data
SMALL = read(a_spec(), "small.yaml").data

ODD_VALUES = (
    *(
        "0s",
        "1ms",
        "99999999999999999999w",
        "5m\n",
        "5M",
        "1.5h",
        "-5m",
        "\N{ARABIC-INDIC DIGIT FIVE}m",
        "0%",
        "100%",
        "99.99999999999999999999%",
    ),
    *(-1, 0, 1, 10**30, 1e308, float("nan"), float("inf"), True, None, "", [], {}, "é", "\u202e", "a\nb", "../../x"),
    *("{{ .x }}", "$HOME", "`", '"', "\\", "[x](y)", "<script>", 'a="b"', 'a=~"("', 'a=~"(?=b)"', "sum(", "SELECTOR"),
    *("a" * 5000, "4Gi", "1-0", "-", "10:30", "api.requests", "P0", [["a"]], {"a": {"b": 1}}, {"default": "99%"}),
)
ODD_NAMES = ("é", " ", "1", ".", "P0", "5m", "99%", "a" * 61, "<<", "include", "Watchdog", "index")


def places_in(value, path=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, found in inner:
        yield (*path, key)
        yield from places_in(found, (*path, key))


def at(data, path):
    for key in path:
        data = data[key]
    return data


def mutated(data, chance: random.Random):
    """Return the data with one value replaced, removed, renamed, doubled under a similar name, or swapped."""
    data = copy.deepcopy(data)
    *outer, last = chance.choice(list(places_in(data)))
    around = at(data, outer)
    change = chance.choice(("replace", "replace", "replace", "remove", "rename", "double", "swap"))
    similar = {str(last).upper(), str(last).lower(), str(last).replace("-", "_"), f"{last}-", f"{last}x"} - {last}
    name = chance.choice((*ODD_NAMES, *sorted(similar)))
    if change == "replace":
        around[last] = copy.deepcopy(chance.choice(ODD_VALUES))
    elif change == "remove":
        del around[last]
    elif change == "swap":
        other = chance.choice(list(places_in(data)))
        value = copy.deepcopy(at(data, other))
        at(data, other[:-1])[other[-1]] = copy.deepcopy(around[last])
        at(data, outer)[last] = value
    elif isinstance(around, dict):
        around[name] = copy.deepcopy(around[last])
        if change == "rename":
            del around[last]
    return data


def mutants(data, count: int, seed: int):
    """Yield texts; JSON is YAML, and much faster to write."""
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        try:
            yield json.dumps(mutated(data, chance), indent=0)
        except (KeyError, IndexError, TypeError, ValueError):  # a swap took its own ground away
            continue


def plan_or_problems(text: str):
    """Return the plan of a text, or the problems that it has."""
    try:
        return load_plan(text, file="spec.yaml"), ()
    except SpecError as error:
        return None, error.problems


def plan_or_none(text: str):
    """Return the plan of a text, or None after every problem was found to have its place."""
    plan, problems = plan_or_problems(text)
    lines = text.splitlines()
    assert plan or problems
    for problem in problems:
        assert problem.file == "spec.yaml"
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.expected
        assert problem.found
    return plan


def test_every_mutant_of_a_small_spec_is_a_plan_or_has_problems_with_places():
    answers = [plan_or_none(text) for text in mutants(SMALL, 400, seed=11)]

    assert None in answers
    assert any(answers)


def test_every_mutant_of_the_shipped_spec_is_a_plan_or_has_problems_with_places():
    answers = [plan_or_none(text) for text in mutants(SHIPPED, 30, seed=12)]

    assert None in answers


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"slos__errors__window": "0s"}, "a duration longer than nothing"),
        ({"slos__errors__window": "1ms"}, "a window from 1d to 366d"),
        ({"slos__errors__window": "99999999999999999999w"}, "a duration of at most 36500d"),
        ({"slos__errors__objective": "99.99999999999999999999%"}, "seven nines"),
        ({"slos__errors__min_bad": 10**30}, "less than or equal to 1000000000"),
        ({"slos__fast": {"fast": "api.requests", "within": {"99%": "0s"}}}, "a duration longer than nothing"),
        ({"calendar": {"timezone": "Mars/Olympus"}}, "a time zone such as Europe/Berlin"),
        ({"calendar": {"timezone": "../../etc/passwd"}}, "a time zone such as Europe/Berlin"),
        ({"calendar": {"business": "Mon-Fri 09:00-09:00"}}, "hours that end at another time"),
        ({"watchdog": {"beat": "10m", "silent": "1m", "to": "$HEARTBEAT_URL"}}, "silent longer than beat"),
        ({"links": {"grafana": "https://{{ x }}"}}, "text of the form"),
        ({"components__api__scrape": {"targets": ["http://api/metrics"]}}, "targets as host:port"),
        ({"components__api__scrape": {"targets": []}}, "targets as host:port"),
        ({"components__API": {"kind": "other"}}, "a page of its own, unlike components.api"),
        ({"dashboards": {"a-b": {"rows": {}}, "a_b": {"rows": {}}}}, "a page of its own, unlike dashboards.a-b"),
        ({"components__api__runs": {"deployment": "x", "replicas": float("nan")}}, "a span such as"),
        ({"components__api__runs": {"deployment": "x", "replicas": "0.5-1.5"}}, "replicas in whole numbers"),
        ({"alerts": {"Old": {"measure": "api.oldest", "above": {"P2": float("inf")}, "summary": "x"}}}, "a threshold"),
    ],
)
def test_nonsense_that_was_once_accepted_or_crashed_is_refused(sections, expected):
    with pytest.raises(SpecError) as caught:
        load_plan(a_spec(**sections))

    assert any(expected in str(problem) for problem in caught.value.problems), caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: " + "[" * 5000 + "]" * 5000, "at most 40 levels"),
        ("a: !!int many", "a number"),
        ("a: !!float many", "a number"),
        ("a: " + "9" * 5000, "a number of at most 100 characters"),
        ("a: &a [*a]", "at most 40 levels"),
    ],
)
def test_texts_that_tire_a_parser_are_refused(text, expected):
    with pytest.raises(SpecError) as caught:
        load_plan(text)

    assert any(expected in str(problem) for problem in caught.value.problems), caught.value


@pytest.mark.parametrize("failure", [OSError(2, "No such file"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")])
def test_a_file_that_cannot_be_included_is_a_problem_of_its_line(failure):
    def include(_name: str) -> str:
        raise failure

    with pytest.raises(SpecError) as caught:
        load_plan(a_spec(slos=None, include={"slos": "promises.yaml"}), include=include)

    assert [problem.path for problem in caught.value.problems] == ["include.slos"]


@pytest.mark.parametrize("scale", [0, -1, 0.5, 1001, float("nan"), float("inf")])
def test_a_time_scale_outside_its_range_is_refused(scale):
    with pytest.raises(ValueError, match="a time scale from 1 to 1000"):
        load_plan(a_spec(), time_scale=scale)


def test_what_the_reader_accepts_can_be_rendered_or_is_refused_in_a_sentence(tmp_path):
    plans = [plan for text in mutants(SMALL, 60, seed=13) if (plan := plan_or_none(text)) is not None]

    refusals = [sentence for plan in plans[:12] if (sentence := refusal(plan, tmp_path))]

    assert all("expected" in sentence for sentence in refusals)


def refusal(plan, folder) -> str:
    """Return what a renderer says against a plan, or nothing."""
    try:
        assert render(plan, destinations(folder))
    except (AlertsError, DashboardsError, RunbooksError) as error:
        return str(error)
    return ""

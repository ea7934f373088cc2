"""YAML as data with places; what is refused, and where."""

import pytest

from vcci_slo.errors import SpecError
from vcci_slo.spec.source import LIMIT_BYTES, Place, read, written


def refused(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        read(text, "f.yaml")
    return str(caught.value)


def test_times_dates_and_switches_stay_text_as_in_yaml_1_2():
    found = read("at: 10:30\non: on\nday: 2026-01-02\nold: 0777\nyes: no\n", "f").data

    assert found == {"at": "10:30", "on": "on", "day": "2026-01-02", "old": 777, "yes": "no"}


def test_numbers_and_nothing_have_their_types():
    found = read("a: 12\nb: -1.5\nc: 0x1F\nd: 0o17\ne: 1e3\nf: ~\ng:\nh: true\ni: .inf\n", "f").data

    assert found == {
        "a": 12,
        "b": -1.5,
        "c": 31,
        "d": 15,
        "e": 1000.0,
        "f": None,
        "g": None,
        "h": True,
        "i": float("inf"),
    }


def test_every_value_has_its_place():
    source = read("slos:\n  api:\n    objective: 99%\n  list: [11, {deep: 12}]\n", "f.yaml")

    assert source.place(("slos", "api", "objective")) == Place("f.yaml", 3, 5)
    assert source.place(("slos", "list", 1, "deep")) == Place("f.yaml", 4, 15)


def test_the_place_of_something_absent_is_that_of_what_is_around_it():
    source = read("slos:\n  api: {}\n", "f.yaml")

    assert source.place(("slos", "api", "objective", "default")) == Place("f.yaml", 2, 3)


def test_a_duplicate_key_is_a_problem_that_names_both_lines():
    source = read("a: 1\nb:\n  c: 11\n  c: 12\n", "f.yaml")

    assert [str(problem) for problem in source.problems] == [
        "f.yaml:4:3: b.c: expected each key once, found 'c' again (first in line 3)"
    ]


def test_several_duplicates_are_told_at_once():
    source = read("a: 1\na: 2\nb: {c: 1, c: 2}\n", "f.yaml")

    assert len(source.problems) == 2


def test_a_tag_is_refused_without_being_carried_out():
    source = read("a: !!python/object/apply:os.system ['exit 1']\nb: !custom 3\n", "f.yaml")

    assert len(source.problems) == 1
    assert "plain text, numbers, lists and maps" in str(source.problems[0])


def test_anchors_that_explode_are_stopped():
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    assert "at most 100,000 values" in refused("\n".join(rows))


def test_an_anchor_inside_itself_is_stopped():
    assert "at most 40 levels" in refused("a: &a [*a]\n")


def test_deep_nesting_is_stopped():
    assert "at most 40 levels" in refused("[" * 60 + "]" * 60)


def test_a_file_over_4_mib_is_refused_unread():
    assert "at most 4 MiB" in refused("a: " + "x" * LIMIT_BYTES)


def test_an_empty_file_is_refused():
    assert "an empty file" in refused("# nothing\n")


def test_two_documents_are_refused():
    assert "one YAML document" in refused("a: 1\n---\nb: 2\n")


def test_broken_yaml_is_refused_with_line_and_column():
    assert refused("a:\n  - [1, 2\nb: 3\n").startswith("f.yaml:3:")


def test_a_control_character_is_refused():
    assert "expected text in UTF-8" in refused("a: \x00")


def test_a_path_is_written_as_people_write_it():
    assert written(("dashboards", "main", "rows", "First?", 2, "unit")) == "dashboards.main.rows.First?[2].unit"

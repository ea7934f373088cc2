"""PromQL of others, read in process: what it may be, and that nothing that is written there ends the process."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from vcci_alerts.errors import AlertsError
from vcci_alerts.expressions import check, labels_of, parse, syntax_tree
from vcci_slo.promql.size import DEEPEST

LARGE = {
    "summands": '"+".join(["a"] * 5_000)',
    "brackets": '"(" * 20_000 + "a" + ")" * 20_000',
    "calls": '"abs(" * 20_000 + "a" + ")" * 20_000',
    "signs": '"-" * 50_000 + "a"',
    "words": '" UNLESS ".join(["a"] * 20_000)',
    "hidden": r'"# \"\r" + "(" * 20_000 + "a" + ")" * 20_000',
}
READERS = {
    "alerts": ("vcci_alerts.expressions", "syntax_tree"),
    "dashboards": ("vcci_dashboards.expressions", "parsed"),
    "sloth": ("vcci_alerts.sloth.promql", "check_promql"),
    "live": ("vcci_platform.live.expressions", "clauses"),
    "drift": ("vcci_platform.live.broken", "reaches"),
}


def in_a_process(module, function, text):
    """Read a text in a process of its own; return how that ended, and what was said."""
    script = (
        f"from {module} import {function} as read\n"
        f"try:\n    read({text})\nexcept Exception as error:\n    print(type(error).__name__, str(error)[:200])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


@pytest.mark.parametrize("kind", LARGE)
def test_an_expression_that_would_end_the_process_is_refused(kind):
    code, said = in_a_process("vcci_alerts.expressions", "syntax_tree", LARGE[kind])

    assert code == 0
    assert said.startswith("ValueError expected at most 400 levels of operators and brackets, found an expression of ")


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_of_foreign_promql_has_the_same_guard(reader):
    code, said = in_a_process(*READERS[reader], LARGE["summands"])

    assert code == 0
    assert "operators and brackets" in said


def test_what_is_too_deep_is_told_by_its_size_and_not_by_its_text():
    with pytest.raises(AlertsError) as refused:
        parse("slos.api", "+".join(["a"] * 5_000))

    assert str(refused.value) == (
        "slos.api: expected at most 400 levels of operators and brackets, found an expression of 4999 levels"
    )


@pytest.mark.parametrize("text", ["a" + " + a" * DEEPEST, "(" * DEEPEST + "a" + ")" * DEEPEST])
def test_the_largest_that_is_read_can_be_judged(text):
    check("slos.api", text)

    assert labels_of(syntax_tree(text), {"a": frozenset({"job"})}) in (frozenset({"job"}), None)


def test_nothing_is_known_of_what_nests_too_deeply_to_be_followed():
    deep = syntax_tree("a" + " + a" * DEEPEST)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        found = labels_of(deep, {"a": frozenset({"job"})})
    finally:
        sys.setrecursionlimit(before)

    assert found is None

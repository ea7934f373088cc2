"""Specs that mean harm, or a slip of a machine: each ends in a SpecError with a place, soon and in little memory.

Every case runs in a process of its own under the kernel's limits, so that none can take the test run along.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from vcci_alerts import AlertsError, render
from vcci_slo import SpecError, load_plan
from vcci_slo.errors import MOST_PROBLEMS
from vcci_slo.testing import a_plan, a_spec

MOST_CPU_SECONDS = 30
MOST_BYTES = 1 << 30
"""Of address space, the interpreter and its libraries included."""

CHILD = f"""
import resource, sys
text = sys.stdin.buffer.read().decode("utf-8", "surrogatepass")
resource.setrlimit(resource.RLIMIT_CPU, ({MOST_CPU_SECONDS}, {MOST_CPU_SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({MOST_BYTES}, {MOST_BYTES}))
from vcci_slo import SpecError, load_plan
try:
    load_plan(text)
except SpecError as error:
    print(error)
    raise SystemExit(2)
"""


def spec(**sections: Any) -> str:
    return json.dumps({"spec": "vcci/v1", "metadata": {"name": "shop", "owner": "crew"}, **sections})


def bomb() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    return "\n".join(lines)


def queues(count: int) -> str:
    requests = {"events": "e_total", "bad": 'code=~"5.."', "each": {"queue": "api.queues"}}
    api = {"kind": "celery", "queues": [f"q{number}" for number in range(count)], "signals": {"requests": requests}}
    return spec(components={"api": api}, slos={"errors": {"good": "api.requests", "objective": "99.9%"}})


def promises(entry: Callable[[int], object], count: int = 15_000) -> str:
    api = {"kind": "http", "signals": {"requests": {"events": "e_total", "bad": 'code=~"5.."'}}}
    return spec(components={"api": api}, slos={f"s{number}": entry(number) for number in range(count)})


def valid(matchers: str) -> str:
    return a_spec(components__api__signals__requests__valid=matchers)


HOSTILE = {
    "a bomb of aliases": (bomb, "at most 100,000 values"),
    "a list within itself": (lambda: "a: &a [*a]", "at most 40 levels"),
    "brackets that never close": (lambda: "[" * 100_000, "at most 40 levels"),
    "maps in maps": (lambda: "{a: " * 50_000 + "}" * 50_000, "at most 40 levels"),
    "lists in lists": (lambda: "- " * 100_000 + "a", "at most 40 levels"),
    "five megabytes": (lambda: "a: " + "b" * (5 << 20), "a file of at most 4 MiB"),
    "a title of four megabytes": (lambda: a_spec(metadata__title="a" * 4_000_000), "at most 1000 characters"),
    "a number of a million digits": (
        lambda: a_spec().replace("99.9%", "9" * 1_000_000),
        "a number of at most 100 characters",
    ),
    "an infinite objective": (lambda: a_spec().replace("99.9%", "1e999999999"), "a percentage with its unit"),
    "a NUL": (lambda: a_spec() + "\0", "text in UTF-8"),
    "half of a surrogate pair": (lambda: a_spec() + "a: \ud800", "text in UTF-8"),
    "a quarter of a million keys": (lambda: "\n".join(f"k{n}: 1" for n in range(250_000)), "at most 100,000 values"),
    "one key fifty thousand times": (lambda: "a: 1\n" * 50_000, "each key once"),
    "thirty thousand unknown keys": (lambda: a_spec() + "\n".join(f"k{n}: 1" for n in range(30_000)), "and 1 more"),
    "code for the reader": (lambda: '!!python/object/apply:os.system ["true"]', "a map that starts with"),
    "names that lead nowhere": (
        lambda: promises(lambda n: {"good": f"nope{n}.r", "objective": "99.9%"}),
        "the name of a component (api)",
    ),
    "a line of likenesses": (
        lambda: promises(lambda n: {"like": f"s{n + 1}"}),
        "a line of at most 10 promises",
    ),
    "likenesses of nobody": (lambda: promises(lambda n: {"like": f"nobody-{n}"}), "and 14980 more"),
    "groups in groups": (
        lambda: valid('path=~"' + "(" * 3000 + "a" + ")" * 3000 + '"'),
        "a regular expression for path",
    ),
    "a billion repeats": (lambda: valid('path=~"((x{1000}){1000}){1000}"'), "a regular expression for path"),
    "a hundred thousand matchers": (
        lambda: valid(",".join(f'l{number}="v"' for number in range(100_000))),
        "matchers of at most 10,000 characters",
    ),
    "ninety thousand promises in one": (lambda: queues(90_000), "at most 10,000 promises"),
    "twenty thousand promises": (
        lambda: promises(lambda _: {"good": "api.requests", "objective": "99.9%"}, 18_000),
        "at most 10,000 promises",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_spec_is_refused_with_a_place_in_bounded_time_and_memory(name: str):
    text, expected = HOSTILE[name]

    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=text().encode("utf-8", "surrogatepass"),
        capture_output=True,
        timeout=250,
        check=False,
    )

    said = done.stdout.decode()
    assert done.returncode == 2, done.stderr.decode()[-2000:]
    assert said.startswith("spec.yaml:"), said[:200]
    assert expected in said, said[:2000]
    assert len(said) < 1 << 20


def test_nobody_is_told_more_problems_than_can_be_read():
    slos = {f"s{number}": {"good": f"nope{number}.r", "objective": "99.9%"} for number in range(300)}

    with pytest.raises(SpecError) as refused:
        load_plan(a_spec(slos=slos))

    assert len(refused.value.problems) == MOST_PROBLEMS
    assert str(refused.value).endswith("\nand 1 more")


@pytest.mark.parametrize("matchers", ['path=~"(a+)+b",path="' + "a" * 60 + '"', 'path=~"' + "a?" * 40 + "a" * 40 + '"'])
def test_an_expression_that_tries_for_ever_does_not(matchers: str):
    plan = a_plan(components__api__signals__requests__valid=matchers)

    with contextlib.suppress(AlertsError):  # no label is both: told at once
        render(plan)

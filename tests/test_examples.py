"""The examples in docstrings run, and print what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE_ROOTS = ("slo", "alerts", "dashboards", "runbooks_site", "platform")


def modules_with_examples() -> list[str]:
    """Return the import names of modules with `>>>`: the path without its first folder."""
    paths = sorted(path for root in SOURCE_ROOTS for path in (ROOT / root / f"vcci_{root}").rglob("*.py"))
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts[1:]).removesuffix(".__init__")
        for path in paths
        if ">>> " in path.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("name", modules_with_examples())
def test_the_examples_of_a_module_hold(name):
    module = importlib.import_module(name)

    outcome = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)

    assert outcome.attempted > 0
    assert outcome.failed == 0

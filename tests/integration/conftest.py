"""What several of these files need: the wheel, built and installed once in a run, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import Tab, open_tab
from support.wheel import ROOT, Installation


@pytest.fixture(scope="session")
def installation(tmp_path_factory) -> Installation:
    """The wheel in a virtual environment of its own."""
    return Installation(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def empty(tmp_path) -> Path:
    """An empty folder outside the checkout."""
    assert ROOT not in tmp_path.parents
    return tmp_path


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    """A tab of a browser of the test's own."""
    with open_tab(tmp_path) as tab:
        yield tab

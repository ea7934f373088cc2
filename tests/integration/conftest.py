"""The wheel, built and installed once in a run."""

from __future__ import annotations

from pathlib import Path

import pytest

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

"""Sloth's published examples, which are kept outside the product: `VCCI_SHARED`, or `../shared` beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def examples() -> Path:
    """Return the folder of specs; what Sloth made of them lies in `_gen` below it."""
    shared = Path(os.environ.get("VCCI_SHARED") or CHECKOUT.parent / "shared")
    folder = shared / "data" / "sloth" / "examples"
    if not folder.is_dir():
        pytest.skip(f"needs Sloth's examples in {folder}: set VCCI_SHARED to the folder that holds data/sloth")
    return folder

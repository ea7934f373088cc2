"""The plan of the platform, and its dashboards as they are generated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import vcci_dashboards
from vcci_slo import load_plan

SPEC = Path(__file__).resolve().parents[2] / "slo" / "specs" / "vcci.yaml"


@pytest.fixture(scope="session")
def plan():
    return load_plan(SPEC.read_text(encoding="utf-8"), file="slo/specs/vcci.yaml")


@pytest.fixture(scope="session")
def files(plan):
    return vcci_dashboards.render(plan)


@pytest.fixture(scope="session")
def pages(files):
    return {path.removesuffix(".json"): json.loads(text) for path, text in files.items() if path.endswith(".json")}

"""The platform's spec and its hand-written pages, rendered and built once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from vcci_runbooks_site import render
from vcci_runbooks_site.website import build
from vcci_slo import load_plan
from vcci_slo.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
SPEC = "slo/specs/vcci.yaml"


@pytest.fixture(scope="session")
def plan() -> Plan:
    return load_plan((ROOT / SPEC).read_text(encoding="utf-8"), file=SPEC)


@pytest.fixture(scope="session")
def content() -> Mapping[str, str]:
    folder = ROOT / "runbooks_site" / "content"
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.md")}


@pytest.fixture(scope="session")
def rendered(plan: Plan, content: Mapping[str, str]) -> Mapping[str, str]:
    return render(plan, content)


@pytest.fixture(scope="session")
def site(rendered: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write(rendered, folder / "generated")
    build(folder / "generated", folder / "built")
    return folder / "built"


def write(files: Mapping[str, str], folder: Path) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")

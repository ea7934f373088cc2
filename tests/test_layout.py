"""The shape of the repository itself: where packages lie, what the core may import, what is never committed."""

from __future__ import annotations

import ast
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE_ROOTS = ("slo", "alerts", "dashboards", "runbooks_site", "platform")
PACKAGES = tuple(ROOT / root / f"vcci_{root}" for root in SOURCE_ROOTS)
CORE = ROOT / "slo" / "vcci_slo"
AT_THE_ROOT = {
    *SOURCE_ROOTS,
    "tests",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "pyproject.toml",
    "requirements.lock",
    "requirements-dev.lock",
}
# What the core takes from others: the YAML reader, typed models, arithmetic; for tests, Hypothesis.
CORE_TAKES = {"numpy", "pydantic", "pydantic_core", "vcci_slo", "yaml"}
LONGEST_MODULE_LINES = 400


def tracked_files() -> list[Path]:
    """Return what a commit holds; outside a repository (an unpacked archive) there is nothing to ask."""
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git repository, so nothing tells what is committed")
    paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in package.rglob("*.py"))


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def test_platform_is_the_standard_librarys():
    assert callable(platform.system)
    assert Path(platform.__file__).parent == Path(ast.__file__).parent


def test_no_folder_hides_a_module_of_the_standard_library():
    """A folder hides a module only when it has an `__init__.py`; `platform` with one would end pytest and pip."""
    packages = [path.parent for folder in (ROOT, ROOT / "tests") for path in folder.glob("*/__init__.py")]

    assert packages == []


@pytest.mark.parametrize("root", SOURCE_ROOTS)
def test_a_source_root_holds_one_package_named_after_it(root):
    packages = {path.parent.name for path in (ROOT / root).glob("*/__init__.py")}

    assert packages == {f"vcci_{root}"}
    assert (ROOT / root / f"vcci_{root}" / "py.typed").exists()


def test_tests_are_no_package():
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_the_root_holds_what_the_design_names():
    visible = {path.relative_to(ROOT).parts[0] for path in tracked_files()}

    assert {name for name in visible if not name.startswith(".")} <= AT_THE_ROOT
    for name in ("README.md", "CHANGELOG.md", "LICENSE"):
        assert (ROOT / name).read_text(encoding="utf-8").strip(), f"{name} is empty"


def test_the_wheel_and_the_checkout_offer_the_same_packages():
    """`only-include` decides what the wheel holds, `dev-mode-dirs` what an editable installation finds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert {ROOT / path for path in wheel["only-include"]} >= set(PACKAGES)
    assert set(wheel["only-include"]) == set(wheel["sources"])
    assert set(wheel["dev-mode-dirs"]) == set(SOURCE_ROOTS)


def test_every_module_fits_in_one_sitting():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}

    too_long = {
        str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST_MODULE_LINES
    }

    assert too_long == {}


def test_the_core_imports_the_standard_library_and_little_else():
    strangers = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in CORE.rglob("*.py")
        for name in imported_modules(path)
        if name.split(".")[0] not in CORE_TAKES | sys.stdlib_module_names
        and not (path.stem == "testing" and name.split(".")[0] == "hypothesis")
    }

    assert strangers == set()


def test_the_core_never_asks_what_time_it_is():
    askers = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in CORE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today"}
    }

    assert askers == set()


def test_no_third_party_code_is_committed():
    """Scripts and styles come from the registries by lock file; ours are not minified and not large."""
    foreign = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.suffix in {".js", ".mjs", ".css", ".woff", ".woff2", ".ttf"}
        and (
            path.name.endswith((".min.js", ".min.css"))
            or path.suffix.startswith((".woff", ".ttf"))
            or max((len(line) for line in path.read_text(encoding="utf-8").splitlines()), default=0) > 1000
        )
    ]
    vendored = {"node_modules", "third_party", "vendored"}

    assert foreign == []
    assert [path for path in tracked_files() if vendored & set(path.relative_to(ROOT).parts)] == []


def test_no_file_knows_the_machine_it_was_written_on():
    """A folder of somebody's home or checkout breaks on the next machine, or tells where a file was made."""
    homes = [f"/{folder}/".encode() for folder in ("root", "home", "Users", "work")]
    telling = [
        f"{path.relative_to(ROOT)} holds {home.decode()}"
        for path in tracked_files()
        for home in homes
        if _holds_path(path.read_bytes(), home)
    ]

    assert telling == []


def _holds_path(content: bytes, folder: bytes) -> bool:
    """Whether a path begins with the folder; `/v1/work/` in an address of ours is something else."""
    start = content.find(folder)
    while start >= 0:
        before = content[start - 1 : start] if start else b" "
        if not (before.isalnum() or before in b"._-}$*/"):
            return True
        start = content.find(folder, start + 1)
    return False


def test_make_help_lists_every_habit():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    habits = re.findall(r"^\.PHONY: (\S+)$", makefile, flags=re.MULTILINE)

    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout

    assert {"help", "up", "setup", "test", "check", "bench", "generate"} <= set(habits)
    assert [line.split()[0] for line in listed.splitlines()[1:]] == habits

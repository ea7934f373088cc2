"""The wheel works alone: installed in an empty folder, it carries everything that its commands need."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND_SECONDS = 120
# A newcomer waits this long for the addresses on a fresh machine; see `make up`.
UP_SECONDS = 90


class Installation:
    """A wheel in a virtual environment of its own; third-party packages are those of the running environment."""

    def __init__(self, folder: Path) -> None:
        self.wheel = self._build(folder / "dist")
        self._environment = folder / "environment"
        run([sys.executable, "-m", "venv", "--without-pip", str(self._environment)], cwd=folder)
        [site] = (self._environment / "lib").glob("python*/site-packages")
        # A path file adds one folder and reads no path files in it, so the checkout stays out of sight.
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
        pip = [sys.executable, "-m", "pip", "--python", str(self._environment / "bin" / "python")]
        run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(self.wheel)], cwd=folder)

    @staticmethod
    def _build(folder: Path) -> Path:
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
        run([*pip, "--wheel-dir", str(folder), str(ROOT)], cwd=folder.parent)
        [wheel] = folder.glob("*.whl")
        return wheel

    def program(self, name: str) -> str:
        return str(self._environment / "bin" / name)

    def vcci(self, *arguments: str, cwd: Path, code: int = 0) -> str:
        """Run a command in an empty folder and return what it printed."""
        return run([self.program("vcci"), *arguments], cwd=cwd, code=code)


def run(command: list[str], *, cwd: Path, code: int = 0) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=clean_environment(cwd),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == code, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}"
    return done.stdout


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment without anything of the checkout's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "VCCI"))}
    return {**kept, "HOME": str(home), "NO_COLOR": "1", "COLUMNS": "120", **more}


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Installation:
    return Installation(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def empty(tmp_path) -> Path:
    assert ROOT not in tmp_path.parents
    return tmp_path


def test_every_package_is_found_in_the_wheel_and_not_in_the_checkout(installation, empty):
    names = ("vcci_slo", "vcci_alerts", "vcci_dashboards", "vcci_runbooks_site", "vcci_platform")
    script = f"import {', '.join(names)}\nfor module in ({', '.join(names)}):\n    print(module.__file__)"

    places = run([installation.program("python"), "-c", script], cwd=empty).split()

    assert len(places) == len(names)
    assert not [place for place in places if Path(place).is_relative_to(ROOT)]


def test_every_file_of_a_package_is_in_the_wheel(installation):
    """Factor packs, templates, styles and migrations are data; a wheel without one fails only when it is used."""
    tracked = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    ).stdout.decode()
    shipped = re.compile(r"^[a-z_]+/(vcci_[a-z_]+/.+)$")
    expected = {match[1] for path in tracked.split("\0") if (match := shipped.match(path)) and (ROOT / path).exists()}

    missing = expected - set(zipfile.ZipFile(installation.wheel).namelist())

    assert missing == set()


def test_the_data_beside_the_packages_are_inside_them_in_the_wheel(installation):
    names = zipfile.ZipFile(installation.wheel).namelist()

    assert "vcci_platform/shipped/vcci.yaml" in names
    assert "vcci_platform/samples/purchases.csv" in names

"""The wheel of this checkout, installed where nothing of the checkout is in sight."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

__all__ = ["ROOT", "Installation", "clean_environment", "run"]

ROOT = Path(__file__).resolve().parents[2]
COMMAND_SECONDS = 240


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

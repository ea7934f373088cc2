"""The thin edge: Zensical makes a website of the generated pages, offline, and refuses a link that leads nowhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from vcci_runbooks_site.errors import BuildError

__all__ = ["build"]

BUILD_SECONDS: Final = 300
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


def build(generated: Path, out: Path) -> None:
    """Build the site of `generated` (mkdocs.yml and docs/) into `out`, replacing what is there.

    Raises BuildError with Zensical's own words, above all for a link or an anchor that does not exist. `out` is left
    as it was then.
    """
    if not (generated / "mkdocs.yml").is_file():
        raise BuildError(f"expected the generated pages in {generated}, found no mkdocs.yml; run `vcci generate` first")
    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    # Zensical builds below its own settings only, and leaves a cache there; so it works in a folder of its own.
    with tempfile.TemporaryDirectory(prefix=".runbooks-", dir=out.parent) as scratch:
        work = Path(scratch)
        shutil.copyfile(generated / "mkdocs.yml", work / "mkdocs.yml")
        shutil.copytree(generated / "docs", work / "docs")
        _zensical(work)
        _replace(work / "site", out, work / "old")


def _zensical(work: Path) -> None:
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(work / "mkdocs.yml")]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, and a path that we made
            command,
            cwd=work,
            env={**os.environ, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BuildError(f"zensical was not ready after {BUILD_SECONDS} seconds") from None
    if done.returncode != 0 or not (work / "site" / "index.html").is_file():
        said = _COLOUR.sub("", done.stdout).partition("Traceback (most recent call last)")[0]
        raise BuildError(said.strip() or f"zensical ended with {done.returncode} and said nothing")


def _replace(new: Path, out: Path, old: Path) -> None:
    if out.exists():
        if not out.is_dir():
            raise BuildError(f"expected a folder or nothing at {out}, found a file")
        out.rename(old)
    new.rename(out)

"""Runs every `bench_*.py` beside this file and prints what it measured: `make bench`, or `make bench ARGS=intake`.

A benchmark is a module whose docstring says what is measured, with `run() -> Iterable[str]`: the lines to print.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent


def benchmarks(folder: Path, wanted: Iterable[str]) -> list[Path]:
    """Return the benchmark files whose names contain one of the given words; all of them without a word."""
    words = tuple(wanted)
    paths = sorted(folder.glob("bench_*.py"))
    return [path for path in paths if not words or any(word in path.stem for word in words)]


def load(path: Path) -> ModuleType:
    """Import one benchmark from where it lies."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if specification is None or specification.loader is None:
        raise ImportError(f"cannot import {path}")
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module


def main() -> int:
    """Run them one after another; one that fails says so and does not keep the others from running."""
    parser = argparse.ArgumentParser(description="Measure, and print the figures.")
    parser.add_argument("words", nargs="*", help="run only benchmarks whose names contain one of these")
    parser.add_argument("--folder", type=Path, default=HERE, help="where they lie")
    arguments = parser.parse_args()
    sys.path.insert(0, str(HERE.parent))  # `support`, as in the tests

    paths = benchmarks(arguments.folder, arguments.words)
    if not paths:
        print(f"no bench_*.py in {arguments.folder} with {arguments.words or 'any name'}", file=sys.stderr)
        return 1
    failed = 0
    for path in paths:
        started = time.perf_counter()
        try:
            module = load(path)
            summary = (module.__doc__ or path.stem).strip().splitlines()[0]
            print(f"\n{path.stem}: {summary}", flush=True)
            for line in module.run() or ():
                print(f"  {line}", flush=True)
        except Exception as error:  # noqa: BLE001 - one that fails must not keep the others from running
            failed += 1
            traceback.print_exc()
            print(f"  failed: {type(error).__name__}: {error}", flush=True)
        print(f"  ({time.perf_counter() - started:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())

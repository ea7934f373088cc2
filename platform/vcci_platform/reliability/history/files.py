"""Which reader a file needs: by its name, without `.gz`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from vcci_platform.reliability.history.csv_file import read_csv
from vcci_platform.reliability.history.openmetrics import read_openmetrics
from vcci_platform.reliability.history.recorded import Recorded
from vcci_slo.plan import Slo

__all__ = ["is_table", "read_file"]

TABLES = frozenset({".csv", ".tsv"})


def read_file(path: Path, slo: Slo, scrape_every: timedelta, group: Mapping[str, str] | None = None) -> Recorded:
    """Return the history of a promise in a file: a table if its name ends in .csv or .tsv, else an exposition."""
    return read_csv(path) if is_table(path) else read_openmetrics(path, slo, scrape_every, group)


def is_table(path: Path) -> bool:
    """Return whether a file is a table by its name."""
    name = path.with_suffix("") if path.suffix == ".gz" else path
    return name.suffix.lower() in TABLES

"""A factor pack: one release of emission factors with all that a reader of a result must know about them."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import polars as pl

from vcci_platform.carbon.factors.naics import Resolved, Unresolved, resolve
from vcci_platform.carbon.model import PriceBasis

__all__ = ["DEFAULT_PACK", "Deflators", "FactorPack", "PackError", "load_pack"]

DEFAULT_PACK = "epa-scef-1.3.0"
"""The folder of the release that is used unless another is named."""

_FACTOR_COLUMNS = {
    "naics": pl.String(),
    "title": pl.String(),
    "without_margins": pl.Float64(),
    "margins": pl.Float64(),
    "with_margins": pl.Float64(),
    "useeio": pl.String(),
}
_INDEX_COLUMNS = {"year": pl.Int32(), "index": pl.Float64()}


class PackError(Exception):
    """A factor pack is damaged or incomplete; `pack` names it. Nothing may be calculated with it."""

    def __init__(self, pack: str, what: str) -> None:
        super().__init__(f"factor pack {pack}: {what}")
        self.pack = pack


@dataclass(frozen=True)
class Deflators:
    """A price index by year, to bring spend to the prices of another year."""

    id: str
    title: str
    source: str
    licence: str
    sha256: str
    index: dict[int, float]

    def deflator(self, year: int, to: int) -> float | None:
        """Return what one unit of money of `year` is worth in prices of `to`; None when a year is not covered."""
        if year not in self.index or to not in self.index:
            return None
        return self.index[to] / self.index[year]


@dataclass(frozen=True, eq=False)
class FactorPack:
    """A release of spend-based emission factors, in kg CO2e per unit of `currency` of `price_year`."""

    id: str
    release: str
    title: str
    publisher: str
    source: str
    licence: str
    unit: str
    currency: str
    price_year: int
    gwp_set: str
    sha256: str
    """Of the file of factors in the pack."""

    source_sha256: str
    """Of the publisher's file that the figures were carried over from."""

    columns: dict[PriceBasis, str]
    factors: pl.DataFrame
    """naics, title, without_margins, margins, with_margins, useeio: one row per six-digit industry, sorted."""

    deflators: Deflators

    def __post_init__(self) -> None:
        pack = f"{self.id}/{self.release}"
        naics = self.factors["naics"]
        if naics.n_unique() != naics.len() or not naics.str.contains(r"^\d{6}$").all():
            raise PackError(pack, "expected one row per six-digit NAICS code")
        for basis, column in self.columns.items():
            values = self.factors[column]
            if not (values.is_not_null() & values.is_finite() & (values >= 0)).all():
                raise PackError(pack, f"expected a finite factor of at least zero in every row of {column} ({basis})")
        if self.price_year not in self.deflators.index:
            raise PackError(pack, f"the deflators {self.deflators.id} do not cover the price year {self.price_year}")

    def factor_id(self, naics: str) -> str:
        """Return the name of one factor, `epa-scef/1.3.0/541511`."""
        return f"{self.id}/{self.release}/{naics}"

    def find(self, naics: str) -> Resolved | Unresolved:
        """Return the industry whose factor belongs to a code of two to six digits, or why there is none."""
        return resolve(naics, self._known)

    def deflator(self, year: int) -> float | None:
        """Return what money of `year` is worth in prices of the factors' year; None when the index lacks the year."""
        return self.deflators.deflator(year, self.price_year)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.factors["naics"].to_list())


def load_pack(name: str = DEFAULT_PACK) -> FactorPack:
    """Return a release that ships with the package; its files are checked against the digests of its manifest."""
    return read_pack(files("vcci_platform.carbon.factors") / name)


def read_pack(folder: Traversable) -> FactorPack:
    """Return the release in `folder`: `manifest.json` and the two tables that it names."""
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PackError(folder.name, "there is no manifest.json; no such release is installed") from None
    factors, index = manifest["factors"], manifest["deflator"]
    series = _table(folder, index, _INDEX_COLUMNS)
    return FactorPack(
        id=manifest["id"],
        release=manifest["release"],
        title=manifest["title"],
        publisher=manifest["publisher"],
        source=manifest["source"],
        licence=manifest["licence"],
        unit=manifest["unit"],
        currency=manifest["currency"],
        price_year=manifest["price_year"],
        gwp_set=manifest["gwp_set"],
        sha256=factors["sha256"],
        source_sha256=manifest["source_sha256"],
        columns={PriceBasis(basis): column for basis, column in manifest["price_basis"].items()},
        factors=_table(folder, factors, _FACTOR_COLUMNS).sort("naics"),
        deflators=Deflators(
            id=index["id"],
            title=index["title"],
            source=index["source"],
            licence=index["licence"],
            sha256=index["sha256"],
            index=dict(zip(series["year"].to_list(), series["index"].to_list(), strict=True)),
        ),
    )


def _table(folder: Traversable, entry: dict[str, Any], columns: dict[str, Any]) -> pl.DataFrame:
    content = (folder / entry["file"]).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry["sha256"]:
        raise PackError(folder.name, f"{entry['file']} has the digest {digest}, expected {entry['sha256']}")
    table = pl.read_csv(io.BytesIO(content), schema=columns)
    if table.height != entry["rows"]:
        raise PackError(folder.name, f"{entry['file']} has {table.height} rows, expected {entry['rows']}")
    return table

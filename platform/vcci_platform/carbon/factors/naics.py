"""NAICS 2017: the official sectors, and which six-digit industry a shorter code can only mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vcci_platform.carbon.model import GapReason

__all__ = ["SECTORS", "Resolved", "Unresolved", "resolve", "sector_of"]

SECTORS: Mapping[str, str] = {
    "11": "Agriculture, Forestry, Fishing and Hunting",
    "21": "Mining, Quarrying, and Oil and Gas Extraction",
    "22": "Utilities",
    "23": "Construction",
    "31-33": "Manufacturing",
    "42": "Wholesale Trade",
    "44-45": "Retail Trade",
    "48-49": "Transportation and Warehousing",
    "51": "Information",
    "52": "Finance and Insurance",
    "53": "Real Estate and Rental and Leasing",
    "54": "Professional, Scientific, and Technical Services",
    "55": "Management of Companies and Enterprises",
    "56": "Administrative and Support and Waste Management and Remediation Services",
    "61": "Educational Services",
    "62": "Health Care and Social Assistance",
    "71": "Arts, Entertainment, and Recreation",
    "72": "Accommodation and Food Services",
    "81": "Other Services (except Public Administration)",
    "92": "Public Administration",
}
"""The twenty sectors with their titles (US Census Bureau, NAICS 2017); three of them span several two-digit codes."""

_SECTOR_OF_PREFIX: Mapping[str, str] = {
    str(prefix): sector
    for sector in SECTORS
    for prefix in range(int(sector.split("-", maxsplit=1)[0]), int(sector.rsplit("-", maxsplit=1)[-1]) + 1)
}


@dataclass(frozen=True)
class Resolved:
    """The six-digit industry that a code means."""

    naics: str


@dataclass(frozen=True)
class Unresolved:
    """Why a code does not lead to one industry."""

    reason: GapReason
    detail: str


def sector_of(naics: str) -> str | None:
    """Return the sector of a code of two to six digits, None when NAICS has none with its first two.

    >>> sector_of("325412"), sector_of("541511"), sector_of("99")
    ('31-33', '54', None)
    """
    return _SECTOR_OF_PREFIX.get(naics[:2])


def resolve(naics: str, known: Collection[str]) -> Resolved | Unresolved:
    """Return the one industry among `known` that a code of two to six digits means, or why there is none.

    A six-digit code means itself. A five-digit code means the industry with a zero behind it, if that is its only one:
    in the United States' NAICS a sixth digit of zero says that the five-digit industry has no finer detail
    (https://www.census.gov/naics/ "Frequently asked questions", number 5). Everything shorter is too broad, even when a
    release happens to hold a single factor below it: another industry may exist that the release does not cover.

    >>> resolve("11111", {"111110", "111120"})
    Resolved(naics='111110')
    """
    if len(naics) == 6:
        return Resolved(naics) if naics in known else _unknown(naics, "")
    below = sorted(code for code in known if code.startswith(naics))
    if len(naics) == 5 and below == [naics + "0"]:
        return Resolved(below[0])
    if not below:
        return _unknown(naics, " or any code below it")
    examples = ", ".join(below[:3]) + (", …" if len(below) > 3 else "")
    detail = (
        f"NAICS {naics} covers {len(below)} six-digit industr{'y' if len(below) == 1 else 'ies'} of the release"
        f" ({examples}); give the six-digit code."
    )
    return Unresolved(GapReason.NAICS_TOO_BROAD, detail)


def _unknown(naics: str, what: str) -> Unresolved:
    sector = sector_of(naics)
    if sector is None:
        detail = f"NAICS 2017 has no sector {naics[:2]}, so {naics} is not one of its codes."
    else:
        detail = (
            f"The release has no factor for NAICS 2017 code {naics}{what} (sector {sector}, {SECTORS[sector]});"
            " it may be a code of another edition, or an activity without a factor."
        )
    return Unresolved(GapReason.NAICS_UNKNOWN, detail)

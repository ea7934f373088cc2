"""Category 1 by spend against what the GHG Protocol and EPA have published.

The examples whose figures stand here need nothing else. Those that compare with a publisher's whole file look for it in
the folder that `VCCI_SHARED` names, or in `shared` beside the checkout, and say so when there is none.
"""

import csv
import dataclasses
import hashlib
import json
import os
import statistics
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from vcci_platform.carbon.calculators.purchases import aggregate, calculate
from vcci_platform.carbon.factors import load_pack
from vcci_platform.carbon.model import ROW_SCHEMA
from vcci_platform.carbon.rates import load_rates

CHECKOUT = Path(__file__).parents[3]
WITH, WITHOUT = "Supply Chain Emission Factors with Margins", "Supply Chain Emission Factors without Margins"


@pytest.fixture(scope="module")
def shared():
    folder = Path(os.environ.get("VCCI_SHARED") or CHECKOUT.parent / "shared")
    if not (folder / "data").is_dir():
        pytest.skip(f"no publishers' files: {folder}/data does not exist; set VCCI_SHARED to the folder that has data/")
    return folder / "data"


def table(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def purchases(*pairs):
    """Purchases of 2022 in US dollars, so that neither rate nor deflator plays a part."""
    records = [
        (row, date(2022, 6, 30), "Supplier", "", naics, float(amount), "USD", None)
        for row, (naics, amount) in enumerate(pairs, start=2)
    ]
    return pl.DataFrame(records, schema=dict(ROW_SCHEMA), orient="row")


def kilograms(pack, *pairs):
    done = calculate(purchases(*pairs), pack, load_rates())
    assert done.uncalculated == 0
    return aggregate(done.lines).kg_co2e


@pytest.mark.parametrize(
    ("naics", "kg"),
    [("111110", 532), ("331110", 787), ("541511", 84), ("721110", 145), ("481111", 644), ("325199", 1184)],
)
def test_a_thousand_dollars_of_2022_emit_what_epa_says(naics, kg):
    assert kilograms(load_pack(), (naics, 1000)) == kg


def test_example_1_4_of_the_ghg_protocol_is_reproduced():
    """Technical Guidance for Calculating Scope 3 Emissions v1.0 (2013), example 1.4: its components bought by value.

    Spend x factor: 1500 + 900 + 1200 + 3000 + 300 + 1000 + 1500 + 300 + 2000 = 11,700 kg; the rest of the printed
    54,100 kg (42,400) are components by mass.
    """
    spend = [5000, 3000, 4000, 6000, 1500, 5000, 5000, 1000, 5000]
    factors = [0.3, 0.3, 0.3, 0.5, 0.2, 0.2, 0.3, 0.3, 0.4]
    pack = load_pack()
    used = pack.factors.head(9).with_columns(with_margins=pl.Series(factors))
    example = dataclasses.replace(pack, factors=used)

    assert kilograms(example, *zip(used["naics"], spend, strict=True)) == 54_100 - 42_400


def test_the_pack_holds_every_figure_of_epas_file(shared):
    path = shared / "factors" / "useeio_v13_co2e.csv"
    published = {
        row["2017 NAICS Code"]: (row["2017 NAICS Title"], float(row[WITHOUT]), float(row[WITH])) for row in table(path)
    }
    pack = load_pack()
    carried = {
        row[0]: row[1:] for row in pack.factors.select("naics", "title", "without_margins", "with_margins").rows()
    }

    assert carried == published
    assert hashlib.sha256(path.read_bytes()).hexdigest() == pack.source_sha256


def test_the_deflators_are_those_of_the_bureau_of_labor_statistics(shared):
    lines = (shared / "factors" / "us_cpi_u.csv").read_text().splitlines()
    published = {int(year): float(index) for year, index in (line.split(",") for line in lines if line[:1].isdigit())}

    assert load_pack().deflators.index == published


def test_the_factors_follow_the_potentials_of_the_fifth_assessment_report(shared):
    """EPA's table by gas, added up with AR5 (GWP100), gives the table of totals; with AR4 or AR6 it does not."""
    species = {
        "Carbon dioxide": None,
        "Methane": "CH4",
        "Nitrous oxide": "N2O",
        "Sulfur hexafluoride": "SF6",
        "Nitrogen trifluoride": "NF3",
        "Carbon tetrafluoride": "CF4",
        "Hexafluoroethane": "C2F6",
        "Perfluoropropane": "C3F8",
        "Perfluorocyclobutane": "cC4F8",
        **{f"HFC-{name}": f"HFC{name}" for name in ("23", "32", "125", "134a", "143a", "236fa")},
    }
    lines = (shared / "factors" / "gwp_cc0.csv").read_text(encoding="utf-8").splitlines()
    potentials = {row["Species"]: row for row in csv.DictReader(line for line in lines if not line.startswith("#"))}
    by_gas = table(shared / "factors" / "useeio_v13_byghg.csv")
    published = dict(load_pack().factors.select("naics", "with_margins").rows())

    def off_by(report):
        totals = dict.fromkeys(published, 0.0)
        for row in by_gas:
            gas = row["GHG"]
            factor = float(potentials[species[gas]][f"{report}GWP100"]) if species.get(gas) else 1.0
            if gas in species or row["Unit"].startswith("kg CO2e"):
                totals[row["2017 NAICS Code"]] += factor * float(row[WITH])
        return abs(statistics.median(totals[naics] / kg - 1 for naics, kg in published.items()))

    assert off_by("AR5") < 0.0005
    assert min(off_by("AR4"), off_by("AR6")) > 0.002


def test_the_examples_by_spend_of_the_collection_are_reproduced(shared):
    cases = json.loads((shared / "scope3" / "worked_examples.json").read_text())["cases"]
    mine = [case for case in cases if case["category"] == 1 and case["method"] == "spend"]
    assert len(mine) >= 6

    for case in mine:
        given = case["inputs"]
        expected = case["expected"]["v1_3_usd2022"]
        assert kilograms(load_pack(), (given["naics"], given["usd"])) == pytest.approx(expected, rel=case["rel_tol"]), (
            case
        )

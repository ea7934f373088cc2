"""The sample ledger: made by its script, and varied enough to show what the service does with a real one."""

import importlib.util
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from vcci_platform.carbon import samples
from vcci_platform.carbon.calculators.purchases import calculate
from vcci_platform.carbon.factors import load_pack
from vcci_platform.carbon.intake import read_purchases
from vcci_platform.carbon.model import GapReason
from vcci_platform.carbon.rates import load_rates

SCRIPT = Path(__file__).parents[3] / "platform" / "samples" / "make_purchases.py"


@pytest.fixture(scope="module")
def intake():
    return read_purchases(samples.purchases().read_bytes(), today=date(2026, 11, 23))


@pytest.fixture(scope="module")
def done(intake):
    return calculate(intake.rows, load_pack(), load_rates())


def test_the_script_makes_the_committed_file_again(monkeypatch):
    spec = importlib.util.spec_from_file_location("make_purchases", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, script)
    spec.loader.exec_module(script)

    assert script.make().encode() == SCRIPT.with_name("purchases.csv").read_bytes()


def test_three_to_six_rows_in_a_hundred_cannot_be_calculated(intake, done):
    assert 5_000 <= intake.total <= 5_100
    assert 0.03 < (intake.rejected + done.uncalculated) / intake.total < 0.06
    assert done.lines.height + done.uncalculated + intake.rejected == intake.total


def test_the_ledger_is_as_varied_as_a_real_one(intake, done):
    lines = done.lines
    assert lines["factor_id"].n_unique() >= 60
    assert lines["sector"].n_unique() >= 15
    assert lines["currency"].n_unique() >= 8
    assert set(lines["year"]) == set(range(2019, 2025))
    assert set(intake.rows["date"].dt.year()) == set(range(2019, 2026))
    assert (lines["amount"] < 0).sum() > 20
    assert intake.repeated > 10
    assert intake.blank == 2


def test_the_reasons_of_practice_all_occur(intake, done):
    reasons = set(pl.concat([intake.gaps, done.gaps])["reason"])
    assert reasons >= set(GapReason) - {GapReason.CURRENCY_CONFLICT, GapReason.AMOUNT_OUT_OF_RANGE}


def test_what_looks_odd_but_is_certain_is_calculated(intake):
    """European and English decimals, German dates, quoted line breaks, inches, five-digit codes."""
    text = samples.purchases().read_text(encoding="utf-8")
    assert all(form in text for form in ('"1.', ',"(', "'"))
    rows = intake.rows
    assert rows.filter(pl.col("description").str.contains("delivered to gate")).height > 10
    assert rows.filter(pl.col("description").str.contains('"')).height > 10
    assert rows.filter(pl.col("naics").str.len_chars() == 5).height > 10
    assert rows.filter(pl.col("supplier").str.contains("[äöüÖßçŞ]")).height > 100
    assert not rows["supplier"].str.contains(r"^\s|\s$").any()


def test_an_installed_wheel_has_the_sample_inside_the_package(monkeypatch, tmp_path):
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "purchases.csv").write_text("inside")
    monkeypatch.setattr(samples, "_PACKAGE", tmp_path)

    assert samples.purchases().read_text() == "inside"


def test_a_missing_sample_is_told_with_both_places(monkeypatch, tmp_path):
    monkeypatch.setattr(samples, "_PACKAGE", tmp_path / "vcci_platform")

    with pytest.raises(FileNotFoundError, match=r"neither at .* nor at"):
        samples.purchases()

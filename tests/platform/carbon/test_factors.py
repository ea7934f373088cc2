"""Factor packs: the shipped release, its integrity, and how codes find their factor."""

import hashlib
import json
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from vcci_platform.carbon.factors import PackError, load_pack
from vcci_platform.carbon.factors.naics import SECTORS, Resolved, Unresolved, resolve, sector_of
from vcci_platform.carbon.factors.pack import DEFAULT_PACK, read_pack
from vcci_platform.carbon.model import GapReason, PriceBasis


@pytest.fixture(scope="module")
def pack():
    return load_pack()


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(Path(str(files("vcci_platform.carbon.factors") / DEFAULT_PACK)), tmp_path / "pack")
    return tmp_path / "pack"


def resign(folder):
    """Give the manifest the digests of the changed files, as somebody does who means the change."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for entry in (manifest["factors"], manifest["deflator"]):
        content = (folder / entry["file"]).read_bytes()
        entry |= {"sha256": hashlib.sha256(content).hexdigest(), "rows": content.count(b"\n") - 1}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_the_shipped_release_says_what_a_reader_must_know(pack):
    assert (pack.id, pack.release, pack.currency, pack.price_year) == ("epa-scef", "1.3.0", "USD", 2022)
    assert (pack.unit, pack.gwp_set) == ("kg CO2e/2022 USD, purchaser price", "AR5")
    assert pack.licence.startswith("Public domain")
    assert pack.source_sha256.startswith("c7f50864")
    assert pack.factors.height == 1016


def test_a_factor_with_margins_is_never_smaller_than_one_without(pack):
    with_margins, without = (pack.factors[pack.columns[basis]] for basis in (PriceBasis.PURCHASER, PriceBasis.PRODUCER))
    assert (with_margins >= without).all()
    assert (with_margins > 0).all()


def test_every_factor_belongs_to_a_sector(pack):
    assert {sector_of(code) for code in pack.factors["naics"]} == set(SECTORS) - {"92"}


def test_the_deflator_brings_spend_to_the_prices_of_the_factor(pack):
    """292.655 / 255.657: the index of 2022 over that of 2019."""
    assert pack.deflator(2019) == 292.655 / 255.657
    assert pack.deflator(2022) == 1.0
    assert pack.deflator(2025) is None


def test_a_changed_digit_in_the_factors_is_noticed(copy):
    text = (copy / "factors.csv").read_text()
    (copy / "factors.csv").write_text(text.replace("0.532", "0.533", 1))

    with pytest.raises(PackError, match=r"factor pack pack: factors\.csv has the digest .* expected 3611abaa"):
        read_pack(copy)


def test_a_release_that_is_not_installed_is_named():
    with pytest.raises(PackError, match=r"factor pack epa-scef-9: there is no manifest\.json"):
        load_pack("epa-scef-9")


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("factors.csv", "111120,", "111110,", "expected one row per six-digit NAICS code"),
        ("factors.csv", "111120,", "11112,", "expected one row per six-digit NAICS code"),
        ("factors.csv", ",0.532,", ",-0.532,", "expected a finite factor of at least zero"),
        ("factors.csv", ",0.532,", ",,", "expected a finite factor of at least zero"),
        ("us-cpi-u.csv", "2022,292.655\n", "", "do not cover the price year 2022"),
    ],
)
def test_a_release_that_cannot_be_calculated_with_is_refused(copy, file, old, new, what):
    (copy / file).write_text((copy / file).read_text().replace(old, new, 1))
    resign(copy)

    with pytest.raises(PackError, match=what):
        read_pack(copy)


def test_a_six_digit_code_means_itself(pack):
    assert pack.find("541511") == Resolved("541511")
    assert pack.factor_id("541511") == "epa-scef/1.3.0/541511"


def test_a_five_digit_code_without_finer_detail_means_its_only_industry(pack):
    assert pack.find("33111") == Resolved("331110")


@pytest.mark.parametrize(("code", "count"), [("54151", 4), ("5415", 4), ("54", 49), ("31", 73)])
def test_a_code_that_covers_several_industries_is_too_broad(pack, code, count):
    found = pack.find(code)
    assert isinstance(found, Unresolved)
    assert found.reason is GapReason.NAICS_TOO_BROAD
    assert f"covers {count} six-digit industries" in found.detail


def test_a_short_code_is_too_broad_even_above_a_single_factor():
    """The release may lack another industry below the group, so one factor proves nothing."""
    assert resolve("3131", {"313110"}).reason is GapReason.NAICS_TOO_BROAD
    assert resolve("33351", {"333514"}).reason is GapReason.NAICS_TOO_BROAD


@pytest.mark.parametrize(
    ("code", "told"),
    [("513210", "sector 51, Information"), ("92", "Public Administration"), ("999999", "no sector 99")],
)
def test_a_code_without_factor_is_told_apart_from_one_that_does_not_exist(pack, code, told):
    found = pack.find(code)
    assert found.reason is GapReason.NAICS_UNKNOWN
    assert told in found.detail


def test_combined_sectors_keep_their_official_name():
    assert [sector_of(code) for code in ("311511", "339999", "441110", "454110", "481111", "493110")] == [
        *("31-33", "31-33", "44-45", "44-45", "48-49", "48-49"),
    ]
    assert SECTORS["31-33"] == "Manufacturing"
    assert sector_of("47") is None

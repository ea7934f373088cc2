"""The wheel holds everything that the checkout has beside its code, where the code looks for it."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

from support.wheel import ROOT, run


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

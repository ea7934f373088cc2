"""The spec that is shipped, which uses much of our language, in the formats of others: their own readers take it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from support.converting import converted
from vcci_alerts.sloth import rules_text
from vcci_slo.formats.documents import documents
from vcci_slo.formats.notes import Notes
from vcci_slo.formats.openslo.inline import Catalogue, inlined
from vcci_slo.formats.openslo.read import read_objects
from vcci_slo.formats.sloth import BUILT_IN, read_catalog
from vcci_slo.load import load_plan

SPEC = Path(__file__).resolve().parents[3] / "slo" / "specs" / "vcci.yaml"


def test_sloth_makes_rules_of_every_promise() -> None:
    text = SPEC.read_text(encoding="utf-8")

    files = converted(text, "sloth").files

    found = 0
    for name, spec in files.items():
        if name.startswith("windows-"):
            continue
        stem = name.removesuffix(".yaml")
        windows = {path: catalogue for path, catalogue in files.items() if path.startswith(f"windows-{stem}/")}
        catalog = read_catalog(windows)[0] if windows else BUILT_IN
        period = next(iter(catalog)) if windows else timedelta(days=30)
        rules = rules_text(spec, period=period, catalog=catalog)
        found += rules.count("record: slo:objective:ratio")
    assert found == len(load_plan(text).slos)


def test_openslo_takes_every_promise() -> None:
    text = SPEC.read_text(encoding="utf-8")

    (written,) = converted(text, "openslo").files.values()

    objects = [one for source in documents(written, "x") for one in read_objects(source, Notes())]
    assert len(inlined(Catalogue(objects))) == len(load_plan(text).slos)

"""`vcci convert` on real files: formats are recognised, losses are told on standard error, exit codes tell the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vcci_platform.cli.root import run
from vcci_slo.load import load_plan

SLOTH = """
version: prometheus/v1
service: shop
slos:
  - name: requests-ok
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(hits_total{job="shop",code="500"}[{{.window}}]))
        total_query: sum(rate(hits_total{job="shop"}[{{.window}}]))
    alerting:
      page_alert: {disable: true}
      ticket_alert: {disable: true}
"""
WINDOWS = """
apiVersion: sloth.slok.dev/v1
kind: AlertWindows
spec:
  sloPeriod: 7d
  page:
    quick: {errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}
    slow: {errorBudgetPercent: 12.5, shortWindow: 30m, longWindow: 6h}
  ticket:
    quick: {errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}
    slow: {errorBudgetPercent: 42, shortWindow: 6h, longWindow: 3d}
"""


def _vcci(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as end:
        run(["convert", *map(str, arguments)])
    return int(end.value.code or 0)


@pytest.fixture
def sloth(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yml"
    path.write_text(SLOTH)
    return path


def test_the_spec_goes_to_standard_output_and_the_report_beside_it(
    sloth: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = _vcci(sloth)

    out, err = capfd.readouterr()
    assert code == 0
    assert [slo.name for slo in load_plan(out).slos] == ["requests-ok"]
    assert "standard output: 0 lost, 0 changed, 2 added" in err


def test_a_file_and_a_folder_are_written(sloth: Path, tmp_path: Path) -> None:
    assert _vcci(sloth, "--out", tmp_path / "own" / "vcci.yaml") == 0
    assert _vcci(tmp_path / "own" / "vcci.yaml", "--to", "sloth", "--out", tmp_path / "sloth") == 0
    assert _vcci(tmp_path / "own", "--to", "openslo", "--out", tmp_path / "openslo") == 0

    assert (tmp_path / "sloth" / "vcci.yaml").read_text().startswith("version: prometheus/v1")
    assert (tmp_path / "openslo" / "vcci.yaml").read_text().startswith("apiVersion: openslo/v1")


def test_a_loss_is_an_error_only_when_asked(sloth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sloth.write_text(SLOTH + "      labels: {severity: page}\n      page_alarm: {}\n")

    codes = (_vcci(sloth), _vcci(sloth, "--strict"))

    out, err = capfd.readouterr()
    assert codes == (0, 1)
    assert "lost the key" in err
    assert out.count("spec: vcci/v1") == 2


@pytest.mark.parametrize("asked", [("--json",), ("--report", "json")])
def test_the_report_is_json_when_asked(asked: tuple[str, ...], sloth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The second is how it was spelled before."""
    _vcci(sloth, *asked)

    report = json.loads(capfd.readouterr().err)
    assert report["lossless"] is True
    assert {note["weight"] for note in report["notes"]} == {"added"}
    assert set(report["notes"][0]) == {"weight", "file", "where", "what", "why", "instead"}


def test_a_catalogue_of_windows_is_read_and_written(sloth: Path, tmp_path: Path) -> None:
    (tmp_path / "windows").mkdir()
    (tmp_path / "windows" / "7d.yaml").write_text(WINDOWS)
    sloth.write_text(SLOTH.split("    alerting:", maxsplit=1)[0] + "    alerting: {name: ShopFails}\n")
    spec = tmp_path / "vcci.yaml"

    read = _vcci(sloth, "--out", spec, "--slo-period-windows-path", tmp_path / "windows", "--default-slo-period", "7d")
    written = _vcci(spec, "--to", "sloth", "--out", tmp_path / "back")

    assert (read, written) == (0, 0)
    assert "page-quick: {spends: 8%, within: 1h, still: 5m, priority: P1}" in spec.read_text()
    assert (tmp_path / "back" / "windows-vcci" / "7d.yaml").is_file()


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        ("a: 1\n", (), "expected a spec of vcci, Sloth, OpenSLO or Pyrra"),
        ("", (), "expected a spec of vcci, Sloth, OpenSLO or Pyrra"),
        ("version: prometheus/v1\nservice: shop\n", (), "at least one SLO is required"),
        ("spec: vcci/v1\n", (), "expected a spec of another format"),
        (SLOTH, ("--from", "openslo"), "expected the version openslo/v1"),
        (SLOTH, ("--default-slo-period", "9d"), "expected a period of the windows catalogue"),
        ("a: [1\n", (), "expected one YAML document"),
        ("\x00", (), "expected text in UTF-8"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_sentence(
    text: str, arguments: tuple[str, ...], told: str, sloth: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sloth.write_text(text)

    code = _vcci(sloth, *arguments)

    assert code == 2
    assert told in capfd.readouterr().err


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert _vcci(tmp_path / "nothing.yaml") == 2
    assert "expected a file or a folder, found nothing" in capfd.readouterr().err


def test_several_files_need_a_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "vcci.yaml"
    spec.write_text(
        "spec: vcci/v1\nmetadata: {name: shop, owner: crew}\n"
        "components: {api: {kind: http, signals: {requests: {events: hits_total, bad: 'code=\"500\"'}}}}\n"
        "slos: {ok: {good: api.requests, objective: 99%, window: 90d}}\n"
    )

    assert _vcci(spec, "--to", "sloth") == 2
    assert "expected a folder" in capfd.readouterr().err

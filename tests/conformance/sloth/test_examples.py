"""Every published example, through the same command that Sloth's authors used, byte for byte."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from support.promtool import run, write
from vcci_alerts.sloth import rules_text
from vcci_platform.cli.root import run as vcci
from vcci_slo.formats.sloth import read_catalog

# https://github.com/slok/sloth/tree/main/examples: the script that makes `_gen` adds one label.
NAMES = [
    "contrib-denominator-corrected.yaml",
    "contrib-slo-plugins.yml",
    "getting-started.yml",
    "home-wifi.yml",
    "k8s-getting-started.yml",
    "k8s-home-wifi.yml",
    "k8s-multifile.yml",
    "kubernetes-apiserver.yml",
    "multifile.yml",
    "no-alerts.yml",
    "openslo-getting-started.yml",
    "openslo-kubernetes-apiserver.yml",
    "plugin-getting-started.yml",
    "plugin-k8s-getting-started.yml",
    "raw-home-wifi.yml",
    "slo-plugin-getting-started.yml",
    "slo-plugin-k8s-getting-started.yml",
    "victoria-metrics.yml",
]
FLAGS = ["-l", "cmd=examplesgen.sh", "--sloth-version-label", "dev"]


def test_every_example_is_tried(examples):
    assert sorted(path.name for path in (examples / "_gen").iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_command_writes_what_sloth_wrote(examples, capsysbinary, name):
    with pytest.raises(SystemExit) as ended:
        vcci(["sloth", "generate", "-i", str(examples / name), *FLAGS])

    assert ended.value.code == 0
    assert capsysbinary.readouterr().out == (examples / "_gen" / name).read_bytes()


def test_a_whole_folder_is_written_file_by_file(examples, tmp_path):
    with pytest.raises(SystemExit) as ended:
        vcci(["sloth", "generate", "-i", str(examples), "-o", str(tmp_path), "-e", "_gen|windows", *FLAGS])

    assert ended.value.code == 0
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {name: (examples / "_gen" / name).read_bytes() for name in NAMES}


def test_every_example_is_valid(examples):
    with pytest.raises(SystemExit) as ended:
        vcci(["sloth", "validate", "-i", str(examples), "-e", "_gen|windows", "--ignore-slo-duplicates"])

    assert ended.value.code == 0


@pytest.mark.needs("prometheus")
@pytest.mark.parametrize("days", [7, 28, 30])
def test_prometheus_loads_the_rules_of_every_period(examples, tmp_path, days):
    catalog, _ = read_catalog({path.name: path.read_text() for path in sorted((examples / "windows").iterdir())})
    text = (examples / "home-wifi.yml").read_text()

    rules = rules_text(text, period=timedelta(days=days), **({"catalog": catalog} if days != 28 else {}))

    write(tmp_path, {"rules.yaml": rules})
    said = run("promtool", "check", "rules", "rules.yaml", folder=tmp_path)
    assert said.returncode == 0, said.stdout
    assert (
        f"SUCCESS: {sum(len(group['rules']) for group in yaml.safe_load(rules)['groups'])} rules found" in said.stdout
    )

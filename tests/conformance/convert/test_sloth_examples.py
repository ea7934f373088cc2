"""Every example that Sloth publishes becomes a spec of ours whose rules Prometheus loads.

The files lie in `data/sloth/examples` of the folder that `VCCI_SHARED` names, or of `shared` beside the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.converting import converted, plan_of, text_of
from support.promtool import run, write
from vcci_alerts import rules
from vcci_slo.formats.sloth import OpenSloSpec, read_file

CHECKOUT = Path(__file__).resolve().parents[3]
NAMES = (
    *("contrib-denominator-corrected.yaml", "contrib-slo-plugins.yml", "getting-started.yml", "home-wifi.yml"),
    *("k8s-getting-started.yml", "k8s-home-wifi.yml", "k8s-multifile.yml", "kubernetes-apiserver.yml"),
    *("multifile.yml", "no-alerts.yml", "openslo-getting-started.yml", "openslo-kubernetes-apiserver.yml"),
    *("plugin-getting-started.yml", "plugin-k8s-getting-started.yml", "raw-home-wifi.yml"),
    *("slo-plugin-getting-started.yml", "slo-plugin-k8s-getting-started.yml", "victoria-metrics.yml"),
)
NOT_PROMETHEUS = {"victoria-metrics.yml": 2}
"""How many promises ask what only VictoriaMetrics answers."""


@pytest.fixture
def example(request: pytest.FixtureRequest) -> str:
    shared = Path(os.environ.get("VCCI_SHARED") or CHECKOUT.parent / "shared")
    path = shared / "data" / "sloth" / "examples" / request.param
    if not path.is_file():
        pytest.skip(f"needs {path}: set VCCI_SHARED to the folder that holds data/sloth")
    return path.read_text()


def _declared(text: str) -> int:
    specs = [document.spec for document in read_file(text)]
    return sum(len(spec.objectives if isinstance(spec, OpenSloSpec) else spec.slos) for spec in specs)


@pytest.mark.needs("prometheus")
@pytest.mark.parametrize("example", NAMES, indirect=True, ids=NAMES)
def test_a_published_example_becomes_a_spec_whose_rules_load(
    example: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id

    conversion = converted(example, name="example")

    plan = plan_of(conversion)
    assert len(plan.slos) == _declared(example) - NOT_PROMETHEUS.get(name, 0), conversion.notes
    files = rules.render(plan)
    write(tmp_path, files)
    checked = run("promtool", "check", "rules", *files, folder=tmp_path)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("example", NAMES, indirect=True, ids=NAMES)
def test_what_is_said_again_to_sloth_says_the_same(example: str) -> None:
    first = converted(example, name="example")
    if not plan_of(first).slos:
        return

    back = converted(text_of(converted(text_of(first), "sloth")), name="example")

    for one, other in zip(plan_of(first).slos, plan_of(back).slos, strict=True):
        assert (one.name, one.percent, one.window, one.tiers) == (other.name, other.percent, other.window, other.tiers)
        assert dict(one.labels) == dict(other.labels)


@pytest.mark.parametrize("example", ["getting-started.yml"], indirect=True)
def test_what_cannot_be_carried_over_is_told_value_by_value(example: str) -> None:
    conversion = converted(example, name="example")

    lost = {note.where for note in conversion.notes if note.weight == "lost"}
    place = "myservice.slos.requests-availability.alerting"
    assert lost == {
        f"{place}.name",
        f"{place}.annotations.summary",
        f"{place}.page_alert.labels.routing_key",
        f"{place}.page_alert.labels.severity",
        f"{place}.ticket_alert.labels.severity",
        f"{place}.ticket_alert.labels.slack_channel",
    }

"""Plugins in folders: Python ones run, Go ones are stood in for or named, wrong ones are told."""

from __future__ import annotations

import pytest

import vcci_platform.sloth.plugins as documented
from support.sloth import slo, spec
from vcci_alerts.sloth import Options, generate_all
from vcci_platform.sloth.log import Log
from vcci_platform.sloth.plugins import load_plugins
from vcci_slo.formats.sloth import SlothError

SLI = """
SLI_PLUGIN_VERSION = "prometheus/v1"
SLI_PLUGIN_ID = "acme/eleven"
def sli_plugin(meta, labels, options):
    return f'rate({meta["service"]}_{labels["team"]}_{options["name"]}[{{{{.window}}}}])'
"""
SLO = """
from dataclasses import replace
PLUGIN_VERSION = "prometheus/slo/v1"
PLUGIN_ID = "acme/twelve/v1"
def new_plugin(config):
    def step(work):
        return replace(work, notes=(*work.notes, f"{config['word']} {work.objective.id}"))
    return step
"""


@pytest.fixture
def load(tmp_path):
    """Put files in a folder and load it; returns the plugins and what was logged."""

    def loaded(**files):
        lines = []
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_py", ".py").replace("_go", ".go")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return load_plugins([str(tmp_path)], Log(lines.append)), lines

    return loaded


def generated(plugins, text):
    return generate_all(text, Options(sli_plugins=plugins.sli, slo_plugins=plugins.slo))[0]


def use(id_, **options):
    return spec(slo(sli={"plugin": {"id": id_, "options": options}}), labels={"team": "ops"})


def step(id_, **config):
    return spec(slo(plugins={"chain": [{"id": id_, "config": config}]}))


def refusal(plugins, text):
    with pytest.raises(SlothError) as refused:
        generated(plugins, text)
    return str(refused.value)


def test_an_sli_plugin_makes_the_query(load):
    plugins, _ = load(deep__plugin_py=SLI)

    assert "expr: (rate(shop_ops_x[5m]))" in generated(plugins, use("acme/eleven", name="x")).text


def test_an_slo_plugin_is_a_step_of_the_chain(load):
    plugins, _ = load(deep__deeper__plugin_py=SLO)

    assert generated(plugins, step("acme/twelve/v1", word="hello")).notes == ("hello shop-requests",)


def examples():
    """Return the indented blocks of the module's words, in their order."""
    lines = (documented.__doc__ or "").splitlines()
    kept = "\n".join(line[4:] if line.startswith("    ") else line and "\f" for line in lines)
    return [block for block in kept.split("\f") if block.strip()]


def test_the_documented_examples_work(load):
    first, second = examples()

    plugins, _ = load(a__plugin_py=first, b__plugin_py=second)

    requests = 'sum(rate(gateway_requests_total{route="r"%s}[5m]))'
    refused = requests % ',refused="true"'
    ratio = f"({refused} / {requests % ''})"
    assert ratio in generated(plugins, use("acme/gateway", route="r")).text
    assert "interval: 1m" in generated(plugins, step("acme/each-minute/v1")).text
    assert refusal(plugins, use("acme/gateway")) == (
        'could not map to model: plugin "acme/gateway" execution error: the option route is required'
    )


def test_a_go_plugin_with_an_equivalent_is_stood_in_for(load):
    plugins, lines = load(
        plugin_go='const (\n\tSLIPluginVersion = "prometheus/v1"\n\tSLIPluginID      = "sloth-common/noop"\n)\n'
    )

    assert "max_over_time(vector(0)[5m:])" in generated(plugins, use("sloth-common/noop")).text
    assert lines[0].startswith("INFO A plugin written in Go is stood in for by its equivalent")


def test_a_go_plugin_without_an_equivalent_is_named_when_a_spec_asks_for_it(load, tmp_path):
    plugins, lines = load(
        a__plugin_go='const SLIPluginID = "acme/go-sli"', b__plugin_go='const (\n\tPluginID = "acme/go-slo/v1"\n)'
    )

    path = tmp_path / "a" / "plugin.go"
    assert "plugin=acme/go-sli" in lines[0]
    assert refusal(plugins, use("acme/go-sli")) == (
        'could not map to model: plugin "acme/go-sli" execution error: '
        f'plugin "acme/go-sli" ({path}) is written in Go and cannot run here; write it as plugin.py'
    )
    assert 'plugin "acme/go-slo/v1" (' in refusal(plugins, step("acme/go-slo/v1"))
    assert generated(plugins, spec()).text


def test_a_python_plugin_wins_over_the_go_one_beside_it(load):
    plugins, _ = load(plugin_go='const SLIPluginID = "acme/eleven"', plugin_py=SLI)

    assert "shop_ops_x" in generated(plugins, use("acme/eleven", name="x")).text


def test_a_python_plugin_may_replace_an_equivalent(load):
    plugins, _ = load(plugin_py=SLI.replace("acme/eleven", "sloth-common/noop"))

    assert "shop_ops_x" in generated(plugins, use("sloth-common/noop", name="x")).text


def test_other_files_are_left_alone(load):
    plugins, lines = load(other_py="raise SystemExit", plugin__test_py="raise SystemExit")

    assert lines == []
    assert "acme/eleven" not in plugins.sli


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"plugin_py": "1 /"}, "invalid syntax"),
        ({"plugin_py": "raise ValueError('eleven')"}, "{folder}/plugin.py as any kind of plugin: eleven"),
        ({"plugin_py": ""}, "as any kind of plugin: it has no PLUGIN_ID and no SLI_PLUGIN_ID"),
        ({"plugin_py": SLI.replace("prometheus/v1", "prometheus/v2")}, "unsupported plugin version: prometheus/v2"),
        ({"plugin_py": SLI.replace("SLI_PLUGIN_VERSION", "X")}, "unsupported plugin version: none"),
        ({"plugin_py": SLI.replace('"acme/eleven"', "11")}, "SLI_PLUGIN_ID is no text"),
        ({"plugin_py": SLI.replace("def sli_plugin", "def other")}, "it has no function sli_plugin"),
        ({"a__plugin_py": SLI, "b__plugin_py": SLI}, 'plugin "acme/eleven" already loaded'),
        (
            {"plugin_py": SLO.replace("acme/twelve/v1", "sloth.dev/core/noop/v1")},
            'plugin "sloth.dev/core/noop/v1" already loaded',
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_no_plugin_is_told(load, tmp_path, files, message):
    with pytest.raises(SlothError) as refused:
        load(**files)

    assert message.format(folder=tmp_path) in str(refused.value)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SlothError) as refused:
        load_plugins([str(tmp_path / "no")], Log(print))

    assert str(refused.value) == f"could not walk dir: stat {tmp_path}/no: no such file or directory"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    return work.nothing", "'Work' object has no attribute 'nothing'"),
        ("    return None", "expected the work back, found NoneType"),
        ("    raise KeyError", "KeyError"),
    ],
)
def test_whatever_an_slo_plugin_raises_refuses_the_objective(load, body, message):
    text = SLO.partition("def new_plugin")[0] + f"def new_plugin(config):\n  def step(work):\n{body}\n  return step\n"
    plugins, _ = load(plugin_py=text)

    assert refusal(plugins, step("acme/twelve/v1")).endswith(f"slo processor failed: {message}")


def test_an_slo_plugin_may_refuse_its_config(load):
    plugins, _ = load(plugin_py=SLO.partition("def new_plugin")[0] + "def new_plugin(config):\n  return config\n")

    assert refusal(plugins, step("acme/twelve/v1")).endswith(
        "could not create plugin: expected a function of the work from new_plugin, found dict"
    )


def test_an_sli_plugin_must_return_text(load):
    plugins, _ = load(plugin_py=SLI.partition("    return")[0] + "    return 11\n")

    assert refusal(plugins, use("acme/eleven")).endswith("execution error: expected a query as text, found int")

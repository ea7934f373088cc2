"""`vcci sloth`: files and folders in, rules out, with Sloth's exit codes and messages."""

from __future__ import annotations

import json

import pytest

from support.sloth import kubernetes_spec, openslo_spec, slo, spec
from vcci_alerts.sloth import rules_text
from vcci_platform.cli.root import run

WEEK = """
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


@pytest.fixture
def sloth(capsys, tmp_path, monkeypatch):
    """Run the command in a folder of its own; returns the exit code, the output, the log."""
    monkeypatch.chdir(tmp_path)

    def ran(*arguments):
        with pytest.raises(SystemExit) as ended:
            run(["sloth", *arguments])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return ran


def put(folder, **files):
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def failed(result, message):
    code, out, err = result
    return (code, out, err.splitlines()[-1]) == (1, "", f"error: {message}")


def test_rules_go_to_the_standard_output(sloth, tmp_path):
    put(tmp_path, a=spec())

    assert sloth("generate", "-i", "a.yml", "--no-log") == (0, rules_text(spec()), "")


def test_rules_go_to_a_file(sloth, tmp_path):
    put(tmp_path, a=f"{spec()}---\n{spec(service='desk')}")

    assert sloth("generate", "-i", "a.yml", "-o", "rules.yml", "--no-log") == (0, "", "")
    assert (tmp_path / "rules.yml").read_text() == rules_text(spec()) + rules_text(spec(service="desk"))


def test_the_bytes_of_other_languages_arrive(sloth, tmp_path):
    put(tmp_path, a=spec(slo(labels={"größe": "groß"})))

    sloth("generate", "-i", "a.yml", "-o", "rules.yml")

    assert "größe: groß\n".encode() in (tmp_path / "rules.yml").read_bytes()


def test_a_folder_is_written_into_another_with_its_subfolders(sloth, tmp_path):
    put(tmp_path, specs__b=spec(), specs__deep__a=kubernetes_spec(), specs__skipped=spec(service="no"))
    (tmp_path / "specs" / "notes.txt").write_text("no spec")
    (tmp_path / "out").mkdir()

    code, _, _ = sloth("generate", "-i", "specs", "-o", "out", "--fs-exclude", "skip")

    assert code == 0
    written = {str(path.relative_to(tmp_path / "out")): path.read_text() for path in (tmp_path / "out").rglob("*.yml")}
    assert written == {"b.yml": rules_text(spec()), "deep/a.yml": rules_text(kubernetes_spec())}


def test_the_folder_may_be_written_in_any_way(sloth, tmp_path):
    put(tmp_path, specs__a=spec())
    (tmp_path / "out").mkdir()

    for written in ("./specs", "specs/", str(tmp_path / "specs")):
        assert sloth("generate", "-i", written, "-o", "out")[0] == 0
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.yml"]


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        (["--sloth-version-label", "v11"], {"version": "v11"}),
        (["-l", "a=11", "-l", "b=12"], {"extra_labels": {"a": "11", "b": "12"}}),
    ],
)
def test_flags_reach_the_rules(sloth, tmp_path, flags, options):
    put(tmp_path, a=spec())

    assert sloth("generate", "-i", "a.yml", *flags)[1] == rules_text(spec(), **options)


def test_each_half_of_the_rules_can_be_left_out(sloth, tmp_path):
    put(tmp_path, a=spec())

    recordings = sloth("generate", "-i", "a.yml", "--disable-alerts")[1]
    alerts = sloth("generate", "-i", "a.yml", "--disable-recordings")[1]

    assert "alert:" not in recordings
    assert "record:" not in alerts
    header = recordings.partition("groups:\n")[0]
    assert recordings + alerts.partition("groups:\n")[2] == rules_text(spec())
    assert alerts.startswith(header)


def test_periods_of_28_days_and_of_a_catalog(sloth, tmp_path):
    put(tmp_path, a=spec(), windows__deep__week=WEEK)

    four_weeks = sloth("generate", "-i", "a.yml", "--default-slo-period", "28d")[1]
    week = sloth("generate", "-i", "a.yml", "--default-slo-period=1w", "--slo-period-windows-path", "windows")[1]

    assert "ratio_rate4w" in four_weeks
    assert "ratio_rate1w" in week
    assert "(1.4000000000000001 * 0.0009999999999999432)" in week


def test_plugins_of_the_command_line_run_for_every_objective(sloth, tmp_path):
    put(tmp_path, a=spec())
    interval = json.dumps({"id": "sloth.dev/contrib/rule_intervals/v1", "config": {"interval": {"default": "5m"}}})
    rules = '{"id": "sloth.dev/core/sli_rules/v1", "priority": 10, "config": {"disableOptimized": true}}'

    every = sloth("generate", "-i", "a.yml", "-s", interval)[1]
    only = sloth("generate", "-i", "a.yml", "--disable-default-slo-plugins", "--slo-plugins", rules)[1]

    assert every.count("interval: 5m") == 3
    assert ("sum_over_time" in only, "slo:objective:ratio" in only) == (False, False)


def test_plugins_of_a_folder_run(sloth, tmp_path):
    put(tmp_path, a=spec(slo(sli={"plugin": {"id": "acme/eleven"}})))
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "plugin.py").write_text(
        'SLI_PLUGIN_VERSION = "prometheus/v1"\nSLI_PLUGIN_ID = "acme/eleven"\n'
        "def sli_plugin(meta, labels, options):\n    return 'rate(eleven[{{.window}}])'\n"
    )

    assert "(rate(eleven[5m]))" in sloth("generate", "-i", "a.yml", "-p", "plugins")[1]


def test_the_environment_stands_in_for_flags(sloth, tmp_path, monkeypatch):
    put(tmp_path, a=spec())
    monkeypatch.setenv("SLOTH_INPUT", "a.yml")
    monkeypatch.setenv("SLOTH_EXTRA_LABELS", "a=11\nb=12")
    monkeypatch.setenv("SLOTH_NO_LOG", "true")

    assert sloth("generate") == (0, rules_text(spec(), extra_labels={"a": "11", "b": "12"}), "")


def test_ignored_keys_are_warnings_and_errors_when_strict(sloth, tmp_path):
    put(tmp_path, a=spec(lables={}))
    ignored = "lables: no key that is read here, so it is ignored; did you mean labels?"

    assert f"WARN {ignored} file=a.yml" in sloth("generate", "-i", "a.yml")[2]
    assert failed(
        sloth("generate", "-i", "a.yml", "--strict"),
        f'"generate" command failed: could not generate SLOs: could not generate SLOs: {ignored}',
    )
    assert sloth("validate", "-i", "a.yml", "--strict")[0] == 1


def test_nothing_is_written_unless_everything_can_be(sloth, tmp_path):
    put(tmp_path, specs__a=spec(), specs__b=spec(slo(objective=0)))
    (tmp_path / "out").mkdir()
    (tmp_path / "rules.yml").write_text("of yesterday")

    assert sloth("generate", "-i", "specs", "-o", "out")[0] == 1
    assert sloth("generate", "-i", "specs/b.yml", "-o", "rules.yml")[0] == 1

    assert list((tmp_path / "out").iterdir()) == []
    assert (tmp_path / "rules.yml").read_text() == "of yesterday"


GENERATE = '"generate" command failed: '
SLOS = f"{GENERATE}could not generate SLOs: could not generate SLOs: "


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], f"{GENERATE}stat : no such file or directory"),
        (["-i", "no.yml"], f"{GENERATE}stat no.yml: no such file or directory"),
        (["-i", "specs"], f"{GENERATE}stat -: no such file or directory"),
        (
            ["-i", "specs", "-o", "a.yml"],
            f'{GENERATE}the path "a.yml" is not a directory, however input is a directory',
        ),
        (
            ["-i", "specs", "-o", "./specs"],
            f"{GENERATE}input and output can't be the same directory: {{folder}}/specs",
        ),
        (["-i", "specs", "-o", "out", "-e", "."], f"{GENERATE}0 slo specs have been discovered"),
        (["-i", "specs", "-o", "out", "-n", "nowhere"], f"{GENERATE}0 slo specs have been discovered"),
        (
            ["-i", "specs", "-o", "out", "-e", "("],
            f"{GENERATE}invalid exclude regex: error parsing regexp: missing closing ): `(`",
        ),
        (
            ["-i", "specs", "-o", "out", "-n", "("],
            f"{GENERATE}invalid include regex: error parsing regexp: missing closing ): `(`",
        ),
        (
            ["-i", "a.yml", "--default-slo-period", "a month"],
            f'{GENERATE}invalid SLO period duration: not a valid duration string: "a month"',
        ),
        (
            ["-i", "a.yml", "--default-slo-period", "7d"],
            (f"{GENERATE}could not create Prometheus SLO generator: "
            "invalid default slo period: window period 168h0m0s missing"),
        ),
        (
            ["-i", "a.yml", "--slo-period-windows-path", "specs"],
            (f"{GENERATE}could not create Prometheus SLO generator: could not load SLO period windows repository: "
            "could not initialize custom windows: could not discover period windows: "
            'could not load "a.yml" alert windows: invalid spec version'),
        ),
        (
            ["-i", "a.yml", "-s", "{"],
            (f'{GENERATE}could not load slo plugin declarations: could not load cmd plugin json config "{{{{": '
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ),
        (
            ["-i", "a.yml", "-s", '{"id": 1}'],
            (f"{GENERATE}could not load slo plugin declarations: could not load cmd plugin json config "
            '"{{\\"id\\": 1}}": expected a text as id and a whole number as priority'),
        ),
        (
            ["-i", "a.yml", "-p", "nowhere"],
            (f"{GENERATE}could not create Prometheus SLO generator: "
            "could not create file SLO and SLI plugins repository: could not load plugins: "
            "could not walk dir: stat nowhere: no such file or directory"),
        ),
        (
            ["-i", "a.yml", "--k8s-transform-plugin-id", "acme/configmaps/v1"],
            f'{GENERATE}could not get k8s transform plugin: plugin "acme/configmaps/v1" not found: resource not found',
        ),
        (["-i", "v999.yml"], f"{SLOS}invalid spec, could not load with any of the supported spec types"),
        (
            ["-i", "bad.yml"],
            (f'{SLOS}could not generate Prometheus SLO rules: could not generate "shop-requests" slo: '
            'slo processor failed: invalid slo "shop-requests": objective must >0 and <=100'),
        ),
        (
            ["-i", "a.yml", "--disable-alerts", "--disable-recordings"],
            f"{SLOS}could not store SLOS: 0 SLO Prometheus rules generated",
        ),
        (
            ["-i", "a.yml", "-o", "missing/rules.yml"],
            f"{GENERATE}could not create out file: open missing/rules.yml: no such file or directory",
        ),
        (["-i", "a.yml", "-o", "out"], f"{GENERATE}could not create out file: open out: is a directory"),
        (["--frobnicate"], "invalid command configuration: unknown long flag '--frobnicate'"),
    ],
)  # fmt: skip
def test_a_failure_says_what_sloth_says_and_ends_with_1(sloth, tmp_path, arguments, message):
    put(tmp_path, a=spec(), specs__a=spec(), bad=spec(slo(objective=101)), v999="version: prometheus/v999\n")
    (tmp_path / "out").mkdir()

    result = sloth("generate", *arguments, "--no-log")

    assert failed(result, message.format(folder=tmp_path))


def test_bytes_that_are_no_text_are_refused(sloth, tmp_path):
    (tmp_path / "a.yml").write_bytes(b"version: prometheus/v1\nservice: \xc3(\n")

    code, _, err = sloth("generate", "-i", "a.yml", "--no-log")

    assert code == 1
    assert "yaml: invalid UTF-8 or a control character" in err


GOOD = {"good__ab": spec(service="ab"), "good__k8s": kubernetes_spec(service="k8s"), "good__openslo": openslo_spec()}


def test_valid_folders_are_valid(sloth, tmp_path):
    put(tmp_path, **GOOD)

    code, out, err = sloth("validate", "--input", "good", "--debug")

    assert (code, out) == (0, "")
    assert "INFO Validation succeeded slo-specs=3" in err
    assert "DEBU File validated file=good/ab.yml" in err


def test_all_problems_of_a_folder_are_told(sloth, tmp_path):
    put(tmp_path, **GOOD, bad__a="a: 1", bad__b=f"{spec(slo(objective=0))}---\n{spec(slo(name='x'))}")

    result = sloth("validate", "-i", ".")

    assert failed(result, '"validate" command failed: validation failed')
    told = [line for line in result[2].splitlines() if line.startswith("ERRO")]
    assert [line.partition(" file=")[2] for line in told] == ["bad/a.yml", "bad/b.yml", "bad/b.yml"]
    assert told[0].startswith("ERRO invalid SLO: could not generate SLOs: invalid spec, could not load with any")
    assert "objective must >0 and <=100" in told[1]
    assert "invalid SLO name: name must start and end" in told[2]


def test_filters_decide_what_is_validated_and_exclusion_wins(sloth, tmp_path):
    put(tmp_path, **GOOD, bad__a="a: 1", bad__ab=spec(service="ab"))

    assert sloth("validate", "-i", ".", "-e", "bad")[0] == 0
    assert sloth("validate", "-i", ".", "-n", "good")[0] == 0
    assert sloth("validate", "-i", ".", "-e", "bad", "-n", ".*ab.*")[0] == 0
    assert sloth("validate", "-i", ".", "-n", ".*ab.*", "--ignore-slo-duplicates")[0] == 0
    assert sloth("validate", "-i", ".", "-n", "bad")[0] == 1
    assert failed(
        sloth("validate", "-i", ".", "-e", ".*"), '"validate" command failed: 0 slo specs have been discovered'
    )


@pytest.mark.parametrize(
    "files",
    [
        {"a": spec(), "b": spec()},
        {"a": spec(), "b": kubernetes_spec()},
        {"a": openslo_spec(), "b": openslo_spec()},
        {"a": f"{spec()}---\n{kubernetes_spec()}"},
    ],
)
def test_an_objective_twice_is_refused_unless_that_is_wanted(sloth, tmp_path, files):
    put(tmp_path, **files)

    code, _, err = sloth("validate", "-i", ".")

    name = "requests-0" if "openslo" in files["a"] else "requests"
    assert code == 1
    assert f"SLO duplicated. SLO{{service=shop, name={name}}}, ID=shop-{name} already exists in a file: a.yml" in err
    assert sloth("validate", "-i", ".", "--ignore-slo-duplicates")[0] == 0


def test_one_file_can_be_validated(sloth, tmp_path):
    put(tmp_path, a=spec(), b="a: 1")

    assert sloth("validate", "-i", "a.yml")[0] == 0
    assert sloth("validate", "-i", "b.yml")[0] == 1
    assert failed(
        sloth("validate", "-i", "c.yml"),
        '"validate" command failed: could not discover files: could not find files recursively: '
        "lstat c.yml: no such file or directory",
    )


def test_the_log_can_be_json_or_silent(sloth, tmp_path):
    put(tmp_path, a=spec())

    lines = sloth("validate", "-i", "a.yml", "--logger", "json")[2].splitlines()

    assert json.loads(lines[-1]) == {"level": "info", "msg": "Validation succeeded", "slo-specs": "1"}
    assert sloth("validate", "-i", "a.yml", "--no-log")[2] == ""


def test_messages_of_the_debug_plugin_show_when_debugging(sloth, tmp_path):
    debug = {"chain": [{"id": "sloth.dev/core/debug/v1", "config": {"msg": "Plugin 11"}}]}
    put(tmp_path, a=spec(slo(plugins=debug)))

    assert "DEBU Plugin 11 file=a.yml" in sloth("generate", "-i", "a.yml", "--debug")[2]
    assert "Plugin 11" not in sloth("generate", "-i", "a.yml")[2]


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], ["generate", "--help"], ["validate", "-h"]])
def test_help_is_shown(sloth, arguments):
    code, out, _ = sloth(*arguments)

    assert code == 0
    assert out.startswith("usage: vcci sloth ")


@pytest.mark.parametrize(
    ("arguments", "version"),
    [(["version"], "v0.16.0"), (["--version"], "v0.16.0"), (["version", "--sloth-version-label", "v11"], "v11")],
)
def test_the_version_is_the_one_of_the_rules(sloth, arguments, version):
    assert sloth(*arguments) == (0, f"{version}\n", "")


def test_without_a_command_it_tells_how_it_is_used(sloth):
    code, out, _ = sloth()

    assert code == 0
    assert out.startswith("usage: vcci sloth ")

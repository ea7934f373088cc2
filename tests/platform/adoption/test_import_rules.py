"""Alerting rules as a spec: what becomes of each rule is told, and what is written is valid."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from vcci_platform.adoption.importing.document import NothingImported, imported
from vcci_platform.adoption.importing.report import Report, lines_of
from vcci_platform.adoption.importing.rule_files import RuleFileError, Skipped, read_rules
from vcci_platform.adoption.importing.sentences import runbook_of, sentence
from vcci_platform.adoption.importing.severities import SEVERITIES, WrongSeverity, with_given
from vcci_platform.cli import imports, spec
from vcci_slo import load_plan
from vcci_slo.plan import BadRatio, Plan, Quantile, Value, ValueSignal

RULES = Path(__file__).parents[2] / "support/rules"
FILES = sorted(RULES.glob("*.yml"))


def taken(*rules: dict, file: str = "rules.yml") -> tuple[Plan, Report]:
    text = yaml.safe_dump({"groups": [{"name": "mine", "rules": list(rules)}]}, sort_keys=False)
    written, report = imported(read_rules(text, file), SEVERITIES)
    return load_plan(written), report


def alert(name: str, expression: str, **more: object) -> dict:
    return {"alert": name, "expr": expression, "labels": {"severity": "warning"}, **more}


@pytest.fixture(scope="module")
def mixins() -> tuple[str, Report]:
    rules = [rule for path in FILES for rule in read_rules(path.read_text("utf-8"), path.name)]
    return imported(rules, SEVERITIES)


def test_what_is_written_is_valid_without_a_change(mixins: tuple[str, Report], tmp_path: Path):
    (tmp_path / "vcci.yaml").write_text(mixins[0], encoding="utf-8")

    done = CliRunner().invoke(spec.app, ["validate", str(tmp_path / "vcci.yaml")])

    assert done.exit_code == 0, done.output


def test_no_rule_is_dropped_without_a_word(mixins: tuple[str, Report]):
    written = [
        rule for path in FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
    ]
    names = [rule.get("alert") or rule.get("record") for rule in written]

    text, report = mixins

    assert [one.name for one in report.outcomes] == names
    assert all(bool(one.became) != bool(one.reason) for one in report.outcomes)
    alerts = {one.became for one in report.outcomes if one.is_alert and one.became}
    assert alerts == {one.name for one in load_plan(text).alerts}
    said = "\n".join(lines_of(report))
    assert all(f"  {one.name} (" in said for one in report.outcomes if not one.became)


def test_only_what_no_spec_can_say_stays_outside(mixins: tuple[str, Report]):
    outside = {one.name: one.reason for one in mixins[1].outcomes if not one.became}

    assert set(outside) == {"nobody:reads:this", "VersionsDiffer", "Watchdog", "Broken", "Nothing"}
    assert "no PromQL" in outside["Broken"]
    assert outside["Nothing"] == "it has no expression"


def test_ratios_quantiles_and_values_are_what_the_spec_calls_so(mixins: tuple[str, Report]):
    found = {one.name: one for one in load_plan(mixins[0]).alerts}

    ratio = found["ErrorRate"].measure
    assert isinstance(ratio, BadRatio)
    assert (ratio.signal.events, str(ratio.signal.bad[0])) == ("http_requests_total", 'status=~"5.."')
    assert [(one.priority, one.words) for one in found["ErrorRate"].limits] == [("P1", "5%")]
    latency = found["Latency"].measure
    assert isinstance(latency, Quantile)
    assert (latency.quantile, found["Latency"].limits[0].value) == (0.95, 0.5)
    assert isinstance(found["PostgresIsDown"].measure, Value)
    assert found["SlowQueries"].proof is not None


def test_two_rules_of_one_name_are_two_limits_of_one_alert(mixins: tuple[str, Report]):
    found = {one.name: one for one in load_plan(mixins[0]).alerts}["FilesystemAlmostFull"]

    assert sorted((one.priority, one.words) for one in found.limits) == [("P1", "3%"), ("P2", "5%")]


def test_two_rules_of_one_name_that_differ_by_more_have_two_names():
    plan, report = taken(alert("Full", "max(a) > 5"), alert("Full", "max(b) > 6", labels={"severity": "critical"}))

    assert [one.name for one in plan.alerts] == ["Full", "FullCritical"]
    assert "is called FullCritical in the spec" in report.outcomes[1].changes


def test_recorded_series_come_along_with_those_that_they_read_and_their_labels():
    plan, report = taken(
        {"record": "deep:rate", "expr": "sum by (pod) (rate(x_total[5m]))", "labels": {"kind": 'a"b'}},
        {"record": "top:rate", "expr": "sum by (kind) (deep:rate)"},
        {"record": "round:one", "expr": "round:two"},
        {"record": "round:two", "expr": "round:one"},
        alert("Fast", "top:rate > 5"),
        alert("Round", "max(round:one) > 5"),
    )

    recorded = {
        signal.record: signal.promql for signal in plan.components[0].signals if isinstance(signal, ValueSignal)
    }
    assert list(recorded) == ["deep:rate", "top:rate"], "each after what it reads"
    assert recorded["deep:rate"] == r'label_replace(sum by (pod) (rate(x_total[5m])), "kind", "a\"b", "", "")'
    reasons = {one.name: one.reason for one in report.outcomes}
    assert all("keep recording it" in reasons[name] for name in ("round:one", "round:two"))


def test_severities_follow_a_table_that_can_be_changed_and_is_printed():
    text = yaml.safe_dump(
        {"groups": [{"name": "g", "rules": [alert("A", "max(a) > 1", labels={"severity": "Fatal"})]}]}
    )

    _, usual = imported(read_rules(text, "r.yml"), SEVERITIES)
    changed, _ = imported(read_rules(text, "r.yml"), with_given(["fatal=p0"]))

    assert usual.severities == {"Fatal": "P1"}
    assert "Severities: Fatal → P1 (--severity NAME=P0 changes one)." in list(lines_of(usual))
    assert [one.priority for one in load_plan(changed).alerts[0].limits] == ["P0"]
    with pytest.raises(WrongSeverity, match="expected a mapping such as critical=P0, found 'fatal'"):
        with_given(["fatal"])


def test_what_is_lost_is_told():
    _, report = taken(
        alert(
            "A",
            "max(a) > 1",
            labels={"severity": "page", "team": "crew", "region": "eu"},
            annotations={
                "summary": "{{ $labels.pod }} {{ with query }}",
                "dashboard": "d",
                "runbook_url": "http://x/y",
            },
        )
    )

    said = "; ".join(report.outcomes[0].lost)
    for what in (
        "the label region: eu",
        "the annotation dashboard",
        "http://x/y",
        "with query",
    ):
        assert what in said
    assert "the label pod" in said, "a label that max() has taken away cannot be named"
    assert "team" not in said, "a team owns its alert"


def test_how_long_an_alert_stays_is_kept_and_makes_two_of_rules_that_differ_in_it():
    page, note = ({"severity": "page"}, {"severity": "info"})
    plan, report = taken(
        alert("A", "max(a) > 2", keep_firing_for="15m", labels=page),
        alert("A", "max(a) > 1", keep_firing_for="15m", labels=note),
        alert("B", "max(b) > 2", keep_firing_for="7m", labels=page),
        alert("B", "max(b) > 1", labels=note),
    )

    kept = {one.name: [limit.keep_firing_for.total_seconds() / 60 for limit in one.limits] for one in plan.alerts}
    assert kept == {"A": [15, 15], "B": [7], "BInfo": [0]}
    assert not any("keep_firing_for" in lost for one in report.outcomes for lost in one.lost)


def test_prometheus_rule_objects_and_lists_of_them_are_read():
    group = {"name": "g", "rules": [alert("A", "max(a) > 1")]}
    one = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": {"groups": [group]}}
    listed = {"kind": "List", "items": [one, one]}

    rules = read_rules("---\n".join(yaml.safe_dump(document) for document in (one, listed)), "r.yml")

    assert [rule.name for rule in rules] == ["A", "A", "A"]


@pytest.mark.parametrize(
    "entry",
    ["text", 5, {"alert": "A"}, {"alert": "A", "record": "b", "expr": "c"}, {"alert": "A", "expr": "a", "for": "soon"}],
)
def test_an_entry_that_is_no_rule_is_skipped_with_its_reason(entry):
    (found,) = read_rules(yaml.safe_dump({"groups": [{"name": "g", "rules": [entry]}]}), "r.yml")

    assert isinstance(found, Skipped)
    assert found.reason


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "groups: 5", "x: &a [*a]", "\0", "a: b\n---\nc"])
def test_a_file_without_rules_is_refused(text):
    with pytest.raises(RuleFileError, match=r"^r\.yml"):
        read_rules(text, "r.yml")


def test_a_file_that_unfolds_without_end_is_refused():
    lines = ['r0: &r0 {alert: A, expr: "max(a) > 1"}']
    lines += [f"r{n}: &r{n} [{', '.join([f'*r{n - 1}'] * 9)}]" for n in range(1, 9)]
    text = "\n".join(
        [*lines, "groups: [{name: g, rules: [*r0, *r8]}, " + ", ".join(["{name: h, rules: *r4}"] * 999) + "]"]
    )

    with pytest.raises(RuleFileError, match="at most 5000 rules"):
        read_rules(text, "r.yml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ $labels.pod }} at {{ $value | humanizePercentage }}", "{pod} at {value}"),
        ('{{ printf "%.2f" $value }}% of {{ .Labels.pod }}', "{value} of {pod}"),
        ("{{- $value -}} left {in braces}", "{value} left (in braces)"),
        ("{{ $labels.job }} is down", "shop is down"),
        ("{{ $labels.gone }}", "its gone"),
        ("{{ if $value }}x{{ end }}", "…x…"),
    ],
)
def test_templates_become_words_of_the_spec(text, said):
    words, _ = sentence(text, labels=frozenset({"pod"}), known={"job": "shop"}, is_share=True)

    assert words == said


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x/alerts/Node-Full.md", "node-full"),
        ("https://x/page#disk-full", "disk-full"),
        ("https://x/", "x"),
        ("https://x/index", ""),
    ],
)
def test_a_runbook_is_named_after_its_address(url, name):
    assert runbook_of(url) == name


def test_the_command_writes_reports_and_does_not_overwrite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["rules", *map(str, FILES)]

    first = CliRunner().invoke(imports.app, arguments)
    before = (tmp_path / "vcci.yaml").read_bytes()
    second = CliRunner().invoke(imports.app, arguments)
    forced = CliRunner().invoke(imports.app, [*arguments, "--force"])

    assert first.exit_code == 0, first.output
    assert "22 of 26 alerts and 2 of 3 recording rules are in the spec." in first.output
    assert "vcci.yaml is there already" in str(second.exception)
    assert forced.exit_code == 0
    assert (tmp_path / "vcci.yaml").read_bytes() == before, "the same rules give the same bytes"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("(" * 200_000 + "a" + ")" * 200_000 + " > 1", "longer than 4000 letters"),
        ("(" * 1500 + "a" + ")" * 1500 + " > 1", "nested too deeply"),
        ("-" * 3000 + "a > 1", "nested too deeply"),
        (" + ".join(["a"] * 900) + " > 1", "nested too deeply"),
        ('max(a{b="' + "x" * 1500 + '"}) > 1', "longer than 1000 letters"),
        ("max(a) > 1e300", "beyond what a spec can say"),
        ("max(a) > NaN", "beyond what a spec can say"),
        ("a" * 300 + " > 1", ""),
        ("max(a) > 1 > 2 > 3 > 4", ""),
    ],
)
def test_hostile_expressions_are_refused_or_taken_and_never_end_the_process(expression: str, reason: str):
    rules = [alert("Hostile", expression), alert("Good", "max(b) > 1")]
    text = yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]})

    written, report = imported(read_rules(text, "r.yml"), SEVERITIES)

    assert "Good" in {one.name for one in load_plan(written).alerts}
    assert reason in report.outcomes[0].reason
    assert bool(report.outcomes[0].reason) != bool(report.outcomes[0].became)


def test_when_nothing_can_be_imported_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    text = yaml.safe_dump({"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "sum("}]}]})
    (tmp_path / "rules.yml").write_text(text, encoding="utf-8")

    done = CliRunner().invoke(imports.app, ["rules", "rules.yml"])

    assert isinstance(done.exception, NothingImported)
    assert "A (rules.yml, group g): its expression is no PromQL" in str(done.exception)
    assert not (tmp_path / "vcci.yaml").exists()

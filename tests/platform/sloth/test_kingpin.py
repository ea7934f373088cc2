"""Flags as Sloth's command line takes them: anywhere, short and long, from the environment."""

from __future__ import annotations

import pytest

from vcci_platform.sloth.flags import COMMANDS, SHARED, help_text
from vcci_platform.sloth.kingpin import WrongUsage, parse


def parsed(*arguments, **environment):
    return parse(arguments, shared=SHARED, commands=COMMANDS, environment=environment)


def refusal(*arguments, **environment):
    with pytest.raises(WrongUsage) as refused:
        parsed(*arguments, **environment)
    return str(refused.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("generate", "-i", "a.yml", "-o", "b.yml"),
        ("generate", "-ia.yml", "-ob.yml"),
        ("generate", "--input=a.yml", "--out=b.yml"),
        ("generate", "--input", "a.yml", "--out", "b.yml"),
        ("--debug", "generate", "--input", "a.yml", "-o", "b.yml"),
        ("generate", "--debug", "-i", "a.yml", "-o", "b.yml"),
    ],
)
def test_a_flag_may_stand_in_every_form(arguments):
    found = parsed(*arguments)

    assert (found.command, found.text("input"), found.text("out")) == ("generate", "a.yml", "b.yml")
    assert found.switch("debug") is ("--debug" in arguments)


def test_flags_have_sloths_defaults():
    found = parsed("generate")

    assert (found.text("input"), found.text("out"), found.text("default-slo-period")) == ("", "-", "30d")
    assert (found.text("logger"), found.text("sloth-version-label")) == ("default", "v0.16.0")
    assert found.pairs("extra-labels") == {}
    assert not any(
        found.switch(name)
        for name in (
            "disable-alerts",
            "disable-recordings",
            "disable-default-slo-plugins",
            "debug",
            "no-log",
            "no-color",
        )
    )


def test_some_flags_may_be_repeated():
    found = parsed("generate", "-l", "a=11", "--extra-labels", "b=1=2", "-l", "a=13", "-s", "{}", "-s", "[]", "-p", "x")

    assert found.pairs("extra-labels") == {"a": "13", "b": "1=2"}
    assert found.texts("slo-plugins") == ("{}", "[]")
    assert found.texts("plugins-path") == ("x",)


def test_a_pair_is_cut_at_the_first_colon_or_equals_sign():
    found = parsed("generate", "-l", "a:11", "-l", "b:c=12", "-l", "d=e:13", "-l", "f=")

    assert found.pairs("extra-labels") == {"a": "11", "b": "c=12", "d": "e:13", "f": ""}


def test_a_value_may_start_with_a_dash_behind_an_equals_sign():
    assert parsed("generate", "--fs-exclude=-x", "-o", "-").text("fs-exclude") == "-x"


def test_a_switch_can_be_turned_off():
    assert not parsed("generate", "--disable-alerts=false").switch("disable-alerts")
    assert not parsed("generate", "--no-disable-alerts").switch("disable-alerts")
    assert parsed("generate", "--no-log").switch("no-log")


ENVIRONMENT = {
    "SLOTH_INPUT": "a.yml",
    "SLOTH_OUT": "b.yml",
    "SLOTH_FS_EXCLUDE": "c",
    "SLOTH_FS_INCLUDE": "d",
    "SLOTH_EXTRA_LABELS": "a=11\nb=12",
    "SLOTH_DISABLE_RECORDINGS": "true",
    "SLOTH_DISABLE_ALERTS": "1",
    "SLOTH_PLUGINS_PATH": "e\nf",
    "SLOTH_SLO_PERIOD_WINDOWS_PATH": "g",
    "SLOTH_DEFAULT_SLO_PERIOD": "28d",
    "SLOTH_SLO_PLUGINS": '{"id": "a b"}\n{"id": "c"}',
    "SLOTH_DISABLE_DEFAULT_SLO_PLUGINS": "T",
    "SLOTH_K8S_TRANSFORM_PLUGIN_ID": "h",
    "SLOTH_STRICT": "true",
    "SLOTH_DEBUG": "true",
    "SLOTH_NO_LOG": "true",
    "SLOTH_NO_COLOR": "true",
    "SLOTH_LOGGER": "json",
    "SLOTH_SLOTH_VERSION_LABEL": "v11",
}


def test_every_flag_has_an_environment_variable():
    found = parsed("generate", **ENVIRONMENT)

    assert set(ENVIRONMENT) == {f"SLOTH_{name.upper().replace('-', '_')}" for name in found.values}
    assert found.pairs("extra-labels") == {"a": "11", "b": "12"}
    assert found.texts("plugins-path") == ("e", "f")
    assert found.texts("slo-plugins") == ('{"id": "a b"}', '{"id": "c"}')
    assert all(
        found.switch(name) for name in ("disable-recordings", "disable-alerts", "disable-default-slo-plugins", "strict")
    )
    singles = ("input", "out", "fs-exclude", "fs-include", "slo-period-windows-path", "default-slo-period", "logger")
    assert [found.text(name) for name in singles] == ["a.yml", "b.yml", "c", "d", "g", "28d", "json"]
    assert parsed("validate", **ENVIRONMENT, SLOTH_IGNORE_SLO_DUPLICATES="true").switch("ignore-slo-duplicates")


def test_the_command_line_wins_over_the_environment():
    found = parsed("generate", "-i", "mine", "-l", "c=13", **ENVIRONMENT)

    assert found.text("input") == "mine"
    assert found.pairs("extra-labels") == {"c": "13"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("destroy",), 'expected command but got "destroy"'),
        (("generate", "more"), "unexpected more"),
        (("generate", "--", "--input"), "unexpected --input"),
        (("generate", "--inputs", "a"), "unknown long flag '--inputs'"),
        (("generate", "--no-input"), "unknown long flag '--no-input'"),
        (("generate", "--ignore-slo-duplicates"), "unknown long flag '--ignore-slo-duplicates'"),
        (("validate", "--disable-alerts"), "unknown long flag '--disable-alerts'"),
        (("generate", "-x"), "unknown short flag '-x'"),
        (("generate", "-i"), "expected argument for flag '-i'"),
        (("generate", "--input"), "expected argument for flag '--input'"),
        (("generate", "-i", "--out", "b.yml"), "expected argument for flag '-i'"),
        (("generate", "--fs-exclude", "-x"), "expected argument for flag '--fs-exclude'"),
        (("generate", "-i", "a", "-i", "b"), "flag 'input' cannot be repeated"),
        (("generate", "-l", "a"), "expected KEY=VALUE got 'a'"),
        (("generate", "--logger", "xml"), "enum value must be one of default,json, got 'xml'"),
        (("generate", "--debug=maybe"), 'strconv.ParseBool: parsing "maybe": invalid syntax'),
        (("validate",), "required flag(s) '--input' not provided"),
    ],
)
def test_what_no_command_takes_is_refused_in_kingpins_words(arguments, message):
    assert refusal(*arguments) == message


def test_a_wrong_environment_is_refused_too():
    assert refusal("generate", SLOTH_EXTRA_LABELS="a") == "expected KEY=VALUE got 'a'"


@pytest.mark.parametrize(
    "arguments", [(), ("--debug",), ("--help",), ("-h",), ("help",), ("generate", "--help"), ("validate", "-h")]
)
def test_help_needs_nothing_else(arguments):
    assert parsed(*arguments).wants_help


def test_the_help_names_every_flag_with_its_short_form_and_variable():
    for command in COMMANDS:
        text = help_text(command.name)
        for flag in (*command.flags, *SHARED):
            assert f"--{flag.name}" in text
            assert f"${flag.variable}" in text
            assert not flag.short or f"-{flag.short}, --{flag.name}" in text

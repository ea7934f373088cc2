"""The part of Go's templates that queries use."""

from __future__ import annotations

import pytest

from vcci_slo.formats.sloth import SlothError, Template


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("rate(x[{{.window}}])", "rate(x[5m])"),
        ("rate(x[{{ .window }}])", "rate(x[5m])"),
        ("{{   .window}}", "5m"),
        ("a {{- .window -}} b", "a5mb"),
        ("a\n  {{- .window }}\n", "a5m\n"),
        ('{{"{{"}}', "{{"),
        ('{{"{{.window}}"}}', "{{.window}}"),
        ("{{`{{`}}", "{{"),
        (r'{{"\x41\u00e9\101\n"}}', "AéA\n"),
        ('{{printf "%s" .window}}', "5m"),
        ('{{ printf "%q-%v-%d%%" .window 7 8 }}', '"5m"-7-8%'),
        ('{{ .window | printf "<%s>" }}', "<5m>"),
        ('{{ (printf "%s" .window) }}', "5m"),
        ('{{ print "a" "b" 1 2 }}', "ab1 2"),
        ('{{ println "a" 1 }}', "a 1\n"),
        ("{{ $.window }}", "5m"),
        ("a{{/* nothing */}}b", "ab"),
        ("a {{- /* nothing */ -}} b", "ab"),
        ("{{ 1.50 }}", "1.5"),
        ('{{ printf "%s%s" .window }}', "5m%!s(MISSING)"),
        ("no actions: }} { {", "no actions: }} { {"),
    ],
)
def test_an_action_is_carried_out(text, rendered):
    assert Template("expr", text).render({"window": "5m"}) == rendered


def test_a_name_that_is_not_there_fails_at_its_place():
    with pytest.raises(SlothError) as refused:
        Template("sliExpr", "a\n  {{ .foo }}").render({"window": "5m"})

    assert str(refused.value) == (
        'template: sliExpr:2:5: executing "sliExpr" at <.foo>: map has no entry for key "foo"'
    )


def test_a_name_that_is_not_there_prints_no_value_where_that_is_allowed():
    assert Template("expr", "{{.foo}}").render({"window": "5m"}, strict=False) == "<no value>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n{{ .window", "template: expr:2: unclosed action"),
        ("{{ }}", "template: expr:1: missing value for command"),
        ('{{ "abc }}', "template: expr:1: unterminated quoted string"),
        ("{{ `abc }}", "template: expr:1: unterminated raw quoted string"),
        ("{{ foo .window }}", 'template: expr:1: function "foo" not defined'),
        ("{{ .window | }}", "template: expr:1: missing value for command"),
        ("{{ (.window }}", "template: expr:1: unclosed left paren"),
        ("{{ .window ) }}", 'template: expr:1: unexpected ")" in operand'),
        ("{{ ; }}", 'template: expr:1: unexpected ";" in command'),
        ("{{ .window ; }}", 'template: expr:1: unexpected ";" in operand'),
        ("x[{{ .window}]", "template: expr:1: bad character U+007D '}'"),
        ("{{ .win-dow }}", "template: expr:1: bad character U+002D '-'"),
        ("{{ $window }}", 'template: expr:1: undefined variable "$window"'),
        ("{{ .window € }}", "template: expr:1: unrecognized character in action: U+20AC '€'"),
        ("{{/* abc */ .window}}", "template: expr:1: comment ends before closing delimiter"),
        ("{{ if .window }}x{{ end }}", "template: expr:1: {{if}} is no part of the templates that are rendered here"),
        ("{{ range .window }}", "template: expr:1: {{range}} is no part of the templates that are rendered here"),
        (
            "{{ .window.size }}",
            'template: expr:1:3: executing "expr" at <.window.size>: can\'t evaluate field size in type string',
        ),
        (
            "{{ . }}",
            'template: expr:1:3: executing "expr" at <.>: only a field of the data can be printed here',
        ),
        (
            '{{ .window "a" }}',
            'template: expr:1:3: executing "expr" at <.window>: can\'t give argument to non-function .window',
        ),
        ('{{ printf "%x" .window }}', 'template: expr:1:3: executing "expr" at <printf>: no verb "%x" is known here'),
        (
            "{{ printf 1 }}",
            'template: expr:1:3: executing "expr" at <printf>: wrong number or type of args for printf',
        ),
    ],
)
def test_whatever_else_go_knows_is_refused_by_name(text, message):
    with pytest.raises(SlothError) as refused:
        Template("expr", text).render({"window": "5m"})

    assert str(refused.value) == message

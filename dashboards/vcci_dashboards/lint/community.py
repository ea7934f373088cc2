"""The seventeen rules of Grafana's dashboard-linter 0.2.0, under their names, without an exclusion.

Source: github.com/grafana/dashboard-linter, folder lint. Where a rule there looks at some kinds of panels only, or
at the printed text of a selector, it looks at all of them here. The matchers of job and instance are asked of scraped
series: rules sum them away from what they record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser as promql
from grafana_foundation_sdk.models import units

from vcci_dashboards.expressions import nodes, parsed, substituted
from vcci_dashboards.lint.page import RATE_SECONDS, Context, Finding, Page, Target

__all__ = ["RULES"]

Rule = Callable[[Context], Iterator[Finding]]

UNITS = frozenset(value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_"))
ON_TIME_CHANGE = 2
WITHOUT_QUERIES = {"text", "row"}
_LABEL_QUERY = re.compile(r"([a-z_]+)\((.+)\)")
_LABEL_FUNCTIONS = {"label_names", "label_values", "metrics", "query_result"}


def _template_datasource(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        found = [variable for variable in page.variables.values() if variable.get("type") == "datasource"]
        if [variable.get("name") for variable in found] != ["datasource"]:
            yield Finding("template-datasource-rule", page.uid, "", "expected one data source variable, `datasource`")
        for variable in found:
            if str(variable.get("label")).lower() != "data source" or variable.get("query") not in {
                "prometheus",
                "loki",
            }:
                yield Finding(
                    "template-datasource-rule", page.uid, "", "expected the label Data source, of Prometheus or Loki"
                )


def _template_of(name: str) -> Rule:
    def rule(context: Context) -> Iterator[Finding]:
        for page in context.pages:
            variable = page.variables.get(name)
            rule_name = f"template-{name}-rule"
            if variable is None:
                yield Finding(rule_name, page.uid, "", f"expected a variable {name}")
                continue
            expected = {"type": "query", "label": name.title(), "multi": True, "allValue": ".+"}
            for key, value in expected.items():
                if variable.get(key) != value:
                    yield Finding(rule_name, page.uid, "", f"expected {key} {value!r}, got {variable.get(key)!r}")
            if not _templated(variable.get("datasource")):
                yield Finding(rule_name, page.uid, "", "expected the data source $datasource")

    return rule


def _template_label_promql(context: Context) -> Iterator[Finding]:
    for page, variable in _query_variables(context):
        text = variable.get("definition") or ""
        found = _LABEL_QUERY.fullmatch(str(text))
        problem = ""
        if found is None or found[1] not in _LABEL_FUNCTIONS:
            problem = f"expected label_values(…), got {text!r}"
        else:
            selector = found[2].rpartition(",")[0]
            try:
                parsed(substituted(selector, dict.fromkeys(page.variables, "x")))
            except (KeyError, ValueError) as error:
                problem = f"expected a series in {text!r}: {error}"
        if problem:
            yield Finding("template-label-promql-rule", page.uid, str(variable.get("name")), problem)


def _template_on_time_change(context: Context) -> Iterator[Finding]:
    for page, variable in _query_variables(context):
        if variable.get("refresh") != ON_TIME_CHANGE:
            yield Finding(
                "template-on-time-change-reload-rule",
                page.uid,
                str(variable.get("name")),
                f"expected refresh {ON_TIME_CHANGE}, on time range change, got {variable.get('refresh')}",
            )


def _panel_datasource(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        for panel in page.panels:
            sources = [panel.get("datasource"), *(query.get("datasource") for query in panel.get("targets") or ())]
            if panel.get("type") not in WITHOUT_QUERIES and not all(_templated(source) for source in sources):
                yield _on(panel, "panel-datasource-rule", page, "expected the data source $datasource throughout")


def _panel_title_description(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        for panel in page.panels:
            if not panel.get("title") or not panel.get("description"):
                yield _on(panel, "panel-title-description-rule", page, "expected a title and a description")


def _panel_units(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        for panel in page.panels:
            config = panel.get("fieldConfig") or {}
            found = [config.get("defaults", {}).get("unit")] if panel.get("type") not in WITHOUT_QUERIES else []
            found += [
                entry.get("value")
                for override in config.get("overrides") or ()
                for entry in override.get("properties") or ()
                if entry.get("id") == "unit"
            ]
            for unit in found:
                if unit not in UNITS:
                    yield _on(panel, "panel-units-rule", page, f"expected a unit that Grafana knows, got {unit!r}")


def _panel_no_targets(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        for panel in page.panels:
            if panel.get("type") not in WITHOUT_QUERIES and not panel.get("targets"):
                yield _on(panel, "panel-no-targets-rule", page, "expected at least one query")


def _target_logql(context: Context) -> Iterator[Finding]:
    for target in _loki(context):
        yield _at(target, "target-logql-rule", "expected PromQL: nothing here can prove that LogQL parses")


def _target_logql_auto(context: Context) -> Iterator[Finding]:
    for target in _loki(context):
        if any(span != "$__auto" for span in re.findall(r"\[([^\]]+)\]", target.expr)):
            yield _at(target, "target-logql-auto-rule", "expected the range $__auto")


def _target_promql(context: Context) -> Iterator[Finding]:
    for target in context.targets():
        try:
            tree = target.parse()
        except KeyError as error:
            yield _at(target, "target-promql-rule", f"expected a variable of this page, got {error}")
        except ValueError as error:
            yield _at(target, "target-promql-rule", str(error))
        else:
            if isinstance(tree, promql.MatrixSelector | promql.SubqueryExpr | promql.StringLiteral):
                yield _at(target, "target-promql-rule", "expected values at each moment, got a range or a text")


def _target_rate_interval(context: Context) -> Iterator[Finding]:
    for target, node, above in _walk(context):
        if not isinstance(node, promql.MatrixSelector) or not above:
            continue
        call = above[-1]
        if (
            isinstance(call, promql.Call)
            and call.func.name in {"rate", "irate"}
            and node.range.total_seconds() != RATE_SECONDS
        ):
            yield _at(target, "target-rate-interval-rule", f"expected {call.func.name} over $__rate_interval")


def _target_needs(label: str) -> Rule:
    def rule(context: Context) -> Iterator[Finding]:
        for target, node, _ in _walk(context):
            if not isinstance(node, promql.VectorSelector) or context.scope.aggregated(node.name or ""):
                continue
            wanted = (label, promql.MatchOp.Re, f"${label}")
            if wanted not in [(found.name, found.op, found.value) for found in node.matchers.matchers]:
                yield _at(target, f"target-{label}-rule", f'expected {label}=~"${label}" on {node.name}')

    return rule


def _target_counter_agg(context: Context) -> Iterator[Finding]:
    """Look at the metric's name; the original looks at the printed selector, so a counter with a matcher escapes it."""
    for target, node, above in _walk(context):
        if isinstance(node, promql.VectorSelector) and (node.name or "").endswith("_total"):
            call = above[-2] if len(above) > 1 and isinstance(above[-1], promql.MatrixSelector) else None
            if not isinstance(call, promql.Call) or call.func.name not in {"rate", "irate", "increase"}:
                yield _at(target, "target-counter-agg-rule", f"expected rate or increase of the counter {node.name}")


def _uneditable(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        if page.json.get("editable") is not False:
            yield Finding("uneditable-dashboard", page.uid, "", "expected editable false: it is generated")


def _templated(source: Any) -> bool:
    return isinstance(source, dict) and source.get("uid") in {"$datasource", "${datasource}"}


def _query_variables(context: Context) -> Iterator[tuple[Page, dict[str, Any]]]:
    for page in context.pages:
        for variable in page.variables.values():
            if variable.get("type") == "query":
                yield page, dict(variable)


def _loki(context: Context) -> Iterator[Target]:
    return (target for target in context.targets() if (target.query.get("datasource") or {}).get("type") == "loki")


def _walk(context: Context) -> Iterator[tuple[Target, promql.Expr, tuple[promql.Expr, ...]]]:
    for target in context.targets():
        if target.tree is not None:
            for node, above in nodes(target.tree):
                yield target, node, above


def _on(panel: Any, rule: str, page: Page, message: str) -> Finding:
    return Finding(rule, page.uid, str(panel.get("title") or panel.get("id")), message)


def _at(target: Target, rule: str, message: str) -> Finding:
    return Finding(rule, target.page.uid, target.title, f"{message} in {target.expr}")


RULES: dict[str, Rule] = {
    "template-datasource-rule": _template_datasource,
    "template-job-rule": _template_of("job"),
    "template-instance-rule": _template_of("instance"),
    "template-label-promql-rule": _template_label_promql,
    "template-on-time-change-reload-rule": _template_on_time_change,
    "panel-datasource-rule": _panel_datasource,
    "panel-title-description-rule": _panel_title_description,
    "panel-units-rule": _panel_units,
    "panel-no-targets-rule": _panel_no_targets,
    "target-logql-rule": _target_logql,
    "target-logql-auto-rule": _target_logql_auto,
    "target-promql-rule": _target_promql,
    "target-rate-interval-rule": _target_rate_interval,
    "target-job-rule": _target_needs("job"),
    "target-instance-rule": _target_needs("instance"),
    "target-counter-agg-rule": _target_counter_agg,
    "uneditable-dashboard": _uneditable,
}

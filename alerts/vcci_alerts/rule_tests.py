"""promtool's unit tests, one file beside each rule file: `promtool test rules alerts/generated/tests/*.yml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from vcci_alerts import rules
from vcci_alerts.limit_rules import WATCHDOG, watchdog_group
from vcci_alerts.model import Group
from vcci_alerts.proofs.limits import alert_cases
from vcci_alerts.proofs.pictures import step_of
from vcci_alerts.proofs.promised import is_native
from vcci_alerts.proofs.series import Case, Expected
from vcci_alerts.proofs.slos import slo_cases
from vcci_alerts.rules import SIGNALS, alerts_file, rule_files, slo_file
from vcci_alerts.yaml_text import yaml_text
from vcci_slo.plan import Plan
from vcci_slo.promql.durations import promql_duration

__all__ = ["NATIVE", "document_of", "render"]

NATIVE = "prometheus-3"
"""The folder of tests with native histograms, in a notation that promtool reads from version 3 on."""


def render(plan: Plan) -> Mapping[str, str]:
    """Return test files for every rule file that holds an alert: one for each length of step.

    Series that only promtool of Prometheus 3 can read stand in a folder of their own.
    """
    files = rule_files(plan)
    native = {slo_file(slo) for slo in plan.slos if is_native(slo)}
    found: dict[str, str] = {}
    for path, cases in _cases(plan):
        for step in sorted({case.step for case in cases}):
            name = PurePosixPath(path).stem + ("" if step == step_of(plan) else f"_{promql_duration(step)}")
            used = [one for one in (SIGNALS, path) if one in files]
            folder = f"{NATIVE}/" if path in native else ""
            up = "../" * (1 + folder.count("/"))
            document = document_of(
                [f"{up}{one}" for one in used],
                [files[one] for one in used],
                [case for case in cases if case.step == step],
            )
            found[f"tests/{folder}{name}_test.yml"] = yaml_text(document, source=plan.source)
    return found


def _cases(plan: Plan) -> Iterator[tuple[str, list[Case]]]:
    """Yield the cases of one rule file after the other: those of all at once would fill the memory."""
    for slo in plan.slos:
        yield slo_file(slo), list(slo_cases(plan, slo))
    for component in plan.components:
        alerts = plan.alerts_of(component.name)
        if alerts:
            yield alerts_file(component.name), [case for alert in alerts for case in alert_cases(plan, alert)]
    (watchdog,) = watchdog_group(plan).alerts
    always = Case(f"{WATCHDOG} always fires", step_of(plan), (), ((WATCHDOG, 0, (Expected(watchdog, 1.0),)),))
    yield rules.WATCHDOG, [always]


def document_of(paths: Iterable[str], groups: Iterable[Group], cases: Sequence[Case]) -> Mapping[str, object]:
    """Return a test file: the rule files it reads, in which order their groups are evaluated, and its cases."""
    return {
        "rule_files": list(paths),
        "evaluation_interval": promql_duration(cases[0].step),
        # Recorded signals are read by the alerts of the same moment.
        "group_eval_order": [group.name for group in groups],
        "tests": [dict(case.document()) for case in cases],
    }

"""Every value of a file that uses all of a format arrives, or is named in the report: none is dropped in silence."""

from __future__ import annotations

import re

import pytest

from support.converting import converted

MARK = re.compile(r"mark\d+")

SLOTH = """
version: prometheus/v1
service: mark11
labels: {mark12: mark13}
mark14: 1
slo_plugins: {overridePrevious: true, chain: [{id: mark16, config: {mark17: mark18}}]}
slos:
  - name: mark20
    description: mark21
    objective: 99.9
    labels: {mark22: mark23}
    mark24: 1
    plugins: {chain: [{id: mark25}]}
    sli:
      events:
        error_query: sum(rate(hits_total{job="mark26",code="5"}[{{.window}}]))
        total_query: sum(rate(hits_total{job="mark26"}[{{.window}}]))
    alerting:
      name: mark27
      labels: {mark28: mark29}
      annotations: {mark30: mark31}
      page_alert: {labels: {mark32: mark33}, annotations: {mark34: mark35}}
      ticket_alert: {labels: {mark36: mark37}, annotations: {mark38: mark39}}
"""
KUBERNETES = """
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: mark11, namespace: mark12, labels: {mark13: mark14}, annotations: {mark15: mark16}}
spec:
  service: mark17
  sloPlugins: {chain: [{id: mark18, config: mark19}]}
  slos:
    - name: mark20
      objective: 99.9
      sli: {raw: {errorRatioQuery: 'avg(rate(mark21[{{.window}}]))'}}
      alerting: {name: mark22, pageAlert: {labels: {mark23: mark24}}, ticketAlert: {disable: true}}
"""
ALPHA = """
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: mark11, displayName: mark12}
spec:
  service: mark13
  description: mark14
  budgetingMethod: Timeslices
  timeWindows: [{unit: Day, count: 28}]
  objectives:
    - displayName: mark15
      target: 0.99
      ratioMetrics:
        good: {source: prometheus, queryType: promql, query: 'sum(rate(mark16[{{.window}}]))'}
        total: {source: prometheus, queryType: promql, query: 'sum(rate(mark17[{{.window}}]))'}
"""
OPENSLO = """
apiVersion: openslo/v1
kind: DataSource
metadata: {name: mark11, displayName: mark12}
spec: {type: Prometheus, description: mark13, connectionDetails: {}}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: mark14, displayName: mark15, labels: {mark16: mark17}, annotations: {example.org/mark18: mark19}}
spec: {description: mark20}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: mark21, displayName: mark22, labels: {mark23: [mark24, mark25]}, annotations: {mark26: mark27}}
spec:
  description: mark28
  ratioMetric:
    counter: true
    good: {metricSource: {metricSourceRef: mark11, spec: {query: sum(mark30), mark31: mark32}}}
    total: {metricSource: {type: Prometheus, spec: {query: sum(mark33)}, mark34: mark35}}
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: mark36, displayName: mark37, labels: {mark38: mark39}, annotations: {example.org/mark40: mark41}}
spec: {description: mark42, severity: mark43, condition: {kind: burnrate, op: gt, threshold: 3, lookbackWindow: 1h}}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: mark44, displayName: mark45, labels: {mark46: mark47}, annotations: {mark48: mark49}}
spec:
  description: mark50
  alertWhenBreaching: true
  conditions: [{conditionRef: mark36}]
  notificationTargets: [{targetRef: mark51}]
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: mark51, displayName: mark52, labels: {mark53: mark54}}
spec: {target: mark55, description: mark56}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: mark57, displayName: mark58, labels: {mark59: mark60}, annotations: {example.org/mark61: mark62}}
spec:
  description: mark63
  service: mark14
  indicatorRef: mark21
  budgetingMethod: Occurrences
  timeWindow: [{duration: 4w, isRolling: true}]
  objectives: [{displayName: mark64, target: 0.99, mark65: mark66}]
  alertPolicies: [{alertPolicyRef: mark44}]
  mark67: {mark68: mark69}
"""
DRAFT = """
- apiVersion: openslo.com/v2alpha
  kind: SLO
  metadata: {name: mark11, labels: {mark12: mark13}, annotations: {mark14: mark15}}
  spec:
    description: mark16
    service: mark17
    sliRef: mark18
    budgetingMethod: Occurrences
    timeWindow: [{duration: 30d, isRolling: true}]
    objectives: [{displayName: mark19, target: 0.995}]
- apiVersion: openslo.com/v2alpha
  kind: SLI
  metadata: {name: mark18, labels: {mark20: mark21}}
  spec:
    description: mark22
    ratioMetric:
      counter: true
      bad: {dataSourceSpec: {type: Prometheus, description: mark23, connectionDetails: {}}, spec: {query: sum(mark24)}}
      total: {dataSourceRef: mark25, spec: {query: sum(mark26), mark27: mark28}}
"""
PYRRA = """
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: mark11
  namespace: mark12
  labels: {pyrra.dev/mark13: mark14, mark15: mark16}
  annotations: {pyrra.dev/mark17: mark18, mark19: mark20}
spec:
  target: "99.5"
  window: 2w
  description: mark21
  mark22: mark23
  partial_response_strategy: mark24
  ruleOutput: {shortRulesLabels: {mark25: mark26}}
  alerting: {name: mark27, absentName: mark28, mark29: mark30, severities: {fastBurn: mark31, mark32: mark33}}
  indicator:
    ratio:
      errors: {metric: 'hits_total{job="mark34",code="5"}'}
      total: {metric: 'hits_total{job="mark34"}'}
      grouping: [mark35]
"""


@pytest.mark.parametrize("target", ["vcci", "openslo", "sloth"])
@pytest.mark.parametrize(
    "text", [SLOTH, KUBERNETES, ALPHA, OPENSLO, DRAFT, PYRRA], ids=["sloth", "crd", "v1alpha", "v1", "v2alpha", "pyrra"]
)
def test_every_value_arrives_or_is_named_in_the_report(text, target):
    conversion = converted({"given.yaml": text}, target)

    told = "\n".join([*conversion.files.values(), *map(str, conversion.notes)])
    assert set(MARK.findall(text)) - set(MARK.findall(told)) == set()


def test_what_a_data_source_is_reached_with_is_named_and_never_shown():
    text = OPENSLO.replace("connectionDetails: {}", "connectionDetails: {token: mark99}")

    notes = converted({"given.yaml": text}, "vcci").notes

    assert not any("mark99" in str(note) for note in notes)
    (note,) = (note for note in notes if "connectionDetails" in note.where)
    assert note.what == "connectionDetails: its values are not shown, since they may be secret"


def test_a_key_that_is_nearly_one_of_openslo_is_told_with_the_one_that_was_meant():
    text = OPENSLO.replace("alertWhenBreaching: true", "alertWhenBreaching: true\n  alertWhenNodata: true")

    (note,) = (note for note in converted({"given.yaml": text}, "vcci").notes if "alertWhenNodata" in note.where)
    assert note.why == "OpenSLO has no such key; was alertWhenNoData meant?"

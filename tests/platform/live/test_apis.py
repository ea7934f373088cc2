"""What the two APIs say, and answers of another form."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from vcci_platform.asking import OddAnswer
from vcci_slo.promql.matchers import Matcher

RULE = {
    "type": "alerting",
    "name": "High",
    "query": "x > 1",
    "duration": 120,
    "keepFiringFor": 300,
    "labels": {"priority": "P1"},
    "annotations": {"summary": "s"},
    "health": "err",
    "lastError": "many-to-many",
}
SILENCE = {
    "id": "11",
    "status": {"state": "active"},
    "matchers": [
        {"name": "alertname", "value": "High", "isRegex": False, "isEqual": True},
        {"name": "pod", "value": "a.*", "isRegex": True},
        {"name": "team", "value": "crew", "isRegex": False, "isEqual": False},
    ],
    "startsAt": "2026-03-02T08:00:00.000Z",
    "endsAt": "2026-03-02T12:00:00.123456789Z",
    "createdBy": "ann",
    "comment": "upgrade",
}


def test_a_loaded_rule_is_read_with_its_group(prometheus):
    group = {
        "name": "slo:errors",
        "file": "/etc/slo.yml",
        "interval": 15,
        "evaluationTime": 0.5,
        "lastEvaluation": "0001-01-01T00:00:00Z",
        "rules": [RULE, {"type": "recording", "name": "a:b", "query": "x", "health": "ok"}],
    }

    (found,) = prometheus(lambda request: {"groups": [group]}).groups()

    assert (found.interval, found.took, found.evaluated_at) == (timedelta(seconds=15), timedelta(seconds=0.5), None)
    assert (found.rules[0].lasts, found.rules[0].keep_firing_for) == (timedelta(minutes=2), timedelta(minutes=5))
    assert (found.rules[0].health, found.rules[0].error) == ("err", "many-to-many")
    assert (found.rules[1].kind, found.rules[1].keep_firing_for) == ("record", None)


def test_what_is_no_number_is_no_value(prometheus):
    answer = {"resultType": "vector", "result": [{"metric": {"a": "b"}, "value": [0, "NaN"]}]}

    assert prometheus(lambda request: answer).instant("0/0") == ()


def test_a_bare_number_is_a_value_without_labels(prometheus):
    assert prometheus(lambda request: {"resultType": "scalar", "result": [0, "12"]}).value("12") == 12


def test_a_query_ends_before_prometheus_gives_up_by_itself(prometheus):
    asked = []

    def answer(request):
        asked.append(dict(request.url.params))
        return {"resultType": "vector", "result": []}

    prometheus(answer).instant("up", datetime(2026, 3, 2, 9, tzinfo=UTC))

    assert asked == [{"query": "up", "timeout": "15s", "time": "1772442000.000"}]


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("groups", {"groups": [{"name": "no interval"}]}),
        ("alerts", {"alerts": [{"labels": {}}]}),
        ("targets", []),
        ("alertmanagers", {"activeAlertmanagers": [{}]}),
        ("flags", "text"),
        ("configuration", {}),
        ("targets", {"activeTargets": [{"labels": {}}]}),
    ],
)
def test_an_answer_of_another_form_is_named(prometheus, method, answer):
    with pytest.raises(OddAnswer, match="http://prometheus:9090 does not answer as Prometheus does"):
        getattr(prometheus(lambda request: answer), method)()


def test_json_without_data_is_not_prometheus(prometheus):
    with pytest.raises(OddAnswer, match="JSON without `data`"):
        prometheus(lambda request: httpx.Response(200, json={"hello": "world"})).alerts()


def test_a_silence_is_read_with_its_matchers(alertmanager):
    (found,) = alertmanager(lambda request: httpx.Response(200, json=[SILENCE])).silences()

    assert found.matchers == (
        Matcher("alertname", "=", "High"),
        Matcher("pod", "=~", "a.*"),
        Matcher("team", "!=", "crew"),
    )
    assert (found.by, found.comment) == ("ann", "upgrade")
    assert found.ends_at == datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_silence_that_is_over_is_none(alertmanager):
    over = SILENCE | {"status": {"state": "expired"}}

    assert alertmanager(lambda request: httpx.Response(200, json=[over])).silences() == ()


@pytest.mark.parametrize("original", ["- a list", "{", 7])
def test_a_configuration_that_is_none_is_named(alertmanager, original):
    with pytest.raises(OddAnswer, match="does not answer as Alertmanager does"):
        alertmanager(lambda request: httpx.Response(200, json={"config": {"original": original}})).configuration()

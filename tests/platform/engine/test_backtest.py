"""Posted histories through the decisions of the rules."""

import json
from typing import Any

import pytest
import yaml

from support.engine import post
from support.service import Customer
from vcci_slo.testing import a_spec


def test_a_posted_history_is_judged(customer: Customer) -> None:
    lines = ["time,total,bad"]
    lines += [f"{1_700_000_000 + 60 * minute},1000,{200 if 600 <= minute < 660 else 0}" for minute in range(1440)]
    files = {
        "spec": ("vcci.yaml", a_spec(), "application/yaml"),
        "history": ("history.csv", "\n".join(lines), "text/csv"),
    }

    answer = customer.client.post(
        "/v1/engine/backtest",
        files=files,
        data={"objective": ["99%"]},
        headers={"Authorization": f"Bearer {customer.key}"},
    )

    assert answer.status_code == 200, answer.text
    own, other = answer.json()["outcomes"]
    assert (own["slo"]["objective"], other["slo"]["objective"]) == ("99.9%", "99%")
    assert len(own["calls"]) == 1
    assert own["total"] == 1_440_000


def test_a_history_of_json_rows_says_the_same_as_the_table(customer: Customer) -> None:
    rows = [{"time": 1_700_000_000 + 60 * minute, "total": 100, "good": 99} for minute in range(120)]
    table = "time,total,good\n" + "\n".join(f"{row['time']},{row['total']},{row['good']}" for row in rows)

    answers = [
        post(customer, "backtest", json.dumps({"spec": spec, "history": history}), kind="application/json").json()
        for spec, history in ((a_spec(), table), (yaml.safe_load(a_spec()), rows))
    ]

    assert answers[0]["outcomes"] == answers[1]["outcomes"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"spec": "x: 1"}, "history"),
        ({"spec": 1, "history": ""}, "spec"),
        ({"spec": a_spec(), "history": "a,b\n1,2\n"}, "Expected columns time, total and either bad or good"),
        ({"spec": a_spec(), "history": []}, "Expected columns"),
        ({"spec": a_spec(), "history": "time,total,bad\n1,2,1\n2,2,1\n", "slo": "erors"}, "did you mean errors"),
        ({"spec": a_spec(), "history": "time,total,bad\n1,2,1\n2,2,1\n", "objective": ["99.9"]}, '"errors cannot have'),
        ({"spec": a_spec(), "history": "time,total,bad\n1,2,1\n2,2,1\n", "every": "soon"}, "every"),
        ({"spec": a_spec(), "history": "", "objectiv": "99%"}, "did you mean objective?"),
        ({"spec": a_spec(), "history": "", "objective": [99]}, "expected text, or a list of texts, found [99]"),
        ({"spec": a_spec(), "history": "", "slo": ["errors"]}, "expected text, found"),
    ],
)
def test_what_cannot_be_judged_is_told(body: dict[str, Any], told: str, customer: Customer) -> None:
    answer = post(customer, "backtest", json.dumps(body), kind="application/json")

    assert answer.status_code == 422, answer.text
    assert told in answer.text


def test_a_mistyped_field_of_a_form_is_refused(customer: Customer) -> None:
    """It was overlooked: the answer held no word about the objective that was asked for."""
    files = {"spec": ("spec.yaml", a_spec()), "history": ("h.csv", "time,total,bad\n1,2,1\n2,2,1\n")}
    key = {"Authorization": f"Bearer {customer.key}"}

    answer = customer.client.post("/v1/engine/backtest", files=files, data={"objectiv": "99%"}, headers=key)

    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["field"], "did you mean objective?" in error["reason"]) == ("body.objectiv", True)

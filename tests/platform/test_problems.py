"""Refusals of the framework, in the words of the house."""

from typing import Annotated, Literal

import pytest
from fastapi import FastAPI, Query
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict

from vcci_platform import problems


class Eleven(BaseModel):
    model_config = ConfigDict(extra="forbid")

    who: str


@pytest.fixture
def client():
    app = FastAPI()
    problems.install(app)

    @app.get("/eleven", responses=problems.refusals(404, 422))
    def ask(
        share: Annotated[float, Query(ge=0, le=1)] = 0,
        count: int = 0,
        form: Literal["md", "csv"] = "md",
        *,
        sure: bool = False,
    ) -> None: ...

    @app.post("/eleven")
    def tell(told: Eleven) -> None: ...

    return TestClient(app)


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("share=10%25", "query.share", "expected a number, found '10%'"),
        ("share=2", "query.share", "expected a value less than or equal to 1, found '2'"),
        ("count=x", "query.count", "expected a whole number, found 'x'"),
        ("form=pdf", "query.form", "expected 'md' or 'csv', found 'pdf'"),
        ("sure=perhaps", "query.sure", "expected true or false, found 'perhaps'"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_expected_and_found(client, query, field, reason):
    answer = client.get(f"/eleven?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": field, "reason": reason}]


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ("{}", "body.who", "expected a value, found none"),
        ('{"who": "ann", "mute": 1}', "body.mute", "expected no such field: nobody knows it"),
        ("[1]", "body", "expected a JSON object, with the header Content-Type: application/json"),
        ("x", "body", "expected JSON, found a mistake at character 0: Expecting value"),
    ],
)
def test_a_wrong_body_is_told_with_its_field(client, body, field, reason):
    answer = client.post("/eleven", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": field, "reason": reason}]


def test_the_reference_names_refusals_as_the_documents_they_are(client):
    responses = client.get("/openapi.json").json()["paths"]["/eleven"]["get"]["responses"]

    assert responses.keys() == {"200", "404", "422"}
    assert list(responses["422"]["content"]) == ["application/problem+json"]


def test_a_path_or_method_that_nobody_takes_is_told_with_a_way_on(client):
    nowhere, posted = client.get("/twelve").json(), client.delete("/eleven").json()

    assert (nowhere["code"], nowhere["detail"]) == (
        "not-found",
        "There is nothing at this path; /docs lists what there is.",
    )
    assert posted["detail"] == "This path does not take this method; /docs lists what it takes."

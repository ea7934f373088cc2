"""What a Prometheus may be asked to write a spec, and what becomes of answers that make no sense."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from vcci_platform.adoption.arrival import arrive
from vcci_platform.adoption.prometheus import Questions
from vcci_platform.adoption.survey import NothingThere
from vcci_platform.asking import OddAnswer, Refused

URL = "http://prometheus.example:9090/prefix"


def questions(answer: Callable[[httpx.Request], httpx.Response]) -> Questions:
    return Questions(httpx.Client(transport=httpx.MockTransport(answer)), URL)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"resultType": "vector", "result": [{}]}, "it does not know the time"),
        ({"resultType": "scalar", "result": 5}, "its answer to a query has another form"),
    ],
)
def test_whoever_is_no_prometheus_is_told(data, says):
    with pytest.raises(OddAnswer, match=f"{URL} does not answer as Prometheus does: {says}"):
        arrive(questions(lambda _: httpx.Response(200, json={"status": "success", "data": data})))


def test_a_question_that_prometheus_refuses_is_told_with_its_reason():
    said = {"status": "error", "errorType": "bad_data", "error": "parse error: unclosed left parenthesis"}

    with pytest.raises(Refused, match="refused: 400 parse error: unclosed left parenthesis"):
        questions(lambda _: httpx.Response(400, json=said)).query("sum(")


def test_an_empty_prometheus_is_told():
    def answer(request: httpx.Request) -> httpx.Response:
        is_query = request.url.path.endswith("/query")
        data = {"resultType": "scalar", "result": [11.0, "11"]} if is_query else []
        return httpx.Response(200, json={"status": "success", "data": data})

    with pytest.raises(NothingThere, match="no series of any job in the last hour: nothing is scraped yet"):
        arrive(questions(answer))

"""Questions to a Prometheus that may be anything: what its answers mean, and that all of them together have an end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from vcci_platform.asking import Asker, Bounds, OddAnswer, data_of

__all__ = ["ALL", "Questions", "Result"]

ALL = Bounds(answer_bytes=32 * 1024 * 1024, answer_seconds=30.0, questions=1500, all_seconds=180.0)
"""How much may be asked to write one spec."""


@dataclass(frozen=True)
class Result:
    """One series of an answer to an instant query."""

    labels: Mapping[str, str]
    value: float


class Questions:
    """What is asked of one Prometheus. Every method raises AskingError if there is no answer."""

    def __init__(self, client: httpx.Client, url: str, bounds: Bounds = ALL) -> None:
        self._asker = Asker(client, "Prometheus", url, bounds)
        self._seconds = bounds.answer_seconds

    @property
    def shown(self) -> str:
        """The address without a user and password."""
        return self._asker.url

    @property
    def asked(self) -> int:
        """How many questions were asked so far."""
        return self._asker.questions

    def ask(self, what: str, parameters: Mapping[str, str] | None = None) -> Any:
        """Return the data of an answer of the HTTP API."""
        return data_of(self._asker, what, parameters)

    def query(self, expression: str, at: float | None = None) -> tuple[Result, ...]:
        """Return the series of an instant query in the order of the answer; one that is no number is left out."""
        moment = {} if at is None else {"time": f"{at:.3f}"}
        data = self.ask("query", {"query": expression, "timeout": f"{self._seconds:.0f}s", **moment})
        try:
            if data["resultType"] == "scalar":
                return (Result({}, float(data["result"][1])),)
            found = [Result(dict(one["metric"]), float(one["value"][1])) for one in data["result"] if "value" in one]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise self.odd(f"its answer to a query has another form ({type(error).__name__}: {error})") from None
        return tuple(one for one in found if math.isfinite(one.value))

    def number(self, expression: str, at: float | None = None) -> float | None:
        """Return the value of the first series of an instant query, None if there is none."""
        found = self.query(expression, at)
        return found[0].value if found else None

    def texts(self, what: str, parameters: Mapping[str, str]) -> tuple[str, ...]:
        """Return an answer that is a list of texts, such as the values of a label, sorted."""
        data = self.ask(what, parameters)
        if not isinstance(data, list) or not all(isinstance(one, str) for one in data):
            raise self.odd(f"its answer to {what} is no list of texts")
        return tuple(sorted(data))

    def values(self, label: str, matching: str, since: float, until: float) -> tuple[str, ...]:
        """Return the values that a label of these series had in a time."""
        spans = {"start": f"{since:.3f}", "end": f"{until:.3f}"}
        return self.texts(f"label/{quote(label, safe='')}/values", {"match[]": matching, **spans})

    def odd(self, how: str) -> OddAnswer:
        """Return the error for an answer of another form."""
        return self._asker.odd(how)

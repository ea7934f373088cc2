"""MetricsQL, VictoriaMetrics' dialect of PromQL: what it allows beyond PromQL, and what neither would take.

https://docs.victoriametrics.com/victoriametrics/metricsql/ lists the differences. Functions and types are not checked:
MetricsQL converts nearly everything into what is wanted.
"""

from __future__ import annotations

from vcci_alerts.sloth.promql_mistakes import Reading, find_mistake
from vcci_slo.formats.sloth import SlothError

__all__ = ["check_metricsql"]


def check_metricsql(query: str) -> None:
    """Raise SlothError for what VictoriaMetrics could not parse.

    >>> check_metricsql("sum(rate(x)) keep_metric_names default 0")
    >>> check_metricsql("sum(rate(x[5m])")
    Traceback (most recent call last):
    vcci_slo.formats.sloth.errors.SlothError: cannot parse the query at position 16: unclosed left parenthesis
    """
    mistake = find_mistake(query, _Reading)
    if mistake is not None:
        raise SlothError(f"cannot parse the query at position {mistake.position + 1}: {mistake.what}")


class _Reading(Reading):
    operators = Reading.operators | {"default", "if", "ifnot"}
    units = True

    def operand(self, depth: int) -> None:
        super().operand(depth)
        while self.take("keep_metric_names", "limit"):
            self.take_kind("number")

    def atom(self, depth: int) -> None:
        if self.take("with"):
            self.templates(depth)
            self.expression(depth + 1)
        else:
            super().atom(depth)

    def templates(self, depth: int) -> None:
        """Read the names that a query gives to parts of itself."""
        if not self.take("("):
            raise self.refuse("with", '"("')
        while not self.take(")"):
            self.need("word", "with", "a name")
            if self.take("("):
                self.arguments(depth)
            if not self.take("="):
                raise self.refuse("with", '"="')
            self.expression(depth + 1)
            self.take(",")

    def arguments(self, depth: int) -> None:
        while not self.take(")"):
            self.expression(depth + 1)
            if not self.take(","):
                self.close()
                return

    def range(self) -> None:
        while self.take_kind("number", "word") or self.take(":", "-", "+"):
            pass
        if not self.take("]"):
            raise self.refuse("range", '"]"')

    def matchers(self) -> None:
        while not self.take("}"):
            self.matcher()
            if not self.take(",", "or") and self.next.text != "}":
                raise self.refuse("label matching", '"," or "}"')

"""How soon each tier of a promise notices a fault, as a table; the generated rule tests prove these times."""

from __future__ import annotations

from collections.abc import Sequence

from vcci_runbooks_site.facts import percent
from vcci_runbooks_site.markdown import badge, table
from vcci_slo.detection import Detection
from vcci_slo.explanation import explain
from vcci_slo.plan import Plan, Slo
from vcci_slo.promql.durations import words

__all__ = ["noticed"]


def noticed(plan: Plan, groups: Sequence[Sequence[Slo]]) -> list[str]:
    """Return a table for each group of promises that share their tiers, and what the times hold for."""
    blocks = [_table(plan, members[0]) for members in groups if members[0].tiers]
    if not blocks:
        return []
    return [
        "### How soon it is noticed { #noticed }",
        (
            "For a fault that begins after a good history and with steady traffic, counted from its first bad minute. "
            "The rule tests beside the rules prove these times; with little traffic a tier also waits for its evidence."
        ),
        *blocks,
    ]


def _table(plan: Plan, slo: Slo) -> str:
    header = ["Tier", "Everything fails", "Budget gone by then", "Silent after its end", "Twice its threshold fails"]
    rows = [
        [
            f"{told.tier.name} {badge(told.tier.priority)}",
            _after(told.outage),
            percent(round(told.outage.spent, 4)),
            words(told.outage.clears) if told.outage.clears else "at once",
            f"{_after(told.slow)} ({percent(round(told.slow.ratio, 6))} bad)",
        ]
        for told in explain(plan, slo).tiers
    ]
    return table(header, rows)


def _after(found: Detection) -> str:
    return f"after {words(found.after)}" if found.after is not None else "never"

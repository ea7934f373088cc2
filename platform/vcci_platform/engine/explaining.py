"""The explanation of the promises of a posted spec: what `vcci slo explain` says, as data."""

from __future__ import annotations

from typing import Any

from vcci_platform.engine.plain import plain
from vcci_platform.errors import PlatformError
from vcci_slo.explanation import explain
from vcci_slo.plan import Plan
from vcci_slo.spec.section import nearest

__all__ = ["UnknownPromise", "explained"]


class UnknownPromise(PlatformError):
    """The spec has no promise of the name that `slo` gives."""


def explained(plan: Plan, name: str | None) -> dict[str, Any]:
    """Return the explanation of one promise, by its own name or its declaration's, or of all. Raises UnknownPromise."""
    chosen = [slo for slo in plan.slos if name is None or name in {slo.name, slo.declared}]
    if name is not None and not chosen:
        names = [slo.name for slo in plan.slos]
        meant = nearest(name, names)
        hint = f"; did you mean {meant}?" if meant else ""
        raise UnknownPromise(f"expected one of the promises {', '.join(names) or 'of the spec'}, found {name!r}{hint}")
    return {"name": plan.name, "promises": [plain(explain(plan, slo)) for slo in chosen]}

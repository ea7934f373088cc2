"""How many tenants a fault reached, beside the share above which the policy tells the public. Pure: no names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from vcci_platform.incidents.context.model import Context
from vcci_platform.incidents.rules import SeverityPolicy
from vcci_platform.incidents.tenants import ALMOST_ALL

__all__ = ["reach_words"]


def reach_words(context: Context | None, rules: SeverityPolicy) -> str:
    """Return what the commander should know of the share that is affected; empty where the policy asks for none.

    The service counts tenants, and they stand for users. What was not counted makes a small share no proof.
    """
    if rules.users_above is None:
        return ""
    asked = f"the policy asks for more than {_percent(rules.users_above)}"
    if context is None:
        return f"How many tenants are affected is not counted yet; {asked}."
    section = next((one for one in context.sections if one.name == "tenants"), None)
    fact = section.facts[0] if section is not None and section.facts else None
    if fact is None or not fact.data.get("registered") or "affected" not in fact.data:  # an older desk kept it
        why = (section.missing if section is not None else "") or "nobody counts all tenants"
        return f"How many tenants are affected is unknown ({why}); {asked}."
    return _counted(fact.data, rules.users_above, asked)


def _counted(data: Mapping[str, Any], above: float, asked: str) -> str:
    touched, registered = int(data["affected"]), int(data["registered"])
    start, end = (datetime.fromisoformat(data[name]) for name in ("start", "end"))
    gaps: list[str] = []
    if data["known"] < ALMOST_ALL:
        gaps.append(f"only {data['known']:.0%} of this time was counted")
    if data["untold"]:
        gaps.append(f"{data['untold']:,} bad requests have no known tenant")
    if touched > above * registered:
        verdict = "it says to publish"
    elif gaps:
        verdict = f"that is below, but {' and '.join(gaps)}"
    else:
        verdict = "that is below"
    share = f"{_percent(touched / registered)} of tenants ({touched:,} of {registered:,}) were affected"
    return f"{share} between {start:%H:%M} and {end:%H:%M} UTC; {asked}: {verdict}."


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"

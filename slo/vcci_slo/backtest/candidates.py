"""Other forms of a promise: the same declaration with another objective, window or burn policy, resolved anew."""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from vcci_slo.errors import SloError, SpecError
from vcci_slo.plan import LatencyIndicator, Slo
from vcci_slo.resolve import resolve
from vcci_slo.spec.document import Document
from vcci_slo.spec.promises import SloDefaultsSpec, SloSpec
from vcci_slo.spec.units import Percentage

__all__ = ["CandidateError", "variant"]


class CandidateError(SloError):
    """A form that a promise cannot have: of which promise, what was wanted, why not."""

    def __init__(self, slo: str, wanted: str, reason: str) -> None:
        self.slo = slo
        self.wanted = wanted
        self.reason = reason
        super().__init__(f"{slo} cannot have {wanted}: {reason}")


def variant(
    document: Document,
    slo: Slo,
    *,
    objective: str | None = None,
    window: str | None = None,
    policy: str | None = None,
) -> Slo:
    """Return a promise as it would be with another objective, window or burn policy; what is not given stays.

    Its tiers, thresholds and least numbers of bad events follow, as they would if the spec said so. The name stays.
    Raises CandidateError if the spec could not say so.
    """
    given = {"objective": objective, "window": window, "policy": policy}
    wanted = {name: value for name, value in given.items() if value is not None}
    title = " and ".join(f"{name} {value}" for name, value in wanted.items()) or "its own form"
    spec = document.spec
    written = spec.slos[slo.declared]
    try:
        changed = _changed(written, slo, wanted)
        whole = Document(spec.model_copy(update={"slos": {**spec.slos, slo.declared: changed}}), document.source)
        plan = resolve(whole)
    except ValidationError as error:
        problem = error.errors()[0]
        context = problem.get("ctx", {})
        expected = context.get("expected")
        raise CandidateError(slo.name, title, f"expected {expected}" if expected else problem["msg"]) from None
    except PydanticCustomError as error:
        raise CandidateError(slo.name, title, error.message()) from None
    except SpecError as error:
        own = [problem for problem in error.problems if problem.path.startswith(f"slos.{slo.declared}")]
        first = (own or error.problems)[0]
        raise CandidateError(slo.name, title, f"expected {first.expected}, found {first.found}") from None
    found = next(other for other in plan.slos if _same(slo, other))
    return replace(found, name=slo.name, burn_alert=slo.burn_alert, no_data_alert=slo.no_data_alert)


def _changed(written: SloSpec, slo: Slo, wanted: dict[str, str]) -> SloSpec:
    parsed = SloDefaultsSpec.model_validate(wanted)
    changes = {name: getattr(parsed, name) for name in wanted}
    if written.fast is not None and "objective" in changes:
        del changes["objective"]
        changes["within"] = _within(written, slo, wanted["objective"])
    return written.model_copy(update=changes)


def _within(written: SloSpec, slo: Slo, objective: str) -> dict[str, object]:
    """Return the limits with another share for the one of this promise; a share that is there already gives way."""
    new, old = Percentage.parse(objective), slo.percent
    kept = {
        share: limit
        for share, limit in written.within.items()
        if share == old or Percentage.parse(share).ratio != new.ratio
    }
    return {objective if Percentage.parse(share).text == old else share: limit for share, limit in kept.items()}


def _same(slo: Slo, other: Slo) -> bool:
    """Return whether two promises are the same part of the same declaration."""
    if slo.declared != other.declared or slo.labels != other.labels:
        return False
    if isinstance(slo.indicator, LatencyIndicator) and isinstance(other.indicator, LatencyIndicator):
        return slo.indicator.within_seconds == other.indicator.within_seconds
    return slo.by == other.by

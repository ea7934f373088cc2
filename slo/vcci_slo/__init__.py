"""The pure core: the spec, the plan, and the arithmetic of promises."""

from vcci_slo.errors import SloError, SpecError, SpecProblem
from vcci_slo.load import load_plan
from vcci_slo.plan import Plan

__all__ = ["Plan", "SloError", "SpecError", "SpecProblem", "load_plan"]

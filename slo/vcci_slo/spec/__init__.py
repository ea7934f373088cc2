"""The spec: YAML as typed models. Every error names file, line, column and path, and all come at once."""

from vcci_slo.spec.document import Spec, parse
from vcci_slo.spec.schema import json_schema

__all__ = ["Spec", "json_schema", "parse"]

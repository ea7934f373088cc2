"""Plain data as YAML that reads the same under the rules of YAML 1.1 and 1.2; queries stand in blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

__all__ = ["Flow", "yaml_documents", "yaml_text"]

_WIDTH = 120
# What YAML 1.2 takes for a number and YAML 1.1 does not, such as 1e3 or 0o17, is quoted too.
_NUMBER_LIKE = re.compile(r"^[-+]?(?:0o[0-7]+|0x[0-9a-fA-F]+|\.?[0-9][0-9.]*(?:[eE][-+]?[0-9]+)?)$")


class Flow(dict[str, Any]):
    """A small map that stands on one line."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    block = "\n" in text and not any(line != line.rstrip() for line in text.split("\n"))
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else None)


def _flow(dumper: _Dumper, data: Flow) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Flow, _flow)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER_LIKE, list("-+.0123456789"))


def yaml_text(data: Mapping[str, Any]) -> str:
    """Return one document."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True))


def yaml_documents(documents: Iterable[Mapping[str, Any]]) -> str:
    """Return a file of several documents."""
    return "---\n".join(yaml_text(document) for document in documents)

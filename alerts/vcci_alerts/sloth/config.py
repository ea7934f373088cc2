"""The config of a plugin, read as Go decodes JSON: keys in any case, types exact, zero for what is absent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from vcci_slo.formats.sloth import SlothError, parse_duration

__all__ = ["Config"]


class Config:
    """One object of a config. Raises SlothError where a value has the wrong type."""

    def __init__(self, data: Any, kind: str, path: str = "") -> None:
        self.kind, self.path = kind, path
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise SlothError(f"json: cannot unmarshal {_type(data)} into Go value of type plugin.{kind}")
        self.values = data

    def value(self, name: str) -> Any:
        """Return whatever stands there; the exact key wins over one in another case."""
        if name in self.values:
            return self.values[name]
        return next((value for key, value in self.values.items() if key.lower() == name.lower()), None)

    def text(self, name: str) -> str:
        """Return a text, empty if absent."""
        value = self.value(name)
        return "" if value is None else str(self._typed(name, value, str, "string"))

    def flag(self, name: str) -> bool:
        """Return a boolean, false if absent."""
        value = self.value(name)
        return False if value is None else bool(self._typed(name, value, bool, "bool"))

    def number(self, name: str) -> float:
        """Return a number, 0 if absent."""
        value = self.value(name)
        if isinstance(value, bool):
            raise self._mismatch(name, value, "float64")
        return 0.0 if value is None else float(self._typed(name, value, (int, float), "float64"))

    def texts(self, name: str) -> dict[str, str]:
        """Return a map of texts, empty if absent."""
        value = self.value(name)
        if value is None:
            return {}
        entries = self._typed(name, value, dict, "map[string]string")
        return {key: "" if inner is None else self._typed(name, inner, str, "string") for key, inner in entries.items()}

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, empty if absent."""
        value = self.value(name)
        entries = [] if value is None else self._typed(name, value, list, "[]string")
        return tuple(self._typed(name, inner, str, "string") for inner in entries)

    def duration(self, name: str) -> timedelta:
        """Return a duration as Prometheus writes them, none if absent."""
        value = self.value(name)
        return timedelta(0) if value is None else parse_duration(self._typed(name, value, str, "string"))

    def inner(self, name: str, kind: str) -> Config:
        """Return an object inside, an empty one if absent."""
        return Config(self.value(name), kind, self._at(name))

    def _typed(self, name: str, value: Any, wanted: type | tuple[type, ...], written: str) -> Any:
        if not isinstance(value, wanted):
            raise self._mismatch(name, value, written)
        return value

    def _mismatch(self, name: str, value: Any, wanted: str) -> SlothError:
        where = f"{self.kind}.{self._at(name)}"
        return SlothError(f"json: cannot unmarshal {_type(value)} into Go struct field {where} of type {wanted}")

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _type(value: Any) -> str:
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "bool"),
        ((int, float), "number"),
        (str, "string"),
        (list, "array"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "object")

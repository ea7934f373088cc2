"""Fault switches: the next calls to a vendor fail, hang, or lose their answer. For tests and demonstrations."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = ["Fault", "Faults", "Target"]

Target = Literal["pagerduty", "statuspage", "slack"]


def _when(value: Any) -> Any:
    return {True: "after", False: None}.get(value, value) if isinstance(value, bool) else value


class Fault(BaseModel):
    """What goes wrong with the next `count` calls to `target`.

    - `status`: the call is answered with it and not carried out.
    - `hang_seconds`: the call waits first; alone, it is then carried out and answered, late.
    - `drop`: `after` carries the call out and closes the connection without an answer (the outcome is ambiguous);
      `before` closes it at once, and nothing has happened. `true` means `after`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Target
    status: int | None = Field(None, ge=400, le=599)
    hang_seconds: float = Field(0, ge=0, le=600)
    drop: Annotated[Literal["before", "after"] | None, BeforeValidator(_when)] = None
    count: int = Field(1, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.status is None and not self.hang_seconds and self.drop is None:
            raise ValueError("expected at least one of status, hang_seconds and drop")
        if self.status is not None and self.drop is not None:
            raise ValueError("expected status or drop, found both: a dropped call has no answer")
        return self

    @property
    def words(self) -> str:
        """What this fault does, in a few words."""
        parts = [f"hang {self.hang_seconds:g} s"] if self.hang_seconds else []
        parts += [f"answer {self.status}"] if self.status else []
        parts += [f"drop {'the answer' if self.drop == 'after' else 'the call'}"] if self.drop else []
        return ", then ".join(parts)


class Faults:
    """The switches that are set: one for each target, the latest wins.

    >>> faults = Faults()
    >>> faults.set(Fault(target="slack", status=503, count=1))
    >>> faults.take("pagerduty") is None, faults.take("slack").status, faults.take("slack") is None
    (True, 503, True)
    """

    def __init__(self) -> None:
        self._set: dict[Target, Fault] = {}

    @property
    def pending(self) -> tuple[Fault, ...]:
        """The switches, each with the calls it still spoils."""
        return tuple(self._set.values())

    def set(self, fault: Fault) -> None:
        """Spoil the next calls of the fault's target."""
        self._set[fault.target] = fault

    def take(self, target: Target) -> Fault | None:
        """Return the fault of this call, and count it."""
        fault = self._set.get(target)
        if fault is None:
            return None
        if fault.count == 1:
            del self._set[target]
        else:
            self._set[target] = fault.model_copy(update={"count": fault.count - 1})
        return fault

    def clear(self) -> None:
        """Let every call through again."""
        self._set.clear()

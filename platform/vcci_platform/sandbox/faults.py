"""Fault switches: the next calls to a vendor fail, hang, or lose their answer. For tests and demonstrations."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from vcci_platform.sandbox.kinds import KINDS, Target

__all__ = ["Fault", "Faults", "Target"]

_Key = tuple[Target, str | None]


def _when(value: Any) -> Any:
    return {True: "after", False: None}.get(value, value) if isinstance(value, bool) else value


class Fault(BaseModel):
    """What goes wrong with the next `count` calls to `target`, all of them or those of one `kind`.

    - `status`: the call is answered with it and not carried out; `bare` leaves the vendor's headers and body out.
    - `hang_seconds`: the call waits first; alone, it is then carried out and answered, late.
    - `drop`: `after` carries the call out and closes the connection without an answer (the outcome is ambiguous);
      `before` closes it at once, and nothing has happened. `true` means `after`.
    - `refuse_seconds`: PagerDuty's port is closed for so long, and a connection is refused (`count` is one).

    The target `webhook` is what PagerDuty sends: `drop` loses the webhook before it is sent, or the answer after it,
    which sends it again; `hang_seconds` sends it late; `signature` signs it wrongly or not at all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Target
    kind: str | None = None
    status: int | None = Field(None, ge=400, le=599)
    bare: bool = False
    hang_seconds: float = Field(0, ge=0, le=600)
    drop: Annotated[Literal["before", "after"] | None, BeforeValidator(_when)] = None
    signature: Literal["wrong", "missing"] | None = None
    refuse_seconds: float = Field(0, ge=0, le=600)
    count: int = Field(1, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        effects = (self.status, self.hang_seconds, self.drop, self.signature, self.refuse_seconds)
        if not any(effects):
            raise ValueError("expected at least one of status, hang_seconds, drop, signature and refuse_seconds")
        if self.status is not None and self.drop is not None:
            raise ValueError("expected status or drop, found both: a dropped call has no answer")
        if self.kind is not None and self.kind not in KINDS[self.target]:
            raise ValueError(f"expected a kind of {self.target}, one of {', '.join(KINDS[self.target])}")
        return self

    @model_validator(mode="after")
    def _fits_its_target(self) -> Self:
        if self.signature and self.target != "webhook":
            raise ValueError("expected signature with the target webhook: nothing else is signed here")
        if self.status and self.target == "webhook":
            raise ValueError("expected no status with the target webhook: its receiver answers it")
        if self.bare and self.status is None:
            raise ValueError("expected bare with a status")
        if self.refuse_seconds and (self.target != "pagerduty" or any((self.status, self.drop, self.kind))):
            raise ValueError("expected refuse_seconds alone, and with the target pagerduty, whose port is its own")
        return self

    @property
    def words(self) -> str:
        """What this fault does, in a few words."""
        parts = [f"hang {self.hang_seconds:g} s"] if self.hang_seconds else []
        parts += [f"answer {self.status}" + (" with nothing else" if self.bare else "")] if self.status else []
        what = "the webhook" if self.target == "webhook" else "the call"
        parts += [f"drop {'the answer' if self.drop == 'after' else what}"] if self.drop else []
        parts += [f"{self.signature} signature"] if self.signature else []
        parts += [f"refuse connections for {self.refuse_seconds:g} s"] if self.refuse_seconds else []
        return ", then ".join(parts)


class Faults:
    """The switches that are set: one for each target and kind, the latest wins.

    >>> faults = Faults()
    >>> faults.set(Fault(target="slack", status=503, count=1))
    >>> faults.take("pagerduty") is None, faults.take("slack").status, faults.take("slack") is None
    (True, 503, True)
    """

    def __init__(self) -> None:
        self._set: dict[_Key, Fault] = {}

    @property
    def pending(self) -> tuple[Fault, ...]:
        """The switches, each with the calls it still spoils."""
        return tuple(self._set.values())

    def set(self, fault: Fault) -> None:
        """Spoil the next calls of the fault's target, or of its kind."""
        self._set[fault.target, fault.kind] = fault

    def take(self, target: Target, kind: str | None = None) -> Fault | None:
        """Return the fault of this call, and count it; a switch for its kind comes before one for all calls."""
        rest = "rest" if target == "pagerduty" and kind not in {None, "event", "change"} else None
        keys: tuple[_Key, ...] = ((target, kind), (target, rest), (target, None))
        for key in keys:
            fault = self._set.get(key)
            if fault is not None and not fault.refuse_seconds:
                return self._count(key, fault)
        return None

    def take_refusal(self) -> Fault | None:
        """Return the fault that closes PagerDuty's port, once."""
        fault = self._set.get(("pagerduty", None))
        return self._set.pop(("pagerduty", None)) if fault is not None and fault.refuse_seconds else None

    def _count(self, key: _Key, fault: Fault) -> Fault:
        if fault.count == 1:
            del self._set[key]
        else:
            self._set[key] = fault.model_copy(update={"count": fault.count - 1})
        return fault

    def clear(self) -> None:
        """Let every call through again."""
        self._set.clear()

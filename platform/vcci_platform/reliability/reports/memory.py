"""What a report remembers: corrections that somebody agreed to, incidents and releases that somebody knows."""

from __future__ import annotations

from collections.abc import Callable

from vcci_platform.reliability.accounting import Occasion
from vcci_slo.plan import Correction, Slo
from vcci_slo.windows import Span

__all__ = ["Memory"]


class Memory:
    """A chronicle that asks when it is asked. `unknown` says what nobody here would know."""

    def __init__(
        self,
        agreed: Callable[[], tuple[Correction, ...]] = tuple,
        happened: Callable[[Slo, Span], tuple[Occasion, ...]] = lambda _slo, _span: (),
        *,
        unknown: str | Callable[[], str] = "incidents and releases",
    ) -> None:
        self._unknown = unknown
        self._agreed = agreed
        self._happened = happened

    @property
    def unknown(self) -> str:
        """What nobody here would know."""
        return self._unknown if isinstance(self._unknown, str) else self._unknown()

    def corrections(self) -> tuple[Correction, ...]:
        return self._agreed()

    def occasions(self, slo: Slo, span: Span) -> tuple[Occasion, ...]:
        return self._happened(slo, span)

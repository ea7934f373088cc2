"""What a report asks of others besides counts: what was taken out of an account, and what may have spent its budget."""

from __future__ import annotations

from typing import Protocol

from vcci_platform.reliability.accounting import Occasion
from vcci_slo.plan import Correction, Slo
from vcci_slo.windows import Span

__all__ = ["Chronicle"]


class Chronicle(Protocol):
    """Someone who remembers what happened and what was agreed."""

    @property
    def unknown(self) -> str:
        """What is not remembered here, such as releases; empty if nothing. None that is known is not none."""
        ...

    def corrections(self) -> tuple[Correction, ...]:
        """Return the corrections that count."""
        ...

    def occasions(self, slo: Slo, span: Span) -> tuple[Occasion, ...]:
        """Return the incidents and releases of a span that concern a promise, in the order in which they began."""
        ...

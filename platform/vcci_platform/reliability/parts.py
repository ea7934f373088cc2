"""The parts of a promise, each as a source of its own. All of them are asked for at once, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from vcci_platform.reliability.samples import Labels
from vcci_platform.reliability.sources import Point, Source
from vcci_slo.burn import Traffic
from vcci_slo.plan import Slo
from vcci_slo.windows import Span

__all__ = ["Parts"]

UNSEEN = Traffic(0, 0, 0)


class Parts:
    """A source that is asked once for all the parts of a span, for as long as this lives: one answer to one caller."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._known: dict[tuple[str, Span], Mapping[Labels, Traffic]] = {}

    def counted(self, slo: Slo, span: Span) -> Mapping[Labels, Traffic]:
        """Return the traffic of each part."""
        if (slo.name, span) not in self._known:
            self._known[slo.name, span] = self.source.groups(slo, span)
        return self._known[slo.name, span]

    def of(self, labels: Labels) -> Source:
        """Return one part as a source."""
        return _Part(self, labels)


class _Part:
    def __init__(self, parts: Parts, labels: Labels) -> None:
        self._parts, self._labels = parts, labels
        source = parts.source
        self.name, self.self_reported = source.name, source.self_reported
        self.keeps, self.resolution = source.keeps, source.resolution

    def traffic(self, slo: Slo, span: Span) -> Traffic:
        return self._parts.counted(slo, span).get(self._labels, UNSEEN)

    def each(self, slo: Slo, spans: Sequence[Span]) -> tuple[Traffic, ...]:
        return tuple(self.traffic(slo, span) for span in spans)

    def history(self, slo: Slo, span: Span, step: timedelta) -> tuple[Point, ...]:
        ends = [span.start + (index + 1) * step for index in range(span.length // step)]
        return tuple(Point(end, self.traffic(slo, Span(end - step, end))) for end in ends)

    def groups(self, slo: Slo, span: Span) -> Mapping[Labels, Traffic]:
        return {self._labels: self.traffic(slo, span)}

    def first_seen(self, slo: Slo, span: Span, labels: Labels = ()) -> datetime | None:
        return self._parts.source.first_seen(slo, span, labels or self._labels)

    def alerts(self) -> tuple[Mapping[str, Any], ...]:
        return ()

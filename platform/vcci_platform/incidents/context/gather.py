"""Ask every source at once, each on its own and for so long; what does not answer in time is missing, and says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vcci_platform.incidents.context.model import SOURCES, Fact, Question, Section, Unavailable
from vcci_platform.telemetry import logs

__all__ = ["Gatherer"]

SECONDS = 5.0
MOST_FACTS = 20

log = logs.get(__name__)


@dataclass
class Gatherer:
    """Asks sources by their name. One that still works at an earlier question is not asked another.

    `monotonic` counts seconds, and never goes back.
    """

    sources: Mapping[str, Callable[[Question], tuple[Fact, ...]]]
    seconds: float = SECONDS
    monotonic: Callable[[], float] = time.monotonic
    _busy: set[str] = field(default_factory=set[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, question: Question) -> tuple[Section, ...]:
        """Return what each source says, in their order."""
        began = self.monotonic()
        answers: dict[str, Section] = {}
        threads = {name: self._thread(name, question, answers) for name in self.sources}
        for thread in threads.values():
            if thread is not None:
                thread.join(max(0.0, self.seconds - (self.monotonic() - began)))
        found: list[Section] = []
        for name in [*SOURCES, *sorted(set(self.sources) - set(SOURCES))]:
            if name not in self.sources:
                found.append(Section(name, missing="this desk has nobody to ask"))
            elif threads[name] is None:
                found.append(Section(name, missing="it still works at the question before"))
            else:
                late = Section(name, missing=f"no answer within {self.seconds:g} s", seconds=self.seconds)
                with self._lock:
                    found.append(answers.get(name, late))
        return tuple(found)

    def _thread(self, name: str, question: Question, answers: dict[str, Section]) -> threading.Thread | None:
        with self._lock:
            if name in self._busy:
                return None
            self._busy.add(name)
        thread = threading.Thread(target=self._run, args=(name, question, answers), name=f"context-{name}", daemon=True)
        thread.start()
        return thread

    def _run(self, name: str, question: Question, answers: dict[str, Section]) -> None:
        began = self.monotonic()
        section = Section(name, missing="it stumbled")
        try:
            section = Section(name, tuple(self.sources[name](question))[:MOST_FACTS])
        except Unavailable as why:
            section = Section(name, missing=str(why))
        except Exception as error:  # noqa: BLE001 - whatever a source does, the others are told
            log.warning("context_not_had", origin=name, incident_id=question.incident.id, error=repr(error))
            section = Section(name, missing=f"could not be asked: {type(error).__name__}")
        finally:
            with self._lock:
                taken = self.monotonic() - began
                answers[name] = Section(name, section.facts, section.missing, round(taken, 3))
                self._busy.discard(name)

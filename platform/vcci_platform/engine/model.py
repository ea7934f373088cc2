"""What is asked of the engine, what it answers, and how much it may take for that.

PlatformError
├── EngineBusy        as many specs are being worked on and waited for as there is room for
└── EngineExhausted   a spec took more time or memory than one may, or its answer is too long
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

from vcci_platform.errors import PlatformError

__all__ = ["MIB", "TASKS", "Answer", "EngineBusy", "EngineExhausted", "Job", "Limits", "Task"]

Task = Literal["validate", "plan", "generate", "explain", "backtest"]
TASKS: Final[tuple[Task, ...]] = get_args(Task)
MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How much one posted spec may take, and how many are worked on at once. More wait, and then are refused."""

    spec_bytes: int = MIB
    history_bytes: int = 16 * MIB
    answer_bytes: int = 64 * MIB
    seconds: float = 20.0
    memory_bytes: int = 1024 * MIB
    workers: int = 2
    waiting: int = 8


@dataclass(frozen=True)
class Job:
    """One request. `json` is whether the spec is JSON; `options` are the task's own, as maps, lists and text."""

    task: Task
    spec: str
    json: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    history: str = ""

    def written(self, limits: Limits) -> bytes:
        """Return the line by which a worker is told of the job and of what it may take."""
        return json.dumps({"job": asdict(self), "limits": asdict(limits)}).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> tuple[Job, Limits]:
        """Return what `written` wrote."""
        told = json.loads(line)
        return cls(**told["job"]), Limits(**told["limits"])


@dataclass(frozen=True)
class Answer:
    """What the engine answers: the body and its kind, or the fields of a problem document."""

    status: int
    media_type: str
    body: bytes = b""
    problem: Mapping[str, Any] = field(default_factory=dict)

    def written(self) -> bytes:
        """Return the answer as a worker hands it back: a line about the body, and the body."""
        head = {"status": self.status, "media_type": self.media_type, "problem": dict(self.problem)}
        return json.dumps(head).encode() + b"\n" + self.body

    @classmethod
    def read(cls, data: bytes) -> Answer:
        """Return what `written` wrote. Raises ValueError for anything else: the worker died while it wrote."""
        head, line_end, body = data.partition(b"\n")
        if not line_end:
            raise ValueError("an answer without an end")
        told = json.loads(head)
        return cls(told["status"], told["media_type"], body, told["problem"])


class EngineBusy(PlatformError):
    """There is no room for one more spec right now."""


class EngineExhausted(PlatformError):
    """A spec took more than one may: the text says of what."""

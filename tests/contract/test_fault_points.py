"""Every step of the desk that leaves something behind is a fault point: at each one of them it dies in a test.

What writes or tells in a new way without a death of its own is found here, by its name.
"""

from __future__ import annotations

import ast
import re
import typing
from collections.abc import Iterator
from pathlib import Path

from support.fault_points import SENT, TRANSACTIONS
from support.scene import STUMBLING
from vcci_platform import incidents
from vcci_platform.incidents import ports
from vcci_platform.incidents.decisions import TimerKind
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import manual_policy
from vcci_platform.storage.database import connect
from vcci_platform.telemetry.metrics import DeskMetrics
from vcci_platform.testing import ManualClock

PACKAGE = Path(incidents.__file__).parent
FOR_OTHERS = {"_write", "_locked"}
"""Those who write for others, which then are the ones that write."""


def functions(node: ast.AST, holder: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield every function and method with its name, those inside of another one as a part of it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{holder}{child.name}", child
        else:
            yield from functions(child, f"{child.name}." if isinstance(child, ast.ClassDef) else holder)


def writes(function: ast.AST) -> bool:
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return any(re.search(r"(database\.write|\._write|\._locked)$", ast.unparse(called)) for called in calls)


def writers() -> set[str]:
    return {
        name
        for path in PACKAGE.rglob("*.py")
        for name, function in functions(ast.parse(path.read_text(encoding="utf-8")))
        if writes(function) and name.rpartition(".")[2] not in FOR_OTHERS
    }


def test_every_function_of_the_desk_that_writes_has_its_fault_points() -> None:
    assert writers() == set(TRANSACTIONS)


def test_every_timer_has_its_fault_points() -> None:
    assert set(TRANSACTIONS["Desk._ring"]) == {kind.value for kind in TimerKind}


def test_everybody_who_is_heard_has_fault_points() -> None:
    desk = Desk(connect("sqlite://"), manual_policy(), ManualClock(), DeskMetrics())
    heard = set(TRANSACTIONS["Desk.accept"]) | set(TRANSACTIONS["Desk.understand_next"])

    assert heard == {*desk._parsers, STUMBLING}


def test_every_effect_has_its_fault_points() -> None:
    assert set(TRANSACTIONS["Dispatcher.step"]) == {target.value for target in Target}
    assert {pair.partition(" ")[0] for pair in TRANSACTIONS["Dispatcher._delivered"]} == {one.value for one in Target}
    assert {pair.partition(" ")[2] for pair in TRANSACTIONS["Dispatcher._delivered"]} == {kind.value for kind in Kind}


def test_every_call_that_tells_a_vendor_something_has_its_fault_points() -> None:
    hints = typing.get_type_hints(Dispatcher.__init__)
    calls: set[str] = set()
    for name, hint in hints.items():
        for port in (hint, *typing.get_args(hint)):
            if getattr(port, "__module__", "") == ports.__name__:
                calls |= {f"{name}.{method}" for method in vars(port) if not method.startswith("_")}

    assert {call.partition(" ")[0] for call in SENT} == calls
    assert {target for target, _ in SENT.values()} == {target.value for target in Target}

"""The printing press, a program of its own: a document comes in as JSON, a PDF goes out, and troubles stay here.

It is run by its path, so that it imports nothing but typst. Typst keeps what it has set in memory and may fail in ways
that end a process; the desk that pages people must not be that process.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MEMORY_BYTES = 3 * 1024**3 // 2
CPU_SECONDS = 120
TEMPLATE = Path(__file__).parent / "templates" / "report.typ"


def main() -> int:
    """Read a document from standard input, write its PDF to standard output; 1 if it cannot be set."""
    with contextlib.suppress(OSError, ValueError):  # a machine that sets lower limits keeps its own
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    with contextlib.suppress(OSError):
        os.nice(10)
    with contextlib.suppress(OSError):  # Linux: where memory runs out, let it be this process that goes
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    import typst  # noqa: PLC0415 - after the limits

    job = json.load(sys.stdin)
    try:
        found = _set(typst.compile, job, pdf_standards=["a-2a"], ignore_system_fonts=True)
    except typst.TypstError:
        # A writing that typst's own fonts lack, such as Japanese: PDF/A allows no empty boxes, so this is a common PDF,
        # set with the fonts of the machine too. Where none of them has it either, there are boxes, but a report.
        try:
            found = _set(typst.compile, job, pdf_standards=["1.7"], ignore_system_fonts=False)
        except typst.TypstError as error:
            sys.stderr.write(f"{error.message}\n{error.diagnostic}\n")
            return 1
    sys.stdout.buffer.write(found)
    return 0


def _set(press: Callable[..., bytes], job: Mapping[str, Any], **how: Any) -> bytes:
    """Return the PDF; the only moment that it knows is the one that it is given."""
    made_at = datetime.fromtimestamp(job["made_at"], UTC)
    inputs = {"document": json.dumps(job["document"])}
    return press(TEMPLATE.read_bytes(), format="pdf", sys_inputs=inputs, timestamp=made_at, **how)


if __name__ == "__main__":
    sys.exit(main())

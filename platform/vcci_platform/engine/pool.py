"""Worker processes for posted specs: a few at once, some that wait, a deadline for each, one of them started ahead."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
from dataclasses import dataclass
from typing import Final

from vcci_platform.engine.model import Answer, EngineBusy, EngineExhausted, Job, Limits
from vcci_platform.engine.worker import TOO_MUCH_MEMORY
from vcci_platform.telemetry import logs

__all__ = ["Pool"]

log = logs.get(__name__)

COMMAND: Final = (sys.executable, "-I", "-X", "utf8", "-m", "vcci_platform.engine.worker")
START_SECONDS: Final = 15.0
"""How long a worker may take to begin, on a machine that is busy."""

CHUNK: Final = 65536
MOST_SAID: Final = 4000
_LESS: Final = "Post fewer promises at once, a shorter history, or ask for fewer outputs with `only`."
_NO_MEMORY: Final = re.compile(rb"MemoryError|memory alloc|cannot allocate|out of memory|bad_alloc", re.IGNORECASE)
"""What the interpreter and its libraries say at the end of their memory."""


@dataclass(eq=False)
class _Worker:
    """A process that waits for its one job, and the folder that it may write to."""

    process: asyncio.subprocess.Process
    folder: tempfile.TemporaryDirectory[str]

    def end(self) -> None:
        """Kill whatever is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


class Pool:
    """Carries out jobs in processes of their own. Made once for each event loop; `close` ends what still runs."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._room = asyncio.Semaphore(limits.workers)
        self._pending = 0
        self._ahead: _Worker | None = None
        self._starting: asyncio.Task[None] | None = None
        self._running: set[_Worker] = set()

    async def carry_out(self, job: Job) -> Answer:
        """Return the answer to a job.

        Raises EngineBusy if too many are waiting already, EngineExhausted if the job takes more than one may.
        """
        if self._pending >= self.limits.workers + self.limits.waiting:
            raise EngineBusy(f"{self._pending} specs are being worked on or wait; ask again in a moment")
        self._pending += 1
        try:
            async with self._room:
                return await self._one(job)
        finally:
            self._pending -= 1

    async def _one(self, job: Job) -> Answer:
        worker = await self._take()
        self._running.add(worker)
        try:
            async with asyncio.timeout(self.limits.seconds + START_SECONDS):
                data, said = await self._talk(worker, job)
                code = await worker.process.wait()
        except TimeoutError:
            raise EngineExhausted(f"It took more than {self.limits.seconds:g} seconds. {_LESS}") from None
        finally:
            worker.end()
            self._running.discard(worker)
            await worker.process.wait()
            await asyncio.to_thread(worker.folder.cleanup)
            self._start_ahead()
        return self._judged(data, said, code)

    def _judged(self, data: bytes, said: bytes, code: int) -> Answer:
        if code in {-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL}:
            raise EngineExhausted(f"It took more than {self.limits.seconds:g} seconds of work. {_LESS}")
        try:
            answer = Answer.read(data) if code == 0 else None
        except ValueError:
            answer = None
        memory = _NO_MEMORY.search(said) is not None
        if (answer is not None and answer.status == TOO_MUCH_MEMORY) or (answer is None and memory):
            raise EngineExhausted(f"It took more than {self.limits.memory_bytes // 1024**2} MiB of memory. {_LESS}")
        if answer is None:
            log.error("engine_worker_failed", exit_code=code, said=said.decode(errors="replace")[-MOST_SAID:])
            raise RuntimeError(f"the engine's worker ended with {code}")
        return answer

    async def _talk(self, worker: _Worker, job: Job) -> tuple[bytes, bytes]:
        process = worker.process
        told, answered, said = process.stdin, process.stdout, process.stderr
        if told is None or answered is None or said is None:
            raise RuntimeError("a worker without pipes")

        async def tell() -> None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                told.write(job.written(self.limits))
                await told.drain()
                told.close()

        _, data, errors = await asyncio.gather(
            tell(), _read(answered, self.limits.answer_bytes + CHUNK), _read(said, MOST_SAID)
        )
        return data, errors

    async def _take(self) -> _Worker:
        if self._starting is not None:
            await self._starting
        worker, self._ahead = self._ahead, None
        if worker is not None and worker.process.returncode is None:
            return worker
        return await _start()

    def _start_ahead(self) -> None:
        """Start the next worker now: it is ready when the next spec comes."""
        if self._ahead is None and self._starting is None:
            self._starting = asyncio.create_task(self._keep_ahead())

    async def _keep_ahead(self) -> None:
        try:
            self._ahead = await _start()
        except OSError as error:
            log.warning("engine_worker_not_started", error=str(error))
        finally:
            self._starting = None

    async def close(self) -> None:
        """End every worker."""
        if self._starting is not None:
            await self._starting
        left = [*self._running, *([self._ahead] if self._ahead else [])]
        self._ahead = None
        for worker in left:
            worker.end()
            await worker.process.wait()
            worker.folder.cleanup()


async def _start() -> _Worker:
    folder = tempfile.TemporaryDirectory(prefix="vcci-engine-")
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder.name,
        env=_environment(),
        start_new_session=True,
    )
    return _Worker(process, folder)


def _environment() -> dict[str, str]:
    """Return an environment without secrets. One thread for numpy: each takes memory of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


async def _read(stream: asyncio.StreamReader, most: int) -> bytes:
    """Return what a stream says, up to its end; what is beyond the most is read and dropped."""
    found = bytearray()
    while chunk := await stream.read(CHUNK):
        if len(found) < most:
            found += chunk
    return bytes(found)

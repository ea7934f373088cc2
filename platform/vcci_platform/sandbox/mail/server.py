"""The mail server's edge: a listener on loopback that speaks SMTP line by line."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Final

from vcci_platform.sandbox.mail.model import LETTER_BYTES, Session, read_letter

if TYPE_CHECKING:
    from vcci_platform.sandbox.state import Sandbox

__all__ = ["serve_mail"]

SILENCE_SECONDS: Final = 60.0


async def serve_mail(sandbox: Sandbox, listener: socket.socket, stopping: asyncio.Event) -> None:
    """Take letters until told to stop; sessions that are open then are closed."""

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError, ValueError):
            await _attend(sandbox, reader, writer)
        writer.close()

    server = await asyncio.start_server(attend, sock=listener, limit=LETTER_BYTES)
    await stopping.wait()
    server.close()


async def _attend(sandbox: Sandbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    session = Session()
    await _say(writer, "220 vcci sandbox: nobody is woken")
    while not session.over:
        line = await asyncio.wait_for(reader.readuntil(b"\n"), SILENCE_SECONDS)
        await _say(writer, session.say(line))
        if session.wants_data:
            raw = await asyncio.wait_for(reader.readuntil(b"\r\n.\r\n"), SILENCE_SECONDS)
            sender, recipients = session.envelope
            unstuffed = raw[:-3].replace(b"\r\n..", b"\r\n.")
            sandbox.take_letter(read_letter(unstuffed, sender, recipients, sandbox.clock.now()))
            session.reset()
            await _say(writer, "250 shown on the board")


async def _say(writer: asyncio.StreamWriter, answer: str) -> None:
    writer.write(f"{answer}\r\n".encode())
    await writer.drain()

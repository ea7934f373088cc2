"""A refusal: the answer in the vendor's own words, and the note that our page shows."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

__all__ = ["Refused", "install"]


class Refused(Exception):
    """A stand-in does not take a call; `answer` is what the vendor would say."""

    def __init__(self, answer: Response, note: str) -> None:
        super().__init__(note)
        self.answer = answer
        self.note = note


def install(app: FastAPI) -> None:
    """Answer every refusal, and note it with the call."""

    @app.exception_handler(Refused)
    async def on_refused(request: Request, refusal: Refused) -> Response:
        request.state.note = f"refused: {refusal.note}"
        return refusal.answer

"""One question over HTTP with an end in size and in time, and one sentence for each way in which it can fail."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from vcci_platform.asking.errors import NotAllowed, OddAnswer, Refused, TooMuch, Unreachable, WrongAddress

__all__ = ["Asker", "Bounds", "Parameters", "address_of", "shown"]

PATH_ENDINGS: Final = ("/graph", "/query", "/targets", "/api/v1", "/api")
"""What people copy from their browser's address bar."""

_TITLE = re.compile(r"<title[^>]*>([^<]*)</title>", re.IGNORECASE)
_USER = re.compile(r"//[^/]*@")
_SHOWN = 200

Parameters = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Bounds:
    """How much may be asked: bytes of one answer after decompression, seconds for one; questions and seconds in all.

    The rules of five thousand promises are about 50 MB. Prometheus gives up on a query after two minutes, a person
    does so sooner.
    """

    answer_bytes: int = 64 * 1024 * 1024
    answer_seconds: float = 20.0
    questions: int | None = None
    all_seconds: float | None = None


def address_of(text: str, program: str = "Prometheus") -> str:
    """Return the address of a program from what a person typed or copied; a user and password stay in it.

    >>> address_of("http://prometheus.example:9090/graph?g0.expr=up")
    'http://prometheus.example:9090'

    Raises WrongAddress for what is no http(s) address.
    """
    parts = urlsplit("")
    try:
        parts = urlsplit(text.strip())
        is_right = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        httpx.URL(text.strip())
    except (ValueError, httpx.InvalidURL):
        is_right = False
    if not is_right:
        example = "http://alertmanager:9093" if program == "Alertmanager" else "http://localhost:9090"
        raise WrongAddress(f"expected the address of {program} such as {example}, found {_USER.sub('//…@', text)!r}")
    path = parts.path.rstrip("/")
    ending = next((one for one in PATH_ENDINGS if path.endswith(one)), "")
    return urlunsplit((parts.scheme, parts.netloc, path.removesuffix(ending).rstrip("/"), "", ""))


def shown(url: str) -> str:
    """Return an address without the name and password that may stand in it.

    >>> shown("http://me:secret@prometheus:9090/")
    'http://prometheus:9090'
    """
    return _USER.sub("//", url).rstrip("/")


class Asker:
    """Asks one program. Redirects are not followed: they lead to a page for people, or to somebody else.

    A user and password in the address are sent unless the client already introduces itself. `monotonic` counts
    seconds and never goes back.
    """

    def __init__(
        self,
        client: httpx.Client,
        program: str,
        url: str,
        bounds: Bounds | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        address = address_of(url, program)
        self.program = program
        self.url = shown(address)
        self.questions = 0
        self._client = client
        self._bounds = bounds or Bounds()
        self._monotonic = monotonic
        self._began = monotonic()
        parts = urlsplit(address)
        is_known = client.auth is not None or "authorization" in client.headers
        self._own = None if is_known or not parts.username else _basic(parts.username, parts.password)
        self._introduced = is_known or self._own is not None

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return the JSON of an answer. Raises AskingError if there is none."""
        return self._ask("GET", path, params=dict(parameters or {}))

    def post(self, path: str, form: Parameters) -> Any:
        """Return the JSON of an answer to a form, for questions too long for an address."""
        return self._ask("POST", path, data=dict(form))

    def odd(self, how: str) -> OddAnswer:
        """Return the error for an answer of another form."""
        return OddAnswer(self.program, self.url, how)

    # --- one question -------------------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        what = path.removeprefix("/api/v1/")
        seconds = self._allowed()
        self.questions += 1
        try:
            with self._client.stream(
                method,
                self.url + path,
                headers={"Accept": "application/json"},
                auth=self._own or httpx.USE_CLIENT_DEFAULT,
                timeout=seconds,
                follow_redirects=False,
                **content,
            ) as answer:
                body = self._body(answer, what, seconds)
        except httpx.TimeoutException:
            raise self._slow(what, seconds) from None
        except httpx.DecodingError:
            raise self.odd("it says that its answer is compressed, and it is not") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            hint = "; --ca-file names an authority to trust" if "CERTIFICATE_VERIFY_FAILED" in reason else ""
            raise Unreachable(self.program, self.url, f"{reason}{hint}") from None
        return self._understood(answer, body)

    def _allowed(self) -> float:
        """Return how many seconds the next answer may take. Raises TooMuch when everything allowed is used up."""
        bounds, passed = self._bounds, self._monotonic() - self._began
        left = bounds.answer_seconds if bounds.all_seconds is None else bounds.all_seconds - passed
        if left <= 0 or (bounds.questions is not None and self.questions >= bounds.questions):
            raise TooMuch(
                self.program, self.url, f"was asked {self.questions} questions in {passed:.0f} s, and no more"
            )
        return min(left, bounds.answer_seconds)

    def _slow(self, what: str, seconds: float) -> TooMuch:
        return TooMuch(self.program, self.url, f"takes more than {seconds:.3g} s for {what}")

    def _body(self, answer: httpx.Response, what: str, seconds: float) -> bytes:
        body, end, limit = bytearray(), self._monotonic() + seconds, self._bounds.answer_bytes
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > limit:
                raise TooMuch(self.program, self.url, f"answers {what} with more than {limit // 1024 // 1024} MiB")
            if self._monotonic() > end:
                raise self._slow(what, seconds)
        return bytes(body)

    def _understood(self, answer: httpx.Response, body: bytes) -> Any:
        """Return what was said, or say who answered instead."""
        status = answer.status_code
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise NotAllowed(self.program, self.url, status, introduced=self._introduced)
        if 300 <= status < 400:
            where = _shortened(_USER.sub("//", answer.headers.get("location", "nowhere").partition("?")[0]))
            raise self.odd(f"it sends us on to {where} ({status}), as login pages do")
        try:
            said = json.loads(body)
            if b"\\ud" in body.lower():  # half of a letter, which no file can hold
                json.dumps(said, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise self.odd(_page(answer, body)) from None
        if not answer.is_success:
            raise Refused(self.program, self.url, status, _shortened(_reason(said)))
        return said


def _basic(user: str, password: str | None) -> httpx.BasicAuth:
    return httpx.BasicAuth(unquote(user), unquote(password or ""))


def _reason(said: Any) -> str:
    """Return why something was refused: Prometheus has `error`, a problem document `detail`, Alertmanager a text."""
    if isinstance(said, Mapping):
        return str(said.get("error") or said.get("detail") or said.get("message") or "")
    return said if isinstance(said, str) else ""


def _page(answer: httpx.Response, body: bytes) -> str:
    text, status = body[:100_000].decode("utf-8", "replace"), answer.status_code
    if "html" in answer.headers.get("content-type", "") or "<html" in text[:2000].lower():
        title = _TITLE.search(text)
        named = f" titled {_shortened(title[1].strip())!r}" if title and title[1].strip() else ""
        return f"it answers {status} with a web page{named}; is a proxy or a login in between?"
    said = _shortened(" ".join(text.split()))
    return f"it answers {status} with {said!r}" if said else f"it answers {status} with nothing"


def _shortened(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return printable if len(printable) <= _SHOWN else f"{printable[:_SHOWN]}…"

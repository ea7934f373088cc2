"""Mail through a real SMTP conversation with a server of the test's own."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Generator
from dataclasses import dataclass, field

import pytest

from vcci_platform.incidents.ports import Delivered, Failed, Letter
from vcci_platform.incidents.vendors.mail import Mail, MailAddressError
from vcci_platform.testing import ManualClock

LETTER = Letter("effect-7.inc_1", ("director@example.com",), "[P0] Requests fail: begins", "Requests fail.\n.dot\nÜ")


@dataclass
class Post:
    """A mail server that keeps letters, and answers some commands as it is told."""

    port: int = 0
    letters: list[str] = field(default_factory=list[str])
    answers: dict[str, str] = field(default_factory=dict[str, str])


@pytest.fixture
def post() -> Generator[Post]:
    kept = Post()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 post.test")
            while command := self.rfile.readline().decode().strip():
                verb = command.split(" ")[0].split(":")[0].upper()
                if verb in kept.answers:
                    self._say(kept.answers[verb])
                elif verb == "DATA":
                    self._say("354 go on")
                    self._take()
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _say(self, words: str) -> None:
            self.wfile.write(f"{words}\r\n".encode())

        def _take(self) -> None:
            lines: list[str] = []
            while (line := self.rfile.readline().decode()) != ".\r\n":
                lines.append(line)
            kept.letters.append("".join(lines))
            self._say("250 taken")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        kept.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


def mail(post: Post) -> Mail:
    return Mail(f"smtp://127.0.0.1:{post.port}", "desk@example.com", ManualClock(), timeout_seconds=5)


def test_a_letter_arrives_under_an_id_that_stays_when_it_is_sent_again(post: Post) -> None:
    assert mail(post).send(LETTER) == Delivered({})
    assert mail(post).send(LETTER) == Delivered({})

    first, again = post.letters
    assert first == again
    assert "Message-ID: <effect-7.inc_1@vcci.desk>" in first
    assert "Auto-Submitted: auto-generated" in first
    assert "To: director@example.com" in first


@pytest.mark.parametrize(
    ("verb", "answer", "retryable"),
    [
        ("RCPT", "550 no such user", False),
        ("MAIL", "451 later", True),
        ("MAIL", "552 too much", False),
        ("DATA", "421 closing", True),
    ],
)
def test_what_the_server_says_decides_whether_to_ask_again(
    post: Post, verb: str, answer: str, *, retryable: bool
) -> None:
    post.answers[verb] = answer
    outcome = mail(post).send(LETTER)

    assert isinstance(outcome, Failed)
    assert outcome.retryable == retryable
    assert post.letters == []


def test_nobody_there_is_not_ambiguous() -> None:
    nowhere = Mail("smtp://127.0.0.1:1", "desk@example.com", ManualClock(), timeout_seconds=1)
    outcome = nowhere.send(LETTER)

    assert isinstance(outcome, Failed)
    assert (outcome.retryable, outcome.ambiguous) == (True, False)


@pytest.mark.parametrize("url", ["", "http://host", "smtp://", "host:25"])
def test_an_address_that_is_none_is_refused_without_being_told(url: str) -> None:
    with pytest.raises(MailAddressError, match="SMTP_URL: expected smtp://"):
        Mail(url, "desk@example.com", ManualClock())

"""The mail server that delivers nothing: its session, line by line, and what a reader sees."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from vcci_platform.sandbox import Sandbox
from vcci_platform.sandbox.mail.model import Session, read_letter


def told(*lines):
    session = Session()
    return [session.say(line)[:3] for line in lines]


def test_a_letter_is_taken_in_the_order_that_the_standard_says():
    lines = (
        b"EHLO desk",
        b"MAIL FROM:<desk@b.test> SIZE=11",
        b"RCPT TO:<ada@b.test>",
        b"RCPT TO:<ben@b.test>",
        b"DATA",
    )
    session = Session()

    answers = [session.say(line)[:3] for line in lines]

    assert answers == ["250", "250", "250", "250", "354"]
    assert session.wants_data
    assert session.envelope == ("desk@b.test", ("ada@b.test", "ben@b.test"))


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ([b"MAIL FROM:<a@b.test>"], "503"),
        ([b"EHLO x", b"RCPT TO:<a@b.test>"], "503"),
        ([b"EHLO x", b"MAIL FROM:<a@b.test>", b"DATA"], "503"),
        ([b"EHLO x", b"MAIL a@b.test"], "501"),
        ([b"EHLO x", b"MAIL FROM:<a@b.test>", b"RSET", b"RCPT TO:<a@b.test>"], "503"),
        ([b"STARTTLS"], "502"),
        ([b"\xff\xfe"], "502"),
        ([b"QUIT"], "221"),
    ],
)
def test_what_is_out_of_order_or_unknown_is_refused_with_its_code(lines, answer):
    assert told(*lines)[-1] == answer


def letter(clock, subject="P0: élève requests fail"):
    message = EmailMessage()
    message["Subject"] = subject
    message["Message-ID"] = "<eff_11@vcci.desk>"
    message.set_content("Nobody could be paged.\n<script>alert(1)</script>")
    return read_letter(message.as_bytes(), "desk@b.test", ("ada@b.test",), clock.now())


def test_letters_are_shown_on_the_board_and_never_run(client, sandbox, clock, state):
    sandbox.take_letter(letter(clock))

    page = client.get("/").text
    (shown,) = state()["mail"]["letters"]

    assert "P0: élève requests fail" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert (shown["message_id"], shown["recipients"]) == ("<eff_11@vcci.desk>", ["ada@b.test"])


def test_letters_survive_a_restart(tmp_path, clock):
    path = tmp_path / "sandbox.jsonl"
    before = Sandbox(clock=clock, journal=path)
    before.take_letter(letter(clock))

    assert Sandbox(clock=clock, journal=path).mailbox.letters == before.mailbox.letters

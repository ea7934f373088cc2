"""Mail, through a server that speaks SMTP: to those who are told, and when a page goes no other way."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from vcci_platform.clock import Clock
from vcci_platform.incidents.ports import Delivered, Failed, Letter, Outcome
from vcci_platform.incidents.vendors.pace import Paces, Rate, own_paces, rate_key

__all__ = ["Mail", "MailAddressError"]

LETTERS_PER_MINUTE = 60
TIMEOUT_SECONDS = 8.0
PORTS = {"smtp": 587, "smtps": 465}
FIRST_PERMANENT = 500


class MailAddressError(ValueError):
    """The address of the mail server is none."""


class Mail:
    """A mail server, named as `smtp://user:password@host:587` (with STARTTLS where it is offered) or `smtps://`."""

    def __init__(
        self,
        url: str,
        sender: str,
        clock: Clock,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        paces: Paces | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise MailAddressError("SMTP_URL: expected smtp://host:587 or smtps://host:465")
        self._host, self._tls = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or PORTS[parts.scheme]
        self._login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._sender = sender
        self._clock = clock
        self._timeout = timeout_seconds
        rate = Rate(rate_key("mail", f"{self._host}:{self._port} {sender}"), LETTERS_PER_MINUTE)
        self._pace = (paces or own_paces(clock))(rate)

    def send(self, letter: Letter) -> Outcome:
        """Send a letter. Its Message-ID follows from its id, so that a mailbox shows two of the same as one."""
        if wait := self._pace.take().wait:
            return Failed("kept to the mail server's rate", retryable=True, after=wait, counts=False)
        sent = False
        try:
            with self._connected() as server:
                sent = True
                refused = server.send_message(self._message(letter))
        except smtplib.SMTPRecipientsRefused as error:
            return Failed(f"every recipient was refused: {sorted(error.recipients)}", retryable=False)
        except smtplib.SMTPResponseException as error:
            text = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else ""
            return Failed(f"{error.smtp_code}: {text}"[:300], retryable=error.smtp_code < FIRST_PERMANENT)
        except (smtplib.SMTPException, OSError) as error:
            return Failed(f"no answer: {type(error).__name__}", retryable=True, ambiguous=sent)
        return Delivered({"refused": sorted(refused)} if refused else {})

    def _connected(self) -> smtplib.SMTP:
        """Return a session with the server: mail is rare, so none is kept open."""
        if self._tls:
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
        if self._login is not None:
            server.login(*self._login)
        return server

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = ", ".join(letter.to)
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{letter.id}@vcci.desk>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        return message

"""E-mail over SMTP: one connection per sender, used again for every message.

What matters is where a failure struck. Before the text went out nothing was sent, and trying again is safe. From the moment it
may have gone out, until the server has answered, the outcome is in doubt. A reply is kept as its code: its text may hold
the address.
"""

import asyncio
import base64
import logging
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPResponseException

from services.notify.sending.domain.bounces import Stamps
from services.notify.sending.domain.port import Attempt, Message

logger = logging.getLogger(__name__)
_BROKEN = (SMTPException, OSError, TimeoutError)
IDLE_SECONDS = 5  # after that the server may have hung up: ask before a notice is taken


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """Where and how to send. `security`: none, starttls (refused if the server cannot), or tls from the first byte."""

    host: str
    port: int
    security: str
    username: str | None
    password: str | None
    sender: str
    timeout_seconds: float
    certificates: str | None = None  # file of the authorities to trust; the system's without
    stamps: Stamps | None = None  # without them nobody takes bounces in
    bounces: str | None = None  # the address that bounces go to, with the stamp behind its name; else the sender's

    def name(self, message: Message) -> str:
        """Return by what name a mail is known: its id, stamped where bounces are taken in."""
        return self.stamps.stamp(message.id) if self.stamps else message.id

    def return_path(self, message: Message) -> str:
        """Return where a bounce of a mail goes to: an address of its own (VERP) where there is one for bounces."""
        if self.bounces is None or self.stamps is None:
            return self.sender
        mailbox, _, domain = self.bounces.rpartition("@")
        return f"{mailbox}+{self.stamps.stamp(message.id)}@{domain}"


def encode(message: Message, sender: str, name: str = "") -> bytes:
    """Return the message as it goes over the wire (RFC 5322, 2045, 2047): its Message-ID is the same for every attempt.

    The Message-ID is of `name`, or else of the message's id.

    By hand: `EmailMessage` parses every header that it is given, which costs 1.2 ms a mail. All values here are
    checked ASCII, but for the subject, which is encoded.
    """
    head = {
        "From": sender,
        "To": message.to,
        "Subject": Header(message.subject, "utf-8").encode(linesep="\r\n"),
        "Message-ID": f"<{name or message.id}@{sender.rpartition('@')[2]}>",
        "Date": format_datetime(message.at),
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "base64",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    body = base64.encodebytes(message.body.replace("\n", "\r\n").encode()).replace(b"\n", b"\r\n")
    return lines.encode("ascii") + b"\r\n" + body


class SmtpSession:
    """One connection. Not for concurrent use."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._client: aiosmtplib.SMTP | None = None
        self._used_at = 0.0

    async def open(self) -> bool:
        """Return whether the server is there and takes our credentials; connect if need be."""
        now = asyncio.get_running_loop().time()
        if self._client is not None:
            if now - self._used_at < IDLE_SECONDS:
                return True
            try:
                await self._client.noop()
                self._used_at = now
                return True
            except _BROKEN:
                self.close()
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            username=server.username,
            password=server.password,
            timeout=server.timeout_seconds,
            cert_bundle=server.certificates,
        )
        try:
            await client.connect()
        except _BROKEN as error:
            client.close()
            logger.warning("smtp.unreachable", extra={"error": type(error).__name__})
            return False
        self._client, self._used_at = client, now
        return True

    def close(self) -> None:
        """End the connection without asking."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def send(self, message: Message) -> Attempt:
        """Send one message and return how it ended; never raises for what a server or network does."""
        assert self._client is not None
        try:
            content = encode(message, self._server.sender, self._server.name(message))
        except ValueError:  # an address outside ASCII, where a utility's own policy lets one in
            return Attempt("permanent", "cannot_be_encoded")
        attempt = await self._envelope(message)
        if attempt is None:
            attempt = await self._text(content)
        self._used_at = asyncio.get_running_loop().time()
        if attempt.result != "accepted":
            # the session's state is not worth guessing: the next message starts on a fresh one
            self.close()
        return attempt

    async def _envelope(self, message: Message) -> Attempt | None:
        """Name sender and recipient; None where the server takes both."""
        assert self._client is not None
        try:
            await self._client.mail(self._server.return_path(message))
        except SMTPResponseException as refused:
            # a refused sender is our own fault or the server's, not this notice's: never final
            return Attempt("temporary", f"smtp.mail.{refused.code}")
        except _BROKEN as error:
            return Attempt("temporary", _code(error))
        try:
            await self._client.rcpt(message.to)
        except SMTPResponseException as refused:
            return _refused(refused)
        except _BROKEN as error:
            return Attempt("temporary", _code(error))
        return None

    async def _text(self, content: bytes) -> Attempt:
        assert self._client is not None
        try:
            await self._client.data(content)
        except SMTPResponseException as refused:
            return _refused(refused)
        except _BROKEN as error:
            return Attempt("in_doubt", _code(error))
        return Attempt("accepted")


def _refused(refused: SMTPResponseException) -> Attempt:
    code = f"smtp.{refused.code}"
    if 400 <= refused.code < 500:
        return Attempt("temporary", code)
    # a reply that no SMTP server should give is no proof of anything
    return Attempt("permanent" if 500 <= refused.code < 600 else "in_doubt", code)


def _code(error: BaseException) -> str:
    return "smtp.timeout" if isinstance(error, TimeoutError) else "smtp.connection_lost"

"""A real SMTP server (aiosmtpd) in a thread of its own, with switches for what goes wrong in the field."""

import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from threading import Lock
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from shared.testing.servers import free_port

Fault = str
"""What to do with one message: `accept`, `temporary` (451 to the recipient), `permanent` (550 to the recipient),
`temporary_data` (451 after the text), `permanent_data` (554 after the text), `drop_before_data` (hang up at the recipient),
`drop_after_data` (take the message, hang up without an answer), `lose_after_data` (hang up without taking it)."""

REPLIES = {
    "temporary": "451 4.3.0 Try again later",
    "permanent": "550 5.1.1 No such user",
    "temporary_data": "451 4.3.0 Try again later",
    "permanent_data": "554 5.6.0 Not taken",
}


@dataclass(frozen=True)
class Mail:
    """A message that the server took, once for every time it was sent."""

    recipient: str
    message: Message

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        """The body, decoded."""
        payload = self.message.get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode()


class SmtpServer:
    """Use as a context manager; `mails` are the messages taken, in order.

    `faults` answers (recipient, how many times this recipient was tried before) with a `Fault`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        faults: Callable[[str, int], Fault] = lambda recipient, tried: "accept",
        tls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.faults = faults
        self.mails: list[Mail] = []
        self.connections = 0
        self._tried: Counter[str] = Counter()
        self._lock = Lock()
        self._login = login
        options: dict[str, Any] = {}
        if tls is not None:
            options |= {"tls_context": tls, "require_starttls": True}
        if login is not None:
            options |= {"authenticator": self._authenticate, "auth_required": True}
        self._controller = Controller(self, hostname="127.0.0.1", port=port or free_port(), **options)

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def recipients(self) -> Counter[str]:
        """Return how many messages each recipient got."""
        with self._lock:
            return Counter(mail.recipient for mail in self.mails)

    def message_ids(self) -> Counter[str]:
        """Return how often each Message-ID arrived: more than once is a duplicate."""
        with self._lock:
            return Counter(mail.message_id for mail in self.mails)

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert self._login is not None
        name, password = self._login
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (name.encode(), password.encode())
        return AuthResult(success=good)

    # aiosmtpd's hooks

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        with self._lock:
            fault = self.faults(address, self._tried[address])
            self._tried[address] += 1
        if fault in ("temporary", "permanent"):
            return REPLIES[fault]
        if fault == "drop_before_data":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        envelope.fault = fault
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        fault = envelope.fault
        if fault in REPLIES:
            return REPLIES[fault]
        if fault != "lose_after_data":
            message = message_from_bytes(envelope.content)
            with self._lock:
                self.mails.extend(Mail(recipient, message) for recipient in envelope.rcpt_tos)
        if fault in ("drop_after_data", "lose_after_data"):
            server.transport.abort()
        return "250 OK"

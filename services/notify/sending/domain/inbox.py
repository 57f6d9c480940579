"""What takes receipts of gateways in: it knows whether a call is proved to be from whom it says, and what it says. Pure."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs  # lint: skip=PURE-IMPORT only takes texts apart

from services.notify.sending.domain import wechat, wire
from services.notify.sending.domain.providers import Receipts
from services.notify.sending.domain.wire import Said


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call as it came: names of headers in small letters, `secret` from its path, `now` in seconds since 1970."""

    method: str
    secret: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    query: str = field(repr=False)
    body: bytes = field(repr=False)
    now: int


class Inbox(Protocol):
    """Takes the receipts of one gateway."""

    def proved(self, call: Call) -> bool:
        """Return whether the call is from the gateway."""

    def read(self, call: Call) -> Sequence[Said]:
        """Return what the call says. Raises `Unreadable`."""

    def answer(self, call: Call) -> str:
        """Return what the gateway wants to hear."""


class SmsReceipts:
    """Receipts of SMS, as the provider's document says."""

    def __init__(self, receipts: Receipts, secret: str) -> None:
        self._receipts = receipts
        self._secret = secret

    def proved(self, call: Call) -> bool:
        if self._receipts.proof.over is None:
            return hmac.compare_digest(call.secret.encode(), self._secret.encode())
        return not call.secret and wire.proved(self._receipts.proof, self._secret, call.headers, call.body, call.now)

    def read(self, call: Call) -> Sequence[Said]:
        return wire.receipts(self._receipts, call.query, call.body)

    def answer(self, call: Call) -> str:
        return self._receipts.answer


class WeChatEvents:
    """Events of a WeChat official account (事件推送), in plain text mode."""

    def __init__(self, token: str) -> None:
        self._token = token

    def proved(self, call: Call) -> bool:
        given = {name: values[0] for name, values in parse_qs(call.query).items()}
        signature, timestamp, nonce = (given.get(name, "") for name in ("signature", "timestamp", "nonce"))
        return not call.secret and wechat.signed(
            self._token, signature=signature, timestamp=timestamp, nonce=nonce, now=call.now
        )

    def read(self, call: Call) -> Sequence[Said]:
        return [] if call.method == "GET" else wechat.receipt(call.body)

    def answer(self, call: Call) -> str:
        """Return `success`, or the text by which WeChat checks an address when it is entered."""
        echo = parse_qs(call.query).get("echostr", [""])[0]
        return echo if call.method == "GET" and echo.isascii() and echo.isalnum() else "success"

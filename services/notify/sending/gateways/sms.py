"""SMS over HTTP: how a provider is asked and what it answers is its document's to say (`domain/providers.py`).

A message that is in doubt is asked for before it is sent again, where the document says how; where it does not, it goes out once
more under the same id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.notify.sending.domain import wire
from services.notify.sending.domain.port import Attempt, Message
from services.notify.sending.domain.providers import Call, Provider
from services.notify.sending.domain.wire import Meaning
from services.notify.sending.gateways.session import Connectionless
from shared.outcalls import Caller, InDoubtError, NotSentError, Server


@dataclass(frozen=True, kw_only=True)
class SmsAccount:
    """What the provider knows us by, and where it sends receipts."""

    user: str
    secret: str = field(repr=False)
    sender: str
    receipts: str = field(repr=False)


class Sms(Connectionless):
    """One provider; it keeps nothing, so that all senders may use it at the same time."""

    def __init__(self, provider: Provider, server: Server, account: SmsAccount) -> None:
        self._provider = provider
        self._caller = Caller(server)
        self._account = account

    async def send(self, message: Message) -> Attempt:
        """Send one message, or say what became of it where it is in doubt; never raises for what a provider does."""
        values = self._values(message)
        if message.again and self._provider.query is not None:
            found = await self._ask(self._provider.query, values)
            if isinstance(found, Attempt):  # it could not be asked: what was in doubt still is
                return Attempt("in_doubt", found.code)
            if found.means == "taken":
                return Attempt("accepted", reference=found.reference)
            if found.means == "failed":
                return Attempt("permanent", _code(found.code), proved=True)
            if found.means == "in_doubt":
                return Attempt("in_doubt", _code(found.code))
        answer = await self._ask(self._provider.send, values)
        if isinstance(answer, Attempt):
            return answer
        if answer.means == "accepted":
            return Attempt("accepted", reference=answer.reference)
        if answer.means == "permanent":
            return Attempt("permanent", _code(answer.code))
        return Attempt("temporary" if answer.means == "temporary" else "in_doubt", _code(answer.code))

    async def _ask(self, call: Call, values: Mapping[str, str]) -> Meaning | Attempt:
        asked = wire.request(call, self._provider.signing, values)
        try:
            answer = await self._caller.call(asked.method, asked.target, asked.headers, asked.body)
        except NotSentError as error:
            return Attempt("temporary", _code(str(error)))
        except InDoubtError as error:
            return Attempt("in_doubt", _code(str(error)))
        return wire.meaning(call, answer.status, answer.body)

    def _values(self, message: Message) -> dict[str, str]:
        account = self._account
        seconds = int(message.at.timestamp())
        return {
            "id": message.id,
            "to": message.to,
            "digits": message.to.removeprefix("+"),
            "text": message.short,
            "subject": message.subject,
            "sender": account.sender,
            "user": account.user,
            "secret": account.secret,
            "receipts": account.receipts,
            "timestamp": str(seconds),
            "milliseconds": str(seconds * 1000),
        }


def _code(code: str) -> str:
    return f"sms.{code}"

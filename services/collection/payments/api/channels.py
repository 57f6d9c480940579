"""Who may report a payment: a channel proves itself by a signature over the body of its callback."""

import hashlib
import hmac
from dataclasses import dataclass

from starlette.requests import Request

from shared.web import auth, tokens
from shared.web.auth import Authenticator, Caller
from shared.web.errors import Problem

HEADER = "X-Channel-Signature"
_SECRET_OF_NOBODY = b"\0" * 32


def sign(secret: bytes, body: bytes) -> str:
    """Return the signature of a callback: hexadecimal HMAC-SHA256 over its body."""
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class ChannelPolicy(auth.Policy):
    """A body signed with the secret of the channel that the path names.

    No timestamp and no nonce: a replayed callback is `already_done` under (channel, channel_txn), today and in ten years.
    """

    async def check(self, request: Request, authenticator: Authenticator) -> Caller:
        channel = request.path_params["channel"]
        secret = request.app.state.context.channel_secrets.get(channel)
        # an unknown channel costs and answers the same as a wrong signature: which ones exist is nobody's business
        expected = sign(secret or _SECRET_OF_NOBODY, await request.body())
        given = request.headers.get(HEADER, "")
        if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")) or secret is None:
            raise Problem(status=401, code="channel.invalid_signature", title="The channel's signature is not valid")
        return Caller(subject=f"channel:{channel}"[: tokens.SUBJECT_CHARACTERS_MAX])

    def openapi(self) -> list[dict[str, list[str]]]:
        return [{"channel": []}]

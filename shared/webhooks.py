"""Signatures of messages that we send, as Standard Webhooks 1.0.0 has them: a receiver needs no code of ours. Pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

PREFIX: Final = "whsec_"
SECRET: Final = r"(whsec_)?[A-Za-z0-9+/]{32,88}={0,2}"
"""The form of a secret: that of a key of 24 to 64 bytes."""


def key_of(secret: str) -> bytes:
    """Return the key of a secret as Standard Webhooks writes it: base64, after `whsec_`. Raises ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("must be whsec_ and base64") from error
    if not 24 <= len(key) <= 64:
        raise ValueError("must be 24 to 64 bytes in base64, after whsec_")
    return key


def signatures(keys: Sequence[bytes], message_id: str, timestamp: str, body: bytes) -> str:
    """Return the signatures of a message, one for each key, so that a receiver that knows either takes it."""
    over = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, over, hashlib.sha256)).decode()}" for key in keys)


def headers(keys: Sequence[bytes], message_id: str, seconds: int, body: bytes) -> Mapping[str, str]:
    """Return the headers of a signed message; `seconds` since 1970."""
    timestamp = str(seconds)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signatures(keys, message_id, timestamp, body),
    }

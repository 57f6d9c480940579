"""Signed device messages: HMAC-SHA256 over method, target, body, timestamp and nonce.

    Authorization: WATTLINE-HMAC-SHA256 device="…",timestamp="…",nonce="…",signature="…"

The string to sign is, joined by newlines: method, path with query, sha256 of the body (hex), timestamp (whole seconds since
1970), nonce. A device's key is HMAC-SHA256(master key, "device_id:key_id"): none is stored, and a key whose id is not live any
more is worthless. While one key replaces another both are live, and while one master key replaces another a key may be of
either. A head-end signs as one device for all of its meters. What a vendor needs, with a worked example, is in
`docs/device-messages.md`.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.db import bulk, platform
from shared.db.engine import Tx
from shared.errors import BusinessError

SCHEME = "WATTLINE-HMAC-SHA256"
SECRET_BYTES_MIN = 32  # as long as the hash
KEYS_MAX = 2  # live at a time: one, and while it is replaced the one of before
WINDOW_SECONDS = 300  # what clocks of devices in the field drift, and how long a nonce matters
_HEADER = re.compile(
    SCHEME
    + r' device="(?P<device>[A-Za-z0-9._:-]{1,64})", ?timestamp="(?P<timestamp>[0-9]{1,12})"'
    + r', ?nonce="(?P<nonce>[A-Za-z0-9_-]{16,64})", ?signature="(?P<signature>[0-9a-f]{64})"'
)
_NONCE = platform.TABLES.nonce


class ReplayedMessage(BusinessError):
    status = 401
    code = "auth.replayed_message"
    title = "The device message was received before"


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What the service knows of a device or head-end; `meter_no`: the one meter that it speaks for."""

    key_ids: tuple[str, ...]
    active: bool
    org_unit: str
    meter_no: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """The proof that a device sends with a request."""

    device_id: str
    timestamp: int
    nonce: str
    signature: str


def parse(authorization: str) -> Message | None:
    """Return the message of a header, or None where it is not well formed."""
    match = _HEADER.fullmatch(authorization)
    if match is None:
        return None
    return Message(match["device"], int(match["timestamp"]), match["nonce"], match["signature"])


def key_of(master_key: str, device_id: str, key_id: str) -> bytes:
    """Return the key that a device holds."""
    return hmac.digest(master_key.encode(), f"{device_id}:{key_id}".encode(), "sha256")


def string_to_sign(method: str, target: str, body: bytes, timestamp: int, nonce: str) -> bytes:
    """Return what a device signs; `target` is the path with its query."""
    return "\n".join((method, target, hashlib.sha256(body).hexdigest(), str(timestamp), nonce)).encode()


def signature(key: bytes, method: str, target: str, body: bytes, timestamp: int, nonce: str) -> str:
    """Return the signature (hex) of one message."""
    return hmac.digest(key, string_to_sign(method, target, body, timestamp, nonce), "sha256").hex()


DeviceLookup = Callable[[str], Awaitable[DeviceRecord | None]]


class Devices:
    """The devices that one service knows, and their keys.

    Keys are made with the master key; messages are taken with that or the previous one, where there is one. Either is at least
    32 bytes long.
    """

    def __init__(self, master_key: str, lookup: DeviceLookup, *, previous: str | None = None) -> None:
        self._master_keys = [master_key] if previous is None else [master_key, previous]
        if any(len(key.encode()) < SECRET_BYTES_MIN for key in self._master_keys):
            raise ValueError(f"the device master key must be at least {SECRET_BYTES_MIN} bytes long")
        self._lookup = lookup

    def key(self, device_id: str, key_id: str) -> bytes:
        """Return the key of that id."""
        return key_of(self._master_keys[0], device_id, key_id)

    async def signer(self, message: Message, method: str, target: str, body: bytes) -> DeviceRecord | None:
        """Return the device that signed a message with one of its live keys, or None.

        One that is not known costs as much as one that is: which devices exist is not to be found by timing.
        """
        device = await self._lookup(message.device_id)
        key_ids = device.key_ids if device else ()
        text = string_to_sign(method, target, body, message.timestamp, message.nonce)
        genuine = False
        for place in range(KEYS_MAX):
            is_live = place < len(key_ids)
            for master_key in self._master_keys:
                key = key_of(master_key, message.device_id, key_ids[place] if is_live else "")
                expected = hmac.digest(key, text, "sha256").hex()
                genuine |= hmac.compare_digest(expected, message.signature) and is_live
        return device if device and device.active and genuine else None


def sign(
    *,
    key: bytes,
    device_id: str,
    method: str,
    target: str,
    body: bytes,
    timestamp: int | None = None,
    nonce: str | None = None,
) -> dict[str, str]:
    """Return the headers with which a device sends this request; a repeated send is signed anew."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    nonce = nonce or secrets.token_urlsafe(18)
    proof = signature(key, method, target, body, timestamp, nonce)
    value = f'{SCHEME} device="{device_id}",timestamp="{timestamp}",nonce="{nonce}",signature="{proof}"'
    return {"Authorization": value}


async def remember_nonce(tx: Tx, message: Message | None) -> None:
    """Refuse a device message that was received before, in the transaction of its effect; nothing to do for a token's call."""
    if message is None:
        return
    new = await bulk.insert_ignore(
        tx,
        _NONCE,
        {"device_id": [message.device_id], "nonce": [message.nonce], "seen_at": [tx.now]},
        key=("device_id", "nonce"),
    )
    if not new:
        raise ReplayedMessage

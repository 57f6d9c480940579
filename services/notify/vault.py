"""Names and addresses are sealed (加密) before they are stored, and found again by what does not lead back to them.

Sealed by Fernet (AES-128-CBC with HMAC-SHA256); what is sealed begins with the number of its key, so that what another key
sealed is known. Looked up by a blind index (盲索引): an HMAC-SHA256 of the value as everybody writes it, under a key of its own.
Both are derived (HKDF) from one secret of the installation.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NOT_SEALED: Final = "plain"
"""The number of no key: what came before values were sealed. `Sealer` seals it."""
PHONES: Final = frozenset({"mobile", "landline"})
_COUNTRY: Final = re.compile(r"^(\+|00)86")
_NOT_DIGITS: Final = re.compile(r"[^0-9+]")
_BLANKS: Final = re.compile(r"\s+")


class CannotBeOpened(Exception):
    """A value was sealed with a key that this installation has not, or was changed."""


class Key:
    """One secret: seals, opens, and makes blind indexes."""

    def __init__(self, secret: bytes) -> None:
        self.number: Final = hashlib.sha256(_derived(secret, b"wattline personal key number 1")).hexdigest()[:8]
        self._fernet = Fernet(base64.urlsafe_b64encode(_derived(secret, b"wattline personal seal 1")))
        self._index = _derived(secret, b"wattline personal index 1")
        self._proof = _derived(secret, b"wattline code proof 1")

    def seal(self, value: str) -> str:
        return f"{self.number}.{self._fernet.encrypt(value.encode()).decode()}"

    def open(self, sealed: str) -> str:
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise CannotBeOpened from error

    def index(self, kind: str, value: str) -> str:
        return hmac.digest(self._index, f"{kind}\0{value}".encode(), "sha256").hex()

    def proof(self, value: str) -> str:
        return hmac.digest(self._proof, value.encode(), "sha256").hex()


class Vault:
    """Seals with the key of now; opens what the key of now or the one before has sealed."""

    def __init__(self, secret: bytes, previous: bytes | None = None) -> None:
        self.key = Key(secret)
        self._keys = {key.number: key for key in (Key(previous) if previous else self.key, self.key)}

    def seal(self, value: str) -> str:
        """Return what is stored of a value: about 100 characters more, another text each time."""
        return self.key.seal(value)

    def open(self, sealed: str) -> str:
        """Return the value; raises CannotBeOpened."""
        number, _, text = sealed.partition(".")
        if number == NOT_SEALED:
            return text
        if number not in self._keys:
            raise CannotBeOpened(number)
        return self._keys[number].open(text)

    def index(self, kind: str, value: str) -> str:
        """Return the blind index of a value of a kind (`name`, or the kind of a contact point)."""
        return self.key.index(kind, plain(kind, value))

    def proofs(self, value: str) -> Sequence[str]:
        """Return what a value is known again by that is not kept, such as a code: by the key of now, and by the one before."""
        return [self.key.proof(value), *(key.proof(value) for key in self._keys.values() if key is not self.key)]

    def indexes(self, kind: str, value: str) -> Sequence[str]:
        """Return the blind indexes that a value may be stored under while a key changes."""
        return [key.index(kind, plain(kind, value)) for key in self._keys.values()]


def plain(kind: str, value: str) -> str:
    """Return a value as everybody writes it: width, case and blanks decide nothing, nor the signs within a phone number."""
    text = unicodedata.normalize("NFKC", value).casefold().strip()
    if kind in PHONES:
        return _COUNTRY.sub("", _NOT_DIGITS.sub("", text))
    return _BLANKS.sub("", text)


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(secret)

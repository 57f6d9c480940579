"""One-time links (一次性链接): the address in a notice by which its question is answered, without a login.

The token in the address is an HMAC-SHA256 under the service's own key of the id of the notice, its contact point and the version
in which that got the value that it has. So whoever renders the notice again (a retry, a resend by hand, a sender after a crash)
makes the same link, and no secret is kept; it needs no nonce, since the id of a notice is given once. What went to an address
that was corrected since is no link any more: a wrong door answers nothing (S16), and a resend to the right one makes another.

The database has the SHA-256 of the token, by which a caller's token is looked up; neither that nor the hash of what a notice
said leads back to 256 bits. The address holds nothing else: whose it is and for what, the row of the hash says.

With another key, what is sent from then on has other addresses; those that are out go on until their questions are closed.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import date

from services.notify.templates.domain import Figures

_PURPOSE = b"wattline answer link 1\0"


@dataclass(frozen=True, kw_only=True)
class Links:
    """Makes the links of an installation: none where it has no `public_url`."""

    public_url: str | None
    key: bytes = field(default=b"", repr=False)

    def token(self, notice_id: str, point_no: str, address_since: int) -> str:
        """Return the token of a notice to an address of a party: 43 characters that are as they are in an address."""
        digest = hmac.digest(self.key, _PURPOSE + f"{notice_id}/{point_no}/{address_since}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def address(self, token: str) -> str:
        """Return the address that a customer opens."""
        return f"{self.public_url}/v1/links/{token}"


def answering(figures: Figures, link: str | None) -> Figures:
    """Return the figures of a notice that asks, with how it is answered: by its link, or by telling an employee."""
    return {**figures, "answering": "link" if link else "staff", "link": link or ""}


def token_hash(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What is kept of a link: which question it answers, in whose notice it stands, and how its page reads."""

    token_hash: str
    question_id: str
    notice_id: str
    party_no: str
    point_no: str
    address_since: int
    language: str
    day: date

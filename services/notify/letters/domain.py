"""Letters (信函): what a letter holds, its hash, and the register (投递清单) of those that are posted together."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, get_args

from services.notify.policies.domain import LETTERS, Letters
from shared.statemachine import StateMachine

GATEWAY: Final = LETTERS
LETTERS_MAX: Final = 1_000  # of a batch: what one person posts in a morning
DELIVERED: Final = "delivered"
RETURNED: Final = "returned"
PRESUMED: Final = "presumed"
"""What became of a letter: the post says that it was handed over, it came back, or nothing was heard of it for as long as the
policy says (视为送达)."""
LetterOutcome = Literal["delivered", "returned"]
Reason = Literal["unknown_here", "moved", "refused", "not_collected", "bad_address", "other"]
REASONS: Final = get_args(Reason)

MADE: Final = "made"
POSTED: Final = "posted"
CANCELLED: Final = "cancelled"
BATCH_LIFE: Final = StateMachine(
    name="batch of letters",
    starts=(MADE,),
    moves={"posted": {MADE: POSTED}, "cancelled": {MADE: CANCELLED}},
)
"""A batch of letters (信函批次): cancelled, it has given its letters back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A letter as it is printed: its place in the batch, and who it is for."""

    notice_id: str
    account_no: str
    place: int
    address_since: int
    name: str = field(repr=False)
    address: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    mark: str = field(repr=False)
    checked_against: str = ""

    @property
    def text(self) -> str:
        """Return the letter from the first line of the address to its mark, which nobody can guess."""
        head = "\n".join(line for line in (self.name, self.address) if line)
        foot = "\n".join(line for line in (self.checked_against, f"{self.place} {self.mark}") if line)
        return f"{head}\n\n{self.subject}\n\n{self.body.rstrip()}\n\n{foot}\n"

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of the text: by it who has the paper shows what was printed. The mark keeps others from guessing."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def register_hash(letters: Iterable[tuple[int, str]]) -> str:
    """Return the SHA-256 over the lines `place,hash` of all letters of a batch in order, each with its line end."""
    lines = (f"{place},{content_hash}\n" for place, content_hash in letters)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an office says became of a letter and when, with the number under which the post handed it over, or why it did not."""

    place: int
    outcome: str
    on: date
    register_no: str = ""
    reason: str = ""


FAULTS: Final = {
    "letter.unknown": "The batch has no letter of this number",
    "letter.bad_day": "Nothing becomes of a letter before it was posted, or on a day that lies ahead",
    "letter.unknown_outcome": "A letter was delivered or returned",
    "letter.register_no_missing": "The number under which the post handed a letter over is its proof",
    "letter.reason_missing": f"A letter that came back has one of the reasons {', '.join(REASONS)}",
    "letter.delivered_already": "The letter was delivered: it did not come back",
}
"""What can be wrong with what is said of a letter, by its code."""


def fault(told: Told, *, posted_on: date, today: date) -> str | None:
    """Return the code of what is wrong with what is said of a letter that was posted, or None."""
    if not posted_on <= told.on <= today:
        return "letter.bad_day"
    if told.outcome == DELIVERED:
        return None if told.register_no else "letter.register_no_missing"
    if told.outcome == RETURNED:
        return None if told.reason in REASONS else "letter.reason_missing"
    return "letter.unknown_outcome"


def is_presumed(letters: Letters, *, legal_effect: bool, posted_on: date, on: date) -> bool:
    """Return whether a letter of which nothing was heard counts as delivered on a day, by the utility's policy of its posting."""
    days = letters.delivered_after_days_legal if legal_effect else letters.delivered_after_days
    return days is not None and (on - posted_on).days >= days

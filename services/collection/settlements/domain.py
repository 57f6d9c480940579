"""The money of an account whose last contract has ended (销户结算): set off, then paid out, or kept. Pure."""

from typing import Final

from shared.statemachine import StateMachine

WAITING: Final = "waiting"
ASKED: Final = "asked"
SETTLED: Final = "settled"
LIFE: Final = StateMachine(
    name="settlement",
    starts=(WAITING,),
    moves={
        "ask": {WAITING: ASKED},
        "ask_again": {ASKED: WAITING},
        "settle": {WAITING: SETTLED},
        "pay_out": {ASKED: SETTLED},
        "keep": {ASKED: SETTLED},
    },
)
"""`ask`: a large payout waits for a second person. `keep`: that one has rejected it, what is left stays on the account.
`ask_again`: it is another amount by now, or who asked has taken it back."""
BILL_MISSING: Final = "bill"
DEBT: Final = "debt"
DISPUTE: Final = "dispute"
LATE_FEE: Final = "late_fee"
"""What a settlement waits for: its last bill, what is still owed, a dispute about usage that holds bills, and that what was
settled late is charged."""


def waits_for(*, is_posted: bool, outstanding_fen: int, is_held: bool, has_fees: bool) -> str:
    """Return what a settlement waits for, or nothing."""
    if not is_posted:
        return BILL_MISSING
    if is_held:
        return DISPUTE
    if outstanding_fen:
        return DEBT
    return LATE_FEE if has_fees else ""

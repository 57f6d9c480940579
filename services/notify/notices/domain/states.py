"""The life cycles of a notice, and of a cause that nobody could be told of."""

from typing import Final

from shared.statemachine import StateMachine

QUEUED: Final = "queued"
SENDING: Final = "sending"
SENT: Final = "sent"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"

NOTICE_LIFE: Final = StateMachine(
    name="notice",
    starts=(QUEUED, FAILED),  # a party may have declined it, or it was withdrawn before it came
    moves={
        "taken": {QUEUED: SENDING, UNKNOWN: SENDING},
        # An answer also counts after its lease has ended: it settles the doubt that the lease had left.
        "accepted": {SENDING: DELIVERED, UNKNOWN: DELIVERED},
        "handed over": {SENDING: SENT, UNKNOWN: SENT},
        "refused": {SENDING: FAILED, UNKNOWN: FAILED},
        "refused for now": {SENDING: QUEUED, UNKNOWN: QUEUED},
        "in doubt": {SENDING: UNKNOWN, UNKNOWN: UNKNOWN},
        "goes another way": dict.fromkeys((QUEUED, SENDING, UNKNOWN, SENT, DELIVERED), QUEUED),
        # What receipts say. That it has arrived is true whatever was thought before; by which way, its row of `notice_way` says.
        "arrived": dict.fromkeys((QUEUED, UNKNOWN, SENT, FAILED), DELIVERED),
        "came back": dict.fromkeys((QUEUED, UNKNOWN, SENT, DELIVERED), FAILED),
        "no receipt": {SENT: UNKNOWN},
        "no room for it": {QUEUED: FAILED},
        "presumed": {SENT: DELIVERED},
        # What is not out is not sent any more; what is in doubt stays so, and is not tried again.
        "withdrawn": {QUEUED: FAILED, SENT: FAILED, UNKNOWN: UNKNOWN},
        "resent": {DELIVERED: QUEUED, FAILED: QUEUED, UNKNOWN: QUEUED},
    },
)
"""A notice (通知). `sent`: a gateway has taken it, its receipt is awaited. `unknown`: the text went out, and nobody knows what
became of it. What is final has no `due_at`."""

WAITS_FOR_ACCOUNT: Final = "waits_for_account"
WAITS_FOR_CONTACT: Final = "waits_for_contact"
NO_CONTACT: Final = "no_contact"
CLOSED: Final = "closed"

UNADDRESSED_LIFE: Final = StateMachine(
    name="unaddressed",
    starts=(WAITS_FOR_ACCOUNT, WAITS_FOR_CONTACT, CLOSED),
    moves={
        "given up": {WAITS_FOR_CONTACT: NO_CONTACT},
        "its question closed": {WAITS_FOR_ACCOUNT: CLOSED, WAITS_FOR_CONTACT: CLOSED},
        "withdrawn": {WAITS_FOR_ACCOUNT: CLOSED, WAITS_FOR_CONTACT: CLOSED},
    },
)
"""A cause that nobody could be told of; what is taken up is no row of it any more."""

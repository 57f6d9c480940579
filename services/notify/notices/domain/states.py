"""The life cycles of a notice, and of a cause that nobody could be told of."""

from typing import Final

from shared.statemachine import StateMachine

QUEUED: Final = "queued"
SENDING: Final = "sending"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"

NOTICE_LIFE: Final = StateMachine(
    name="notice",
    starts=(QUEUED,),
    moves={
        "taken": {QUEUED: SENDING, UNKNOWN: SENDING},
        # An answer also counts after its lease has ended: it settles the doubt that the lease had left.
        "accepted": {SENDING: DELIVERED, UNKNOWN: DELIVERED},
        "refused": {SENDING: FAILED, UNKNOWN: FAILED},
        "refused for now": {SENDING: QUEUED, UNKNOWN: QUEUED},
        "in doubt": {SENDING: UNKNOWN, UNKNOWN: UNKNOWN},
        "resent": {DELIVERED: QUEUED, FAILED: QUEUED, UNKNOWN: QUEUED},
    },
)
"""A notice (通知). `unknown`: the text went out, its acceptance did not come back. What is final has no `due_at`."""

WAITS_FOR_ACCOUNT: Final = "waits_for_account"
WAITS_FOR_CONTACT: Final = "waits_for_contact"
NO_CONTACT: Final = "no_contact"
CLOSED: Final = "closed"

UNADDRESSED_LIFE: Final = StateMachine(
    name="unaddressed",
    starts=(WAITS_FOR_ACCOUNT, WAITS_FOR_CONTACT),
    moves={
        "given up": {WAITS_FOR_CONTACT: NO_CONTACT},
        "its question closed": {WAITS_FOR_ACCOUNT: CLOSED, WAITS_FOR_CONTACT: CLOSED},
    },
)
"""A cause that nobody could be told of; what is taken up is no row of it any more."""

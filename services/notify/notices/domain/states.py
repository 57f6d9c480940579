"""The states of a notice, and of a cause that nobody could be told of.

queued -> sending -> delivered
                  -> failed            refused for good, or all retries used
                  -> queued            refused for now
                  -> unknown -> sending  in doubt: the text went out, its acceptance did not come back
delivered, failed, unknown (final) -> queued   resend, by a person
"""

from enum import StrEnum

WAITS_FOR_ACCOUNT, WAITS_FOR_CONTACT, NO_CONTACT = "waits_for_account", "waits_for_contact", "no_contact"


class State(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING}),
    State.SENDING: frozenset({State.QUEUED, State.DELIVERED, State.FAILED, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.SENDING, State.QUEUED}),
    State.DELIVERED: frozenset({State.QUEUED}),
    State.FAILED: frozenset({State.QUEUED}),
}

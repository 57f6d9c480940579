"""The life of a closing (销户) of a contract that nobody uses. Pure."""

from typing import Final

from shared.statemachine import StateMachine

CHECKING: Final = "checking"
ANNOUNCED: Final = "announced"
FINAL_READ: Final = "final_read"
ENDED: Final = "ended"
BILLED: Final = "billed"
SETTLED: Final = "settled"
CLOSED: Final = "closed"
WITHDRAWN: Final = "withdrawn"
LIFE: Final = StateMachine(
    name="closing",
    starts=(CHECKING,),
    moves={
        "announce": {CHECKING: ANNOUNCED},
        "approve": {ANNOUNCED: FINAL_READ},
        "end": {FINAL_READ: ENDED},
        "bill": {ENDED: BILLED},
        "settle": {BILLED: SETTLED},
        "close": {SETTLED: CLOSED},
        "withdraw": {CHECKING: WITHDRAWN, ANNOUNCED: WITHDRAWN, FINAL_READ: WITHDRAWN},
    },
)
"""It begins with the check on site that its proposal asks for. `end`: the contract ends on the day of the final read. `settle`:
the account is closed. `close`: its meter is taken back. Once the contract has ended nothing is withdrawn: later use is a new
supply."""
BEFORE_THE_END: Final = LIFE.sources("withdraw")
OVER: Final = (CLOSED, WITHDRAWN)
AFTER_THE_END: Final = (ENDED, BILLED, SETTLED, CLOSED)
UNDER_WAY: Final = tuple(state for state in LIFE.states if state not in OVER)

CHECK: Final = "closing_check"
READ: Final = "final_read"
"""The site orders that a closing asks for."""
UNUSED_RESULTS: Final = ("unused", "gone")
"""What a check may find for a closing to go on: nothing is used, or nothing is there any more."""
IN_USE: Final = "in_use"
USED: Final = "used"
OBJECTED: Final = "objected"
TAKEN_BACK: Final = "taken_back"
CONTRACT_ENDED: Final = "contract_ended"
"""Why a closing is withdrawn: the check found use, energy was measured or the final read shows it, somebody objects, who
proposed it takes it back, its contract has ended or was annulled by other means."""

NOT_DONE: Final = "site_order_not_done"
SAME_PERSON: Final = "checked_by_proposer"
SAME_READER: Final = "read_by_proposer"
NOT_TOLD: Final = "not_told"
NOT_COMPARED: Final = "read_not_compared"
ACCOUNT_REFUSED: Final = "account_refused"
BILL_HELD: Final = "bill_waits"
LATE_OBJECTION: Final = "objected_late"
CASE_OPEN: Final = "case_open"
BILL_NOT_OUT: Final = "bill_not_out"
ADJUSTMENT_WAITS: Final = "adjustment_waits"
APPROVAL_WAITS: Final = "approval_waits"
"""What a closing waits for that does not come by itself: a site order, a person who tells the customer, the account, a bill.
A final read whose registers were not known before proves nothing: it waits for a usage that tells them, or for another read. An
objection after the period waits for a person who withdraws the closing, or says why it goes on. Money is paid out once all of it
is decided: no case at a point of the account is open, none of its bills or corrections held or proposed, no tested meter
unsettled, and nobody is asked to agree to a change of billed days or to withdraw a charge."""

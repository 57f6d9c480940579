"""The life of a cut, from the proposal to supply that is there again. Pure."""

from datetime import date, datetime, timedelta
from typing import Final, Literal

from shared.regulation import packaged
from shared.regulation.policy import load_policy, policy_on
from shared.statemachine import StateMachine

ARREARS: Final = "arrears"
PREPAID: Final = "prepaid"
"""Why supply is cut: for debts that are overdue, or because nothing is left of what was paid in (费控)."""
PROPOSED: Final = "proposed"
ANNOUNCED: Final = "announced"
PLANNED: Final = "planned"
IMMINENT: Final = "imminent"
ORDERED: Final = "ordered"
WITHDRAWING: Final = "withdrawing"
CUT: Final = "cut"
RESTORING: Final = "restoring"
ENDED: Final = "ended"
LIFE: Final = StateMachine(
    name="cut",
    starts=(PROPOSED,),
    moves={
        "announce": {PROPOSED: ANNOUNCED},
        "announce_again": {ANNOUNCED: ANNOUNCED},
        "plan": {ANNOUNCED: PLANNED},
        "tell": {PLANNED: IMMINENT},
        "put_off": {PLANNED: ANNOUNCED, IMMINENT: ANNOUNCED, ORDERED: ANNOUNCED},
        "order": {IMMINENT: ORDERED},
        "switch": {ORDERED: CUT, ANNOUNCED: CUT, PLANNED: CUT, IMMINENT: CUT},
        "withdraw": {PROPOSED: ENDED, ANNOUNCED: ENDED, PLANNED: ENDED, IMMINENT: ENDED},
        "call_back": {ORDERED: WITHDRAWING},
        "give_up": {WITHDRAWING: ENDED},
        "restore": {CUT: RESTORING, WITHDRAWING: RESTORING, ENDED: RESTORING},
        "restore_again": {RESTORING: RESTORING},
        "end": {RESTORING: ENDED},
    },
)
"""`put_off`: its hour passed, or the order came to nothing. `call_back`: the order is out, what became of it is waited for.
`switch` of one that was put off: its order was carried out although it was told to have failed. `restore` of one that has
ended: the same, of an order that was withdrawn."""
NOT_OUT: Final = tuple(LIFE.moves["withdraw"])
"""The states in which nothing has been ordered."""
Reason = Literal["settled", "held", "protected", "rejected"]
LAW: Final = "CN/supply-rules"
_EDITIONS: Final = tuple(load_policy(each) for each in packaged.policies())


def sequence(now: datetime, last: int) -> int:
    """Return the number of a new order among those of its service point: above the last, also of what a dump does not have."""
    return max(int(now.timestamp() * 1000), last + 1)


def restored_by(now: datetime, on: date) -> datetime:
    """Return by when supply must be there again whose reason to be cut is gone now, by the rules of a day.

    1996 three days, since 2024 twenty-four hours; else it is explained (供电营业规则, `restoring` of the edition).
    """
    return now + timedelta(hours=int(policy_on(_EDITIONS, LAW, on).number("restoring", "hours_max")))


def released(state: str) -> str | None:
    """Return the event by which a cut goes on whose reason is gone; None where it is on its way back already."""
    if state in NOT_OUT:
        return "withdraw"
    return {ORDERED: "call_back", CUT: "restore"}.get(state)

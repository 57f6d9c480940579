"""The life cycle of a question."""

from typing import Final

from shared.statemachine import StateMachine

OPEN: Final = "open"
ANSWERED: Final = "answered"
EXPIRED: Final = "expired"
WITHDRAWN: Final = "withdrawn"

QUESTION_LIFE: Final = StateMachine(
    name="question",
    starts=(OPEN, WITHDRAWN),
    moves={
        "answered": {OPEN: ANSWERED},
        "not answered": {OPEN: EXPIRED},
        "withdrawn": {OPEN: WITHDRAWN},
        "overruled": {ANSWERED: ANSWERED, EXPIRED: ANSWERED},
    },
)
"""A question (征询). `overruled`: by an answer that its kind takes whatever was answered before, and after its last
day. It begins withdrawn where it is heard after its withdrawal; nobody is asked then."""

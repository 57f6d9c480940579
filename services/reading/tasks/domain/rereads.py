"""Requests to read again: made by a reviewer, answered by the read that replaces the one in doubt."""

from typing import Final

from shared.statemachine import StateMachine

OPEN: Final = "open"
ANSWERED: Final = "answered"
LIFE: Final = StateMachine(name="re-read", starts=(OPEN,), moves={"answer": {OPEN: ANSWERED}})

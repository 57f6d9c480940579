"""Life cycles as transition tables: every status that a row can have, and the events that lead from one to the other. Pure.

A status is written only as the answer of a table: `move` for one row, `sources` and `target` for a set statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


class MoveRefused(Exception):
    """The life cycle has no such step from this state."""


@dataclass(frozen=True, kw_only=True)
class StateMachine:
    """The life cycle of `name`: the states in which it begins, and by event where each state goes."""

    name: str
    starts: tuple[str, ...]
    moves: Mapping[str, Mapping[str, str]]

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order in which the table names them."""
        steps = [state for step in self.moves.values() for pair in step.items() for state in pair]
        return tuple(dict.fromkeys([*self.starts, *steps]))

    def start(self, state: str) -> str:
        """Return a state in which a life may begin; raises `MoveRefused` for another."""
        if state not in self.starts:
            raise MoveRefused(f"{self.name}: no beginning in {state}")
        return state

    def may(self, state: str, event: str) -> bool:
        """Return whether the event is possible in the state."""
        return state in self.moves[event]

    def move(self, state: str, event: str) -> str:
        """Return the state that follows by the event; raises `MoveRefused` where the table has no such step."""
        if not self.may(state, event):
            raise MoveRefused(f"{self.name}: {event} in {state}")
        return self.moves[event][state]

    def sources(self, event: str) -> tuple[str, ...]:
        """Return the states in which the event is possible."""
        return tuple(self.moves[event])

    def target(self, event: str) -> str:
        """Return the one state to which the event leads, whatever the state before."""
        (state,) = set(self.moves[event].values())
        return state

    def picture(self) -> str:
        """Return the life cycle as a Mermaid state diagram; the README of the service shows it."""
        lines = [f"    [*] --> {state}" for state in self.starts]
        leaving: set[str] = set()
        for event, steps in self.moves.items():
            for state, to in steps.items():
                lines.append(f"    {state} --> {to}: {event}")
                leaving.add(state)
        lines += [f"    {state} --> [*]" for state in self.states if state not in leaving]
        return "\n".join(["stateDiagram-v2", *lines])

"""Life cycles as transition tables."""

import pytest

from shared.statemachine import MoveRefused, StateMachine

DOOR = StateMachine(
    name="door",
    starts=("open",),
    moves={
        "close": {"open": "closed"},
        "lock": {"closed": "locked"},
        "remove": {"open": "gone", "closed": "gone"},
    },
)


def test_an_event_leads_to_the_state_that_the_table_names() -> None:
    assert DOOR.move("open", "close") == "closed"


def test_a_step_that_the_table_does_not_have_is_refused() -> None:
    with pytest.raises(MoveRefused, match="door: lock in open"):
        DOOR.move("open", "lock")
    assert not DOOR.may("open", "lock")


def test_a_life_begins_only_in_a_starting_state() -> None:
    assert DOOR.start("open") == "open"
    with pytest.raises(MoveRefused):
        DOOR.start("locked")


def test_an_event_nobody_knows_is_a_mistake_of_the_code() -> None:
    with pytest.raises(KeyError):
        DOOR.move("open", "paint")


def test_a_set_statement_asks_for_the_states_before_and_the_one_after() -> None:
    assert DOOR.sources("remove") == ("open", "closed")
    assert DOOR.target("remove") == "gone"


def test_the_picture_has_every_step_and_every_end() -> None:
    assert DOOR.picture() == (
        "stateDiagram-v2\n"
        "    [*] --> open\n"
        "    open --> closed: close\n"
        "    closed --> locked: lock\n"
        "    open --> gone: remove\n"
        "    closed --> gone: remove\n"
        "    locked --> [*]\n"
        "    gone --> [*]"
    )

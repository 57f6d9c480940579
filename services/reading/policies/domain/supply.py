"""Rules of cutting and restoring supply as data: whose meters a head-end switches, how often it is asked. Pure."""

from dataclasses import dataclass

from shared.document import Node

SECONDS_MAX = 86_400
STEPS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyRules:
    """`switch_types`: types of meters that a head-end switches (费控表); `failed_reasons`: why a person could not.

    `ask_after_seconds`: after that a head-end that took an order is asked for it, then after each of `ask_again_seconds`, the
    last one for ever. `doubt_seconds`: for so long at most a restoring waits for what is known of an order before it; a cut waits
    until that is known.
    """

    switch_types: tuple[str, ...] = ()
    failed_reasons: tuple[str, ...] = ()
    ask_after_seconds: int = 300
    ask_again_seconds: tuple[int, ...] = (30, 60, 300, 900)
    doubt_seconds: int = 900

    def ask_again(self, asked: int) -> int:
        """Return the seconds until the next question where so many had no answer."""
        return self.ask_again_seconds[min(asked, len(self.ask_again_seconds) - 1)]


def read(node: Node | None) -> SupplyRules:
    """Return the rules of a policy; without any no head-end switches anything."""
    if node is None:
        return SupplyRules()
    node.keys("switch_types failed_reasons ask_after_seconds ask_again_seconds doubt_seconds")
    steps = node.get("ask_again_seconds")
    again = tuple(each.whole(1, SECONDS_MAX) for each in steps.items())
    if not 1 <= len(again) <= STEPS_MAX:
        steps.refuse("value_wrong", f"1 to {STEPS_MAX} steps")
        again = (1,)
    return SupplyRules(
        switch_types=node.get("switch_types").texts(),
        failed_reasons=node.get("failed_reasons").texts(),
        ask_after_seconds=node.get("ask_after_seconds").whole(1, SECONDS_MAX),
        ask_again_seconds=again,
        doubt_seconds=node.get("doubt_seconds").whole(0, SECONDS_MAX),
    )

"""The one catalogue of what can be wrong with a policy document or with the inputs of a calculation by policy."""

from collections.abc import Iterable
from typing import Final

from shared import errors
from shared.document import Fault

POLICY: Final[dict[str, str]] = {
    "policy_unknown": "no such policy, no version of it on the day, or no such calculation",
    "policy_wrong": "the policy document is not well formed",
    "input_missing": "an input of the calculation is not given",
    "input_wrong": "an input of the calculation has the wrong form",
    "policy_unconfirmed": "the policy leaves this figure open: no source gives it",
}


class Refused(errors.Refused):
    """One calculation that the policy or its inputs do not allow."""

    def __init__(self, code: str, pointer: str, detail: str = "", faults: Iterable[Fault] = ()) -> None:
        super().__init__(code, pointer, detail or POLICY.get(code, ""))
        self.faults = tuple(faults)
        """All that is wrong with a policy document or with the inputs."""

"""The bases of business errors and of refusals. Pure: any layer may raise one."""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class BusinessError(Exception):
    """A refusal that the caller can act on; subclass it in the module that raises it.

    `code` is stable for ever (`bill.not_decidable`), `status` is the HTTP status that says it, `title` is the same for every
    occurrence. The detail of one occurrence must hold no personal data: it is answered and logged.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str]
    title: ClassVar[str]

    faults: Sequence[Mapping[str, str]] = ()
    """All that is wrong with a document that was sent, each with its code, JSON pointer and detail."""
    form: str = ""
    """Where the form of such documents is published."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Refused(Exception):
    """One request of a calculation that cannot be answered: a stable code, a JSON pointer to the fault, and a detail.

    It becomes the refusal of that request, never of its batch. Subclass it where its codes have texts of their own.
    """

    def __init__(self, code: str, pointer: str, detail: str = "") -> None:
        super().__init__(f"{code} at {pointer}")
        self.code = code
        self.pointer = pointer
        self.detail = detail

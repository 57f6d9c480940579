"""`wattline reconcile CYCLE --explain`: which documents differ between two services, and what mends each.

Two services list the documents that both must have in the order of their ids; the lists are merged as they come, so that only
what differs is kept.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from services.command import remote
from shared.settings import SERVICES

CONFLICTS: Final = ("ConflictingUsage", "ConflictingCause")
ALIKE: Final = ("amount", "stands", "corrects")
SHOWN_MAX = 1000  # of one kind; what is mended before the next look shortens the list

Document = dict[str, Any]
Documents = AsyncIterator[Document]


@dataclass(frozen=True, slots=True)
class Compared:
    """A kind of document that one service tells another, and what mends one that the teller does not know as it was heard."""

    kind: str
    teller: str
    hearer: str
    adopt: Callable[[Document], str]


def _usage(heard: Document) -> str:
    return f"wattline adopt usages --subject {heard['subject']}"


def _bill(heard: Document) -> str:
    return f"wattline adopt bills --subject {heard['subject']}"


def _order(heard: Document) -> str:
    return f"nothing to mend by itself: collection does not know order {heard['id']}, which reading was asked for"


def _told(heard: Document) -> str:
    return "nothing to mend: the customer was told and stays told; what it was told of is listed with the documents"


def _switched(heard: Document) -> str:
    return "nothing to mend: it was carried out; what reading has lost of the order, who was there tells it again"


COMPARED: Final = (
    Compared("usage", "reading", "billing", _usage),
    Compared("document", "billing", "collection", _bill),
    Compared("supply_order", "collection", "reading", _order),
    Compared("bill", "billing", "notify", _told),
    Compared("estimate", "reading", "notify", _told),
    Compared("supply_switched", "reading", "billing", _switched),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A document that two services do not have alike: as it is said (None: not known there) and as it was heard."""

    compared: Compared
    said: Document | None
    heard: Document | None

    def mended_by(self, cycle: str) -> str:
        """Return the command that mends it. What comes twice changes nothing, so a teller tells all of the cycle again."""
        if self.heard is None:
            return f"wattline republish {self.compared.teller} --from {cycle}-01T00:00:00+00:00"
        return self.compared.adopt(self.heard)

    def __str__(self) -> str:
        one = self.said or self.heard or {}
        said, heard = (_state(document) for document in (self.said, self.heard))
        compared = self.compared
        return f"{compared.kind} {one['id']} of {one['subject']}: {compared.teller} {said} | {compared.hearer} {heard}"


def _state(document: Document | None) -> str:
    if document is None:
        return "does not know it"
    said = [f"{document['amount']:,}", *(["corrects"] if document["corrects"] else [])]
    return ", ".join(said if document["stands"] else [*said, "taken back"])


async def differences(compared: Compared, said: Documents, heard: Documents) -> AsyncIterator[Difference]:
    """Yield what differs between two lists in the order of their ids. Whom it is about may be known later: not compared."""
    one, two = await anext(said, None), await anext(heard, None)
    while one is not None or two is not None:
        if two is None or (one is not None and one["id"] < two["id"]):
            yield Difference(compared, one, None)
            one = await anext(said, None)
        elif one is None or two["id"] < one["id"]:
            yield Difference(compared, None, two)
            two = await anext(heard, None)
        else:
            if any(one[name] != two[name] for name in ALIKE):
                yield Difference(compared, one, two)
            one, two = await anext(said, None), await anext(heard, None)


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A bill in force on days that its contract does not cover: it awaits a cut of its usage that was told before."""

    bill: Document

    def mended_by(self, cycle: str) -> str:
        """Return the command that takes it out, with whatever else billing does not have as it is posted."""
        return _bill(self.bill)

    def __str__(self) -> str:
        bill = self.bill
        return f"bill {bill['id']} of {bill['subject']}: {bill['amount']:,} for days that its contract does not cover"


@dataclass(frozen=True, slots=True)
class SetAside:
    """A fact that a service set aside since it came before with other content; what came later for its key waits behind it."""

    service: str
    letter: Document

    def mended_by(self, cycle: str) -> str:
        """Return the command that asks for its discard, which a second person approves."""
        return f"wattline dead-letters discard {self.service} --ids {self.letter['id']} --reason overtaken"

    def __str__(self) -> str:
        return (
            f"fact {self.letter['id']} of {self.letter['type']}: set aside in {self.service} ({self.letter['error']})"
        )


Found = Difference | Uncovered | SetAside


async def set_aside() -> AsyncIterator[SetAside]:
    """Yield the facts that came with other content than before, wherever they are set aside."""
    for service in SERVICES:
        async with remote.client(service) as opened:
            async for letter in remote.pages(opened, "/v1/dead-letters"):
                if letter["state"] == "poison" and letter["error"] in CONFLICTS:
                    yield SetAside(service, letter)


async def of_cycle(cycle: str) -> AsyncIterator[Difference | Uncovered]:
    """Yield what differs in a cycle between any two services, and the bills that await what will not come."""
    for compared in COMPARED:
        async with remote.client(compared.teller) as teller, remote.client(compared.hearer) as hearer:
            path = f"/v1/control-documents/{compared.kind}"
            lists = [remote.pages(opened, path, cycle=cycle) for opened in (teller, hearer)]
            async for found in differences(compared, *lists):
                yield found
    async with remote.client("billing") as opened:
        async for bill in remote.pages(opened, "/v1/control-documents/uncovered", cycle=cycle):
            yield Uncovered(bill)


async def run(cycle: str) -> None:
    """Print what differs in a cycle and what mends it."""
    count = 0
    lists: tuple[AsyncIterator[Found], ...] = of_cycle(cycle), set_aside()
    for listed in lists:
        async for found in listed:
            count += 1
            if count <= SHOWN_MAX:
                print(f"{found}\n    {found.mended_by(cycle)}")
    if count > SHOWN_MAX:
        print(f"and {count - SHOWN_MAX:,} more")

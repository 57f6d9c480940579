from collections.abc import AsyncIterator
from typing import Any

from services.command import explain
from services.command.explain import COMPARED, Difference, SetAside, Uncovered

USAGE, DOCUMENT, _ORDER, BILL, ESTIMATE, SWITCHED = COMPARED


def document(number: int, amount: int = 5, *, stands: bool = True) -> dict[str, Any]:
    return {"id": f"D{number:02}", "subject": f"S{number}", "amount": amount, "stands": stands, "corrects": False}


async def listed(*documents: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    for each in documents:
        yield each


async def found(
    said: list[dict[str, Any]], heard: list[dict[str, Any]], of: explain.Compared = USAGE
) -> list[Difference]:
    return [each async for each in explain.differences(of, listed(*said), listed(*heard))]


async def test_lists_that_are_alike_have_no_differences() -> None:
    assert await found([], []) == []
    assert await found([document(1), document(2)], [document(1), document(2) | {"subject": "known later"}]) == []


async def test_what_one_side_does_not_know_is_named_wherever_it_stands_in_the_lists() -> None:
    said, heard = [document(n) for n in (1, 2, 5, 9)], [document(n) for n in (2, 3, 4, 9, 10, 11)]
    both = [
        (each.said["id"] if each.said else "", each.heard["id"] if each.heard else "")
        for each in await found(said, heard)
    ]
    assert both == [("D01", ""), ("", "D03"), ("", "D04"), ("D05", ""), ("", "D10"), ("", "D11")]


async def test_what_is_known_otherwise_is_named_with_both_sides() -> None:
    said = [document(1, 1234), document(2), document(3)]
    heard = [document(1, 5), document(2, stands=False), document(3) | {"corrects": True}]
    assert [str(each) for each in await found(said, heard)] == [
        "usage D01 of S1: reading 1,234 | billing 5",
        "usage D02 of S2: reading 5 | billing 5, taken back",
        "usage D03 of S3: reading 5 | billing 5, corrects",
    ]


async def test_each_difference_names_the_one_command_that_mends_it() -> None:
    lost = Difference(USAGE, document(1), None)
    assert lost.mended_by("2026-03") == "wattline republish reading --from 2026-03-01T00:00:00+00:00"
    unknown, other = Difference(USAGE, None, document(2)), Difference(DOCUMENT, document(3, 1), document(3, 2))
    assert unknown.mended_by("2026-03") == "wattline adopt usages --subject S2"
    assert other.mended_by("2026-03") == "wattline adopt bills --subject S3"
    assert str(unknown) == "usage D02 of S2: reading does not know it | billing 5"
    for told in (BILL, ESTIMATE):
        assert Difference(told, None, document(4)).mended_by("2026-03").startswith("nothing to mend")
    uncovered = Uncovered(document(5, 1234))
    assert uncovered.mended_by("2026-03") == "wattline adopt bills --subject S5"
    assert str(uncovered) == "bill D05 of S5: 1,234 for days that its contract does not cover"
    aside = SetAside("notify", {"id": 7, "type": "billing.bill_issued.v1", "error": "ConflictingCause"})
    assert aside.mended_by("2026-03") == "wattline dead-letters discard notify --ids 7 --reason overtaken"


def test_supply_that_was_switched_is_told_again_where_billing_did_not_hear_it() -> None:
    said = {"id": "O1", "subject": "SP1", "amount": 1, "stands": True, "corrects": False}
    assert Difference(SWITCHED, said, None).mended_by("2026-03").startswith("wattline republish reading --from 2026-03")
    assert Difference(SWITCHED, None, said).mended_by("2026-03").startswith("nothing to mend")

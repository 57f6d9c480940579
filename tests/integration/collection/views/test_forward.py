"""From a document of billing to what collection made of it, by the same edges as back."""

from typing import Any

from tests.kits.collection import Kit, bill, corrected, issued, put_openings
from tests.kits.reading import Statements
from tests.kits.walks import both_ways, derived, kinds


async def test_what_was_made_of_a_bill_is_found_from_it_and_leads_back_to_it(kit: Kit) -> None:
    first = bill("B1", 1_000)
    await kit.give(issued(first))
    await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": "2026-03-01"})
    await kit.call_back(await kit.order(400), 400)
    edges = await both_ways(kit.admin, "collection", ("billing", "bill", "B1"))
    assert kinds(edges) == {
        *(
            ("receivable", "bill"),
            ("ledger_transaction", "bill"),
            ("reminder", "receivable"),
            ("payment", "receivable"),
        ),
        *(("payment", "payment_order"), ("ledger_transaction", "payment")),
    }
    # what was released again is settled no more: neither end says so
    await kit.give(corrected("K1", [first], [bill("B2", 900)]))
    (gone,) = [one for one in await derived(kit.admin, ("billing", "bill", "B1")) if one[1] == "receivable"]
    assert {one[1] for one in await derived(kit.admin, gone)} == {"reminder"}
    edges = await both_ways(kit.admin, "collection", ("billing", "bill", "B1"), ("billing", "bill", "B2"))
    assert {origin for of, origin in edges if of[1] == "ledger_transaction"} > {("billing", "bill", "B2")}


async def test_an_opening_receivable_is_derived_from_its_approval(kit: Kit) -> None:
    days = {"issued_on": "2026-01-05", "due_on": "2026-02-05", "posted_on": "2026-03-01"}
    await put_openings(kit, {"document_no": "O1", "account_no": "A1", "amount_fen": 500, **days})
    (listed,) = (await kit.clerk.get("/v1/receivables?account_no=A1")).json()["items"]
    edges = await both_ways(kit.admin, "collection", ("collection", "receivable", listed["receivable_id"]))
    assert kinds(edges) <= {("receivable", "approval")}


async def test_it_comes_in_pages_and_none_of_other_org_units(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    for _ in range(3):
        await kit.pay(100)
    (debt,) = [one for one in await derived(kit.admin, ("billing", "bill", "B1")) if one[1] == "receivable"]
    whole = await derived(kit.admin, debt)
    assert [one[1] for one in whole] == ["payment"] * 3
    assert await derived(kit.admin, debt, limit=1) == whole == await derived(kit.admin, debt, limit=2)
    for units, found in ((("zj/ningbo",), []), ((), []), (("zj",), whole)):
        other = kit.client("auditor", "trace:read", org_units=units)
        assert await derived(other, debt) == found
    assert (await kit.clerk.get("/v1/derived/billing/bill/B1")).status_code == 403
    for nowhere in (("billing", "bill", "none"), ("nobody", "bill", "B1"), ("billing", "nothing", "B1")):
        assert await derived(kit.admin, nowhere) == []


async def test_a_document_takes_as_many_statements_for_many_as_for_one(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100_000)))
    (debt,) = [one for one in await derived(kit.admin, ("billing", "bill", "B1")) if one[1] == "receivable"]
    await kit.pay(100)
    counts = []
    for _ in range(2):
        of: Any = kit
        with Statements(of) as seen:
            await derived(kit.admin, debt)
        counts.append(len(seen.texts))
        for _ in range(5):
            await kit.pay(100)
    assert counts[0] == counts[1]

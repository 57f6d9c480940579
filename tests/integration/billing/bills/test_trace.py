"""From a line of a bill back to the tariff version and the usage."""

from tests.kits.billing import PLAIN, Desk, account, usage

NOWHERE = (("correction", "none"), ("difference", "none"), ("tariff_version", "t/none@1"))


async def test_every_line_of_a_bill_leads_to_its_tariff_version_and_usage(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")
    async with desk.client() as client:
        shown = (await client.get(f"/v1/bills/{bill_id}")).json()
        traced = (await client.get(f"/v1/trace/bill/{bill_id}")).json()
        lines = [o for o in traced["derived_from"] if o["kind"] == "bill_line"]
        assert len(lines) == len(shown["lines"]) > 0
        for origin, line in zip(lines, shown["lines"], strict=True):
            found = (await client.get(f"/v1/trace/bill_line/{origin['id']}")).json()
            assert found["document"]["formula"] == line["formula"]
            assert {(o["kind"], o["id"]) for o in found["derived_from"]} == {
                ("tariff_version", f"{PLAIN}@1"),
                ("usage", "U-1-1-1"),
            }
        version = (await client.get(f"/v1/trace/tariff_version/{PLAIN}@1")).json()
        missing = [
            await client.get(f"/v1/trace/{kind}/{name}")
            for kind, name in (
                ("bill", "none"),
                ("bill_line", f"{bill_id}:99"),
                ("bill_line", "x"),
                ("meter", "m"),
                *NOWHERE,
            )
        ]
    assert shown["lines"][0]["formula"] == "200 kWh x 0.538 = 107.6"
    assert sum(line["amount_fen"] for line in shown["lines"]) == shown["total_fen"] == 10760
    assert version["document"]["content_hash"] == shown["tariffs"][0]["content_hash"]
    assert [a.status_code for a in missing] == [404] * 7

"""From what customers are told of, to their notices, by the same edges as back."""

from tests.kits.notify import Api, contact
from tests.kits.told_facts import account, issued, proposed


async def test_a_notice_is_found_from_its_bill_and_one_that_asks_from_what_it_was_asked_for(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(account(1))
    await api.notify.handle(issued(1))
    await api.notify.handle(proposed(1))

    async def on(of: str) -> list[tuple[str, str]]:
        return [(one["kind"], one["id"]) for one in (await api.call("GET", f"/v1/derived/{of}")).json()["items"]]

    of_bill, of_question = await on("billing/bill/bill-0001"), await on("notify/question/q0001")
    assert await on("reading/read_day_change/change-0001") == [("question", "q0001")]
    assert await on("collection/bill/bill-0001") == []
    for found, origin in ((of_bill, "bill-0001"), (of_question, "q0001")):
        ((kind, id),) = found
        node = (await api.call("GET", f"/v1/trace/{kind}/{id}")).json()
        assert [one["id"] for one in node["derived_from"]] == [origin]

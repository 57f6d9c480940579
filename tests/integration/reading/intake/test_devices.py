"""Reads that devices push."""

from tests.kits.reading import Kit, read

GOOD = read("M0001", "2026-02-01", "150.00")


async def test_a_device_pushes_for_its_org_unit_and_each_message_once(kit: Kit) -> None:
    await kit.district()
    await kit.device("headend-1")
    await kit.device("headend-2", "zj/ningbo")
    await kit.device("other-meter", meter_no="M9")
    for device_id in ("headend-2", "other-meter"):
        answer = await kit.push_as_device(device_id, GOOD)
        assert answer.json()["outcomes"][0]["code"] == "auth.other_org_unit"
    nonce = "n" * 20
    answer = await kit.push_as_device("headend-1", GOOD, nonce=nonce)
    assert answer.json()["outcomes"][0]["status"] == "accepted"
    replayed = await kit.push_as_device("headend-1", GOOD, nonce=nonce)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "auth.replayed_message")
    again = await kit.push_as_device("headend-1", GOOD)
    assert again.json()["outcomes"][0]["status"] == "already_accepted"
    wrong_key = await kit.push_as_device("headend-1", GOOD, key=b"another")
    assert (await kit.push_as_device("headend-9", read("M0001", "2026-02-01", "151.00"))).status_code == 401
    assert (wrong_key.status_code, wrong_key.json()["code"]) == (401, "auth.invalid_signature")
    site = await kit.push_as_device("headend-1", GOOD | {"source": "site"})
    assert site.json()["outcomes"][0]["code"] == "reading.unknown_source"

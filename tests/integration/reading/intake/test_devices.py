"""Reads that devices push."""

import logging

import pytest

from shared.logging import JsonFormatter
from tests.kits.reading import ONE, UNIT, Kit, read

GOOD = read("M0001", "2026-02-01", "150.00")


async def test_a_device_pushes_for_its_org_unit_and_each_message_once(kit: Kit) -> None:
    await kit.district()
    await kit.device("headend-1")
    await kit.device("headend-2", "zj/ningbo")
    await kit.put("meters", [{"meter_no": "M2", "org_unit": UNIT, "registers": list(ONE)}])
    await kit.device("other-meter", meter_no="M2")
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


@pytest.mark.parametrize("case", ["other key", "unknown device", "replayed", "malformed"])
async def test_a_refused_push_is_a_line_in_the_log_without_what_was_pushed(
    kit: Kit, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    await kit.district()
    await kit.device("headend-1")
    nonce = "n" * 20
    await kit.push_as_device("headend-1", GOOD, nonce=nonce)
    caplog.set_level(logging.INFO)
    caplog.clear()
    match case:
        case "other key":
            answer = await kit.push_as_device("headend-1", GOOD, key=b"another")
        case "unknown device":
            answer = await kit.push_as_device("headend-9", GOOD)
        case "replayed":
            answer = await kit.push_as_device("headend-1", GOOD, nonce=nonce)
        case _:
            answer = await kit.push_as_device("headend-1", GOOD, nonce="short")
    assert answer.status_code == 401
    [line] = [record for record in caplog.records if record.name == "shared.web.refusals"]
    told = {name: vars(line)[name] for name in ("route", "status", "code")}
    assert told == {"route": "/v1/reads", "status": 401, "code": answer.json()["code"]}
    # a name that nobody proved is only a claim
    assert vars(line)["subject"] == ("headend-1" if case == "replayed" else "anonymous")
    text = JsonFormatter().format(line)
    assert not [sent for sent in ("M0001", "150.00", "headend-9", nonce) if sent in text]


async def test_refused_reads_of_a_push_are_told_by_their_code_alone(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    await kit.district()
    await kit.device("headend-2", "zj/ningbo")
    caplog.set_level(logging.INFO)
    await kit.push_as_device("headend-2", GOOD)
    [line] = [record for record in caplog.records if record.name == "shared.web.refusals"]
    assert (vars(line)["subject"], vars(line)["codes"]) == ("headend-2", {"auth.other_org_unit": 1})
    assert "M0001" not in JsonFormatter().format(line)

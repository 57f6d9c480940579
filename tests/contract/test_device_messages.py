"""The page for vendors is enough to sign by: its examples are what the code checks, and its shell lines make the first."""

import hashlib
import hmac
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from services.reading.network.domain import device_keys
from shared.web import devices

PAGE = (Path(__file__).parents[2] / "docs" / "device-messages.md").read_text()
EXAMPLES: list[dict[str, Any]] = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])


def of(example: dict[str, Any]) -> str:
    return str(example["target"])


@pytest.mark.parametrize("example", EXAMPLES, ids=of)
def test_an_example_is_what_the_page_says_in_words(example: dict[str, Any]) -> None:
    """Written from the page alone, without the product's code."""
    body_hash = hashlib.sha256(example["body"].encode()).hexdigest()
    lines = [example["method"], example["target"], body_hash, str(example["timestamp"]), example["nonce"]]
    assert "\n".join(lines) == example["string_to_sign"]
    proof = hmac.new(bytes.fromhex(example["key"]), example["string_to_sign"].encode(), hashlib.sha256)
    assert proof.hexdigest() == example["signature"]


@pytest.mark.parametrize("example", EXAMPLES, ids=of)
async def test_an_example_is_taken_by_the_code(example: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    key = bytes.fromhex(example["key"])
    monkeypatch.setattr(devices, "key_of", lambda _master, _device, _key_id: key)
    device = devices.DeviceRecord(key_ids=("k",), active=True, org_unit="zj")

    async def lookup(device_id: str) -> devices.DeviceRecord | None:
        return device if device_id == example["device"] else None

    known = devices.Devices("m" * 32, lookup)
    header = (
        f'WATTLINE-HMAC-SHA256 device="{example["device"]}",timestamp="{example["timestamp"]}",'
        f'nonce="{example["nonce"]}",signature="{example["signature"]}"'
    )
    for sent in (header, header.replace(",", ", ")):
        message = devices.parse(sent)
        assert message is not None
        body = example["body"].encode()
        assert await known.signer(message, example["method"], example["target"], body) == device
        assert await known.signer(message, example["method"], example["target"], body + b" ") is None
    signed = devices.sign(
        key=key,
        device_id=example["device"],
        method=example["method"],
        target=example["target"],
        body=example["body"].encode(),
        timestamp=example["timestamp"],
        nonce=example["nonce"],
    )
    assert signed == {"Authorization": header}
    assert 'device="DEVICE_ID",timestamp="TIME",nonce="NONCE",signature="SIGNATURE"' in PAGE


def test_the_shell_lines_make_the_first_signature() -> None:
    (lines,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(["sh", "-c", lines], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == EXAMPLES[0]["signature"]


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    assert f"more than {devices.WINDOW_SECONDS} seconds off" in PAGE
    assert f"at most {device_keys.OVERLAP_DAYS_MAX} days ahead" in PAGE
    assert device_keys.LIVE_MAX == 2
    assert "at most two are live" in PAGE

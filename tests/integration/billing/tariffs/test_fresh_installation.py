"""What an installation can do on its first day, before anybody has stored a power factor table."""

import json
import re
from pathlib import Path
from typing import Any

from services.billing.tariffs.documents import packaged
from tests.kits.billing import Desk
from tests.kits.effort import in_turn
from tests.unit.command.test_rate_supplied import INDUSTRY, SAMPLE, case

ROOT = Path(__file__).parents[4]
FILES = [p for p in sorted((ROOT / "tests" / "cases").glob("*.json")) if p.name != "worked_examples.json"]
EXAMPLES = [(p.stem, json.loads(p.read_text(encoding="utf-8"))) for p in FILES]
for page in ("rating-guide", "rating-reference"):
    for name, text in re.findall(
        r"^```json (\S+)\n(.*?)^```$", (ROOT / "docs" / f"{page}.md").read_text(), re.M | re.S
    ):
        if "expect" in json.loads(text):
            EXAMPLES.append((name, json.loads(text)))


@in_turn(("name", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
async def test_the_examples_of_the_documents_are_billed_by_preview_as_they_say(
    desk: Desk, name: str, example: dict[str, Any]
) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/bills/preview", json=example)
    assert answer.status_code == 200, answer.text
    assert answer.json()["differences"] == [], answer.text
    assert "refusal" not in answer.json()["answer"]


async def test_the_packaged_documents_are_stored_and_bill_without_the_table_being_stored(desk: Desk) -> None:
    async with desk.client() as client:
        for document in SAMPLE:
            if "series" in document or "charges" in document:
                await desk.activate(document)
        for version in (1, 2):
            answer = (await client.post("/v1/bills/preview", json=case(INDUSTRY, version))).json()["answer"]
            assert "power factor" in [line["name"] for line in answer["lines"]], answer


async def test_a_table_that_is_stored_holds_instead_of_the_packaged_one_of_its_name(desk: Desk) -> None:
    (shipped,) = packaged.tables()
    steep = {**shipped, "penalty": [{"to_points": None, "percent_per_point": "1"}]}
    example = dict(EXAMPLES)["example-two-part"]
    async with desk.client() as client:
        before = (await client.post("/v1/bills/preview", json=example)).json()["answer"]
        await desk.activate(steep)
        after = (await client.post("/v1/bills/preview", json=example)).json()["answer"]
    line = {a["total"]: [x["price"] for x in a["lines"] if x["kind"] == "power_factor"] for a in (before, after)}
    assert len(line) == 2, line

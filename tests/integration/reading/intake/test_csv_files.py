"""Reads of a manual route in a file."""

import json
from typing import Any

from tests.kits.effort import in_turn
from tests.kits.reading import THREE, Kit, read

AT = "2026-02-01T09:30:00+08:00"
PLAIN = f"meter_no,read_at,reader,import\nM0001,{AT},reader-1,1180.40\n"


async def _post(kit: Kit, body: str | bytes, **query: str) -> list[dict[str, Any]]:
    content = body.encode() if isinstance(body, str) else body
    answer = await kit.clerk.post(
        "/v1/reads/csv", params={"route_no": "R1"} | query, content=content, headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 200, answer.text
    outcomes: list[dict[str, Any]] = answer.json()["outcomes"]
    return outcomes


async def test_a_csv_of_a_manual_route_is_answered_row_by_row(kit: Kit) -> None:
    await kit.district(2)
    await kit.put("routes", [{"route_no": "R2", "org_unit": "zj", "read_day": 1}])
    await kit.plan("2026-02-01")
    rows = [
        "meter_no,read_at,reader,import",
        "M0001,2026-02-01T09:30:00+08:00,reader-7,150.00",
        "M0002,2026-02-01T09:40:00+08:00,reader-7,",
        "M0002,2026-02-01T09:40:00+08:00,reader-7,abc",
        "M0002",
    ]
    outcomes = await _post(kit, "\r\n".join(rows))
    assert [o["status"] for o in outcomes] == ["accepted", "refused", "refused", "refused"]
    assert [(o.get("code"), o.get("message")) for o in outcomes[1:]] == [
        ("reading.malformed_item", "row 3: malformed: registers"),
        ("reading.malformed_value", "row 4: register import is not a decimal number"),
        ("reading.malformed_item", "row 5: 1 cells, the header has 4"),
    ]
    assert (await kit.usages())[0]["actors"] == ["reader-7", "clerk"]
    (other,) = await _post(kit, "\n".join(rows[:2]), route_no="R2")
    assert other["code"] == "reading.other_route"


@in_turn(
    ("body", "query"),
    [
        (PLAIN, {}),
        (PLAIN.replace("\n", "\r"), {}),
        (b"\xef\xbb\xbf" + PLAIN.encode(), {}),
        (PLAIN.replace(",", ";"), {}),
        (PLAIN.replace(",", "\t"), {}),
        (f"meter_no;read_at;reader;import\nM0001;{AT};reader-1;1180,40\n", {"decimal": "comma"}),
        (f'meter_no,read_at,reader,import\nM0001,{AT},reader-1,"1180,40"\n', {"decimal": "comma"}),
        (PLAIN.replace("1180.40", "1180.4"), {}),
        (PLAIN.replace("1180.40", "1180.400"), {}),
        (PLAIN.replace("1180.40", "１１８０．４０"), {}),
        (PLAIN.replace(AT, "２０２６-０２-０１Ｔ０９：３０：００＋０８：００").replace("M0001", "Ｍ０００１"), {}),
        (f" Meter No , READ_AT ,reader,ｉｍｐｏｒｔ\n M0001 ,　{AT} , reader-1,1180.40\u00a0\n", {}),
        (f'"meter_no" , "read_at" , "reader", "import" \n "M0001" ,"{AT}" , "reader-1", "1180.40" \n', {}),
        (f"meter_no,read_at,reader,import,,\nM0001,{AT},reader-1,1180.40,,,\n,,,,\n  \n\n", {}),
        (f"meter_no,read_at,reader,import,备注\nM0001,{AT},reader-1,1180.40,\n", {}),
        (f"meter_no,read_at,reader,import,备注\nM0001,{AT},reader-1,1180.40,\n".encode("gb18030"), {}),
        (f"unit,source,import,reader,read_at,meter_no\nkWh,site,1180.40,reader-1,{AT},M0001\n".encode("gb18030"), {}),
    ],
)
async def test_a_file_in_any_form_that_people_make_is_one_and_the_same_read(
    kit: Kit, body: str | bytes, query: dict[str, str]
) -> None:
    await kit.district()
    await kit.push(read("M0001", "", "1180.40", "site", read_at=AT))
    assert [each["status"] for each in await _post(kit, body, **query)] == ["already_accepted"]


@in_turn(
    ("row", "code", "message"),
    [
        ('="0001",{AT},1.00,,', "reading.spreadsheet_trace", "column 1: "),
        ('"=""0001""",{AT},1.00,,', "reading.spreadsheet_trace", "column 1: "),
        ("1.23E+11,{AT},1.00,,", "reading.spreadsheet_trace", "column 1: "),
        ("M0001,{AT},1.18E+03,,", "reading.spreadsheet_trace", "column 3: "),
        ("M0001,{AT},=A1+B1,,", "reading.spreadsheet_trace", "column 3: "),
        ("M0001,#######,1.00,,", "reading.spreadsheet_trace", "column 2: "),
        ("M0001,{AT},1.00,=1,", "reading.spreadsheet_trace", "column 4: "),
        ("M0001,{AT},1.00,,Zhang San", "reading.unknown_column", "column 5: "),
        ("M0001,{AT},1.00,Zhang San,", "reading.malformed_item", "malformed: reader"),
        ("M0001,{AT},1.00,,,1", "reading.malformed_item", "6 cells, the header has 5"),
        ("M0001,{AT},1.00", "reading.malformed_item", "3 cells, the header has 5"),
        ("", "reading.malformed_item", "0 cells, the header has 5"),
        ('M0001,{AT},"1.00,,', "reading.malformed_item", "the quotes are not those of a CSV file"),
        ('M0001,{AT},"1.00"1,,', "reading.malformed_item", "the quotes are not those of a CSV file"),
        ("M0001,{AT},１２²,reader-1,", "reading.malformed_value", "register import"),
        ("M0001,{AT},1180.405,reader-1,", "reading.too_many_digits", "register import"),
        ('M0001,{AT},"1,00",reader-1,', "reading.malformed_value", "register import"),
        ("M0001,2026-02-01,1.00,reader-1,", "reading.bad_time", "read_at"),
        ("M0001,,1.00,,", "reading.malformed_item", "malformed: read_at"),
        ("M0009,{AT},1.00,reader-1,", "reading.unknown_meter", ""),
        ("M0001,{AT},1.00,,", "reading.reader_missing", ""),
    ],
)
async def test_a_bad_row_is_refused_by_itself_with_row_and_column_and_not_with_what_it_holds(
    kit: Kit, row: str, code: str, message: str
) -> None:
    await kit.district()
    good = f"M0001,{AT},1180.40,reader-1,"
    body = "\n".join(["meter_no,read_at,import,reader,备注", good, row.replace("{AT}", AT), good])
    outcomes = await _post(kit, body)
    assert [each["status"] for each in outcomes] == ["accepted", "refused", "already_accepted"]
    assert (outcomes[1]["index"], outcomes[1]["code"]) == (1, code)
    assert outcomes[1]["message"].startswith(f"row 3: {message}")
    assert "Zhang" not in json.dumps(outcomes)


async def test_a_point_where_the_decimal_comma_was_declared_is_refused(kit: Kit) -> None:
    await kit.district()
    outcomes = await _post(kit, PLAIN + f"M0001,{AT},reader-1,1180\n", decimal="comma")
    assert [(each["status"], each.get("code")) for each in outcomes] == [
        ("refused", "reading.malformed_value"),
        ("accepted", None),
    ]
    assert outcomes[0]["message"] == "row 2: column 4: a point where the decimal comma was declared"


async def test_a_column_for_each_quantity_and_an_empty_cell_where_a_meter_has_none(kit: Kit) -> None:
    await kit.district(registers=THREE)
    body = (
        "meter_no,reader,read_at,Import,Import.Peak,import.valley,export\n"
        f"M0001,r-1,{AT},150,110,120,\nM0001,r-1,{AT},150,110,,\n"
    )
    outcomes = await _post(kit, body)
    assert [(each["status"], each.get("code")) for each in outcomes] == [
        ("accepted", None),
        ("refused", "reading.missing_register"),
    ]


@in_turn(
    "body",
    [
        b"",
        b"meter,read_at\n",
        b"meter_no,read_at\n",
        b"meter_no,read_at,import,import\n",
        b"meter_no,read_at,import,Import\n",
        b"meter_no,read_at,,import\n",
        b"meter_no|read_at|import\n",
        b'meter_no,read_at,"import\n',
        b"\xff\xfe",
        PLAIN.encode("utf-16"),
        b"\n" + PLAIN.encode(),
        PLAIN.encode() + b"M0001,2026-02-01T00:00:00+08:00,r-1,1\n" * 1000,
    ],
)
async def test_a_file_that_is_no_csv_of_reads_is_refused_as_a_whole(kit: Kit, body: bytes) -> None:
    answer = await kit.clerk.post("/v1/reads/csv?route_no=R1", content=body, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_a_thousand_rows_and_what_trails_them_are_taken(kit: Kit) -> None:
    await kit.district()
    body = "meter_no,read_at,reader,import\n" + f"M0001,{AT},r-1,1180.40\n" * 1000 + ",,,\n" * 1000
    assert len(await _post(kit, body)) == 1000
    answer = await kit.clerk.post("/v1/reads/csv?route_no=R1&decimal=dot", content=body.encode())
    assert answer.status_code in (415, 422)

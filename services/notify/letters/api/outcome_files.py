"""What became of letters in a CSV file: the register as it was taken, with what the post said filled in."""

import re
from datetime import date

from services.notify.letters.domain import DELIVERED, LETTERS_MAX, RETURNED, Told
from services.notify.letters.schemas import RegisterLine
from shared.web import spreadsheet

_DAY = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")


def parse(body: bytes) -> list[Told]:
    """Return what a file says became of letters; one without outcome is not said anything of.

    Columns `letter`, `outcome` and `on`, `register_no`, `reason`; the others of the register may stay. A day may have the form
    that a spreadsheet gives it.
    """
    rows = spreadsheet.read(
        body, needed=("letter", "outcome"), known=tuple(RegisterLine.model_fields), rows_max=LETTERS_MAX
    )
    return [_told(row, number) for number, row in rows if row["outcome"]]


def _told(row: dict[str, str], number: int) -> Told:
    letter, day = row["letter"], _DAY.fullmatch(row.get("on", ""))
    if not (letter.isascii() and letter.isdigit() and len(letter) <= 4):
        raise spreadsheet.bad_csv(f"row {number}: the letter has no number")
    if row["outcome"] not in (DELIVERED, RETURNED):
        raise spreadsheet.bad_csv(f"row {number}: the outcome is neither {DELIVERED} nor {RETURNED}")
    register_no = row.get("register_no", "").removeprefix("'")
    if len(register_no) > 64 or "+" in register_no or "\0" in register_no:
        raise spreadsheet.bad_csv(f"row {number}: the register number is not as the post wrote it")
    try:
        on = date(*(int(part) for part in day.groups())) if day else None
    except ValueError:
        on = None
    if on is None:
        raise spreadsheet.bad_csv(f"row {number}: the day is not such as 2026-01-31")
    return Told(
        place=int(letter),
        outcome=row["outcome"],
        on=on,
        register_no=register_no,
        reason=row.get("reason", ""),
    )

"""A case is calculated by the dated rules; what was calculated can be calculated again from what is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.cases.domain import calculation as domain
from services.billing.cases.domain import cases, standing
from services.billing.cases.domain.calculation import Edition, Working
from services.billing.cases.store import cases as store
from services.billing.cases.store import charges as charges_store
from services.billing.cases.use_cases import working
from services.billing.cases.use_cases.working import MaySee
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.regulation import packaged
from shared.regulation.codes import Refused


class CalculationRefused(BusinessError):
    status = 422
    code = "case.calculation_refused"
    title = "The rules or the inputs do not allow this calculation"


class NotOfThisKind(BusinessError):
    status = 422
    code = "case.calculation_not_of_kind"
    title = "A case of this kind does not end with this calculation"


class UnknownCalculation(BusinessError):
    status = 404
    code = "case.unknown_calculation"
    title = "The case has no such calculation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is calculated with. `breach_on`: the day whose edition of the rules holds; `figures`: what that leaves open.

    `days`: the first day that it is for, and the day after the last, as far as its inputs do not say them.
    """

    calculation: str
    breach_on: date
    input: Mapping[str, Any]
    figures: Mapping[str, str]
    days: tuple[date | None, date | None] = (None, None)


@cache
def editions() -> tuple[Edition, ...]:
    """Return the editions of the supply rules that ship."""
    return domain.editions(packaged.policies())


def work_out(given: Given) -> Working:
    """Return what follows from inputs; raises CalculationRefused with the code and place of what is wrong."""
    try:
        return domain.work_out(editions(), given.calculation, given.breach_on, given.input, given.figures)
    except Refused as refused:
        raise CalculationRefused(f"{refused.code} at {refused.pointer}: {refused.detail}") from None


def days_of(given: Given) -> tuple[date | None, date | None]:
    """Return the days of a calculation, half-open, as far as they are said; raises CalculationRefused where they contradict."""
    said = standing.days_said(given.input)
    if any(stated and known and stated != known for stated, known in zip(given.days, said, strict=True)):
        raise CalculationRefused("input_wrong at /days: the inputs say other days")
    first, last = (known or stated for stated, known in zip(given.days, said, strict=True))
    if first and last and first >= last:
        raise CalculationRefused("input_wrong at /days: they end before they begin")
    return first, last


async def calculate(
    tx: Tx, case_no: str, given: Given, *, seen: int, on: date | None, actor: str, may_see: MaySee
) -> int:
    """Calculate a case and store the working with the hash of its policy; return its number."""
    row = await working.locked(tx, case_no, may_see, seen)
    if given.calculation not in domain.OF_KIND[row.kind]:
        raise NotOfThisKind(", ".join(domain.OF_KIND[row.kind]))
    day = await working.day_of(tx, row, on)
    if given.breach_on > day:
        raise CalculationRefused("input_wrong at /breach_on: the breach lies after the day of the calculation")
    found = work_out(given)
    from_day, to_day = days_of(given)
    number = await charges_store.last_number(tx, case_no) + 1
    await working.move(tx, row, "calculate", on=day, actor=actor, explanation=f"{given.calculation} {number}")
    await charges_store.add_calculation(
        tx,
        {
            "case_no": case_no,
            "number": number,
            "calculation": given.calculation,
            "breach_on": given.breach_on,
            "from_day": from_day,
            "to_day": to_day,
            "input": orjson.dumps(given.input).decode(),
            "figures": orjson.dumps(given.figures).decode(),
            "policy": found.edition.policy.id,
            "policy_version": found.edition.policy.version,
            "policy_hash": found.edition.hash,
            "items": orjson.dumps(found.items).decode(),
            "back_billing_fen": found.back_billing_fen,
            "penalty_fen": found.penalty_fen,
            "adjustment_fen": found.adjustment_fen,
            "energy_wh": found.energy_wh,
            "calculated_by": actor,
            "calculated_on": day,
        },
    )
    await store.finish_step(tx, case_no, cases.CALCULATION, on=day, by=actor)
    return number


def follows(row: Row[Any]) -> bool:
    """Return whether a stored calculation follows from its stored inputs, by the policy of the hash that it has."""
    try:
        again = work_out(
            Given(
                calculation=row.calculation,
                breach_on=row.breach_on,
                input=orjson.loads(row.input),
                figures=orjson.loads(row.figures),
            )
        )
    except CalculationRefused:
        return False
    money = (again.back_billing_fen, again.penalty_fen, again.adjustment_fen, again.energy_wh)
    return (
        again.edition.hash == row.policy_hash
        and list(again.items) == orjson.loads(row.items)
        and money == (row.back_billing_fen, row.penalty_fen, row.adjustment_fen, row.energy_wh)
    )

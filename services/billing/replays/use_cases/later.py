"""Documents that came of bills, each calculated again from what is stored of it and from its bills as they come out now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Row

from services.billing.adjustments import domain as adjusting
from services.billing.adjustments import store as adjustments_store
from services.billing.adjustments.domain import Adjustment, Billed, Test
from services.billing.adjustments.use_cases import settling
from services.billing.bills.domain import differences
from services.billing.bills.store import lines
from services.billing.cases.domain import standing
from services.billing.cases.domain.calculation import Working
from services.billing.cases.use_cases import adjusting as cases_adjusting
from services.billing.cases.use_cases import calculating
from services.billing.replays import domain
from services.billing.replays.domain import Item, Replayed
from services.billing.replays.use_cases.recomputing import Figures, Recomputed
from shared.regulation.policy import Policy

CORRECTION, DIFFERENCE, ADJUSTMENT, CHARGE, FINAL_BILL = (
    *("correction", "difference", "adjustment"),
    *("charge", "final_bill"),
)
_OF_CALCULATION: Final = ("back_billing_fen", "penalty_fen", "adjustment_fen", "energy_wh")
_NONE: Final = Adjustment(account_no="", org_unit="", energy_wh=0, total_fen=0, components=(), working={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What documents rest on: bills with what they come to now, tests, calculations, adjustments that others take back."""

    bills: Mapping[str, Row[Any]]
    found: Recomputed
    tests: Mapping[str, Test]
    calculations: Mapping[tuple[str, int], Row[Any]]
    adjustments: Mapping[str, Row[Any]]


def correction(row: Row[Any], known: Known) -> Replayed:
    """Calculate again what a correction reverses and puts in its place; a cancellation puts nothing."""
    old, new = orjson.loads(row.reversals), orjson.loads(row.replacements)
    if not {*old, *new} <= known.bills.keys():
        return _not(CORRECTION, row.correction_id, domain.BILL_MISSING)
    figures = known.found.figures
    items = [
        Item("reversed_fen", str(row.reversed_fen), str(sum(figures[one].total_fen for one in old))),
        Item("replaced_fen", str(row.replaced_fen), str(sum(figures[one].total_fen for one in new))),
    ]
    return domain.compared(CORRECTION, row.correction_id, items)


def difference(row: Row[Any], known: Known) -> Replayed:
    """Calculate again how far two bills are apart."""
    if not {row.bill_id, row.replacement_id} - {None} <= known.bills.keys():
        return _not(DIFFERENCE, row.difference_id, domain.BILL_MISSING)
    figures = known.found.figures
    was = figures[row.bill_id]
    now = figures[row.replacement_id] if row.replacement_id else Figures(total_fen=0, components=())
    parts = differences.components(dict(was.components), dict(now.components))
    items = domain.listed("component", orjson.loads(row.components), [list(part) for part in parts])
    items.append(Item("total_fen", str(row.total_fen), str(now.total_fen - was.total_fen)))
    return domain.compared(DIFFERENCE, row.difference_id, items)


def adjustment(row: Row[Any], known: Known) -> Replayed:
    """Calculate an adjustment again: as the opposite of what it takes back, of its case, or from the bills of its test."""
    number, working = row.adjustment_id, orjson.loads(row.working)
    if row.reverses is not None:
        taken = known.adjustments.get(row.reverses)
        if taken is None:
            return _not(ADJUSTMENT, number, domain.ADJUSTMENT_MISSING)
        parts = [(name, -fen) for name, fen in adjustments_store.components(taken.components)]
        return _adjusted(row, -taken.energy_wh, -taken.total_fen, parts, [])
    if working.get(domain.ADOPTED):
        return _not(ADJUSTMENT, number, domain.ADOPTED, domain.NOT_REPLAYABLE)
    if row.case_no is not None:
        return _of_case(row, known)
    test = _test(row, working, known)
    bills = sorted(bills_of(working))
    rules = [rule for rule in settling.rules() if _name(rule) == working.get("policy")]
    if test is None or not rules:
        return _not(ADJUSTMENT, number, domain.TEST_MISSING if test is None else domain.RULES_MISSING)
    if not {*bills} <= known.bills.keys():
        return _not(ADJUSTMENT, number, domain.BILL_MISSING)
    billed = [_billed(known.bills[one], known.found.figures[one]) for one in bills]
    wanted = [each for each in adjusting.adjustments(test, billed, rules[0]) if each.account_no == row.account_no]
    now = wanted[0] if wanted else _NONE
    shown = domain.listed("bill", working.get("bills", ()), now.working.get("bills", ()), _text)
    return _adjusted(row, now.energy_wh, now.total_fen, now.components, shown)


def bills_of(working: Mapping[str, Any]) -> set[str]:
    """Return the bills that an adjustment rests on."""
    return {bill["bill_id"] for bill in working.get("bills", ())}


def charge(row: Row[Any], known: Known) -> Replayed:
    """Calculate a charge of a case again: the calculation that it follows from, from its inputs, and the component of it."""
    worked = known.calculations.get((row.case_no, row.calculation_number))
    if worked is None:
        if row.rule == domain.ADOPTED:
            return _not(CHARGE, row.charge_no, domain.ADOPTED, domain.NOT_REPLAYABLE)
        return _not(CHARGE, row.charge_no, domain.CALCULATION_MISSING)
    found = _worked_out(worked)
    if found is None:
        return _not(CHARGE, row.charge_no, domain.CALCULATION_REFUSED)
    again, items = found
    fen = {standing.BACK_BILLING: again.back_billing_fen, standing.PENALTY: again.penalty_fen}[row.component]
    items += [
        Item("amount_fen", str(row.amount_fen), str(fen)),
        Item("rule", row.rule, worked.calculation),
        Item("policy", f"{row.policy} {row.policy_hash}", f"{_name(again.edition.policy)} {again.edition.hash}"),
    ]
    return domain.compared(CHARGE, row.charge_no, items)


def final_bill(row: Row[Any], known: Known) -> Replayed:
    """Compare what a closing told as its final bill with that bill: it is of the last day, and comes to as much."""
    if row.bill_id not in known.bills:
        return _not(FINAL_BILL, row.closing_no, domain.BILL_MISSING)
    bill = known.bills[row.bill_id]
    items = [
        Item("final_fen", str(row.final_fen), str(known.found.figures[row.bill_id].total_fen)),
        Item("ends_on", str(row.ends_on), str(bill.period_to)),
        Item("account_no", row.account_no, bill.account_no),
    ]
    return domain.compared(FINAL_BILL, row.closing_no, items)


def _of_case(row: Row[Any], known: Known) -> Replayed:
    worked = known.calculations.get((row.case_no, row.test_version))
    if worked is None:
        return _not(ADJUSTMENT, row.adjustment_id, domain.CALCULATION_MISSING)
    found = _worked_out(worked)
    if found is None:
        return _not(ADJUSTMENT, row.adjustment_id, domain.CALCULATION_REFUSED)
    again, items = found
    parts = [(cases_adjusting.COMPONENT, again.adjustment_fen)]
    return _adjusted(row, again.energy_wh, again.adjustment_fen, parts, items)


def _worked_out(worked: Row[Any]) -> tuple[Working, list[Item]] | None:
    """Return what follows from the inputs of a calculation by the rules that ship, compared with what is stored of it."""
    try:
        again = calculating.work_out(
            calculating.Given(
                calculation=worked.calculation,
                breach_on=worked.breach_on,
                input=orjson.loads(worked.input),
                figures=orjson.loads(worked.figures),
            )
        )
    except calculating.CalculationRefused:
        return None
    items = domain.listed("item", orjson.loads(worked.items), list(again.items), _text)
    items += [Item(name, str(getattr(worked, name)), str(getattr(again, name))) for name in _OF_CALCULATION]
    items.append(Item("policy_hash", worked.policy_hash, again.edition.hash))
    return again, items


def _test(row: Row[Any], working: Mapping[str, Any], known: Known) -> Test | None:
    """Return the test of an adjustment; of a version that was told before the newest one, as the adjustment has kept it."""
    test = known.tests.get(row.dispute_no)
    if test is None or test.version == row.test_version:
        return test
    kept = adjusting.told_before(test, working)
    return kept if kept.version == row.test_version else None


def _adjusted(
    row: Row[Any], energy_wh: int, total_fen: int, parts: Sequence[tuple[str, int]], working: list[Item]
) -> Replayed:
    stored = [list(part) for part in adjustments_store.components(row.components)]
    items = [*working, *domain.listed("component", stored, [list(part) for part in parts])]
    items += [
        Item("energy_wh", str(row.energy_wh), str(energy_wh)),
        Item("total_fen", str(row.total_fen), str(total_fen)),
    ]
    return domain.compared(ADJUSTMENT, row.adjustment_id, items)


def _billed(row: Row[Any], figures: Figures) -> Billed:
    return Billed(
        bill_id=row.bill_id,
        usage_id=row.usage_id,
        account_no=row.account_no,
        org_unit=row.org_unit,
        period_from=row.period_from,
        period_to=row.period_to,
        energy_wh=row.energy_wh,
        lines=lines.stored(row.lines) if figures.lines is None else figures.lines,
    )


def _not(kind: str, document_id: str, reason: str, result: str = domain.FAILED) -> Replayed:
    return Replayed(kind=kind, document_id=document_id, result=result, reason=reason)


def _name(policy: Policy) -> str:
    return f"{policy.id}@{policy.version}"


def _text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()

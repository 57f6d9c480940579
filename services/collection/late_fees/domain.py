"""Late fees (电费违约金) as a function of what was settled when, what was held, and what was waived. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import numpy as np

from services.collection.ledger.domain.documents import BEARS_LATE_FEE
from shared import dated, exact
from shared.dated import NotCovered, Versions
from shared.document import Node
from shared.regulation import bulk, packaged
from shared.regulation.codes import Refused
from shared.regulation.late_fee import apart, late_fee, overdue_days
from shared.regulation.policy import Inputs, Policy, load_policy
from shared.statemachine import StateMachine

FIELDS: Final = "late_fee"
DAYS_MAX: Final = 365
CHARGED, WITHDRAWN = "charged", "withdrawn"
LIFE: Final = StateMachine(name="late fee", starts=(CHARGED,), moves={"withdraw": {CHARGED: WITHDRAWN}})
"""Withdrawn where what it follows from has changed, or two people waive it; what it is now is charged anew."""
Span = tuple[date, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What bears a fee from which due date on, who counts as a resident, and the figures.

    `editions`: those of the regulation, each with the figures that the utility's policy names for it. `due_days`: how long after
    its issue the fee itself is due.
    """

    of: tuple[str, ...]
    from_due_on: date
    residents: tuple[str, ...]
    due_days: int
    waiver_reasons: tuple[str, ...]
    editions: tuple[Policy, ...]


Rulebook = Versions[Rules | None]
"""The rules of each period; none where being late costs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateDebt:
    """A debt that was settled after its due date, or is owed: `parts` say what was settled when, `held` when no fee grew.

    `settled_on` of one that is owed is the day as of which is asked. `waived_fen`: what two people gave up of its fee, None: all.
    """

    receivable_id: str
    account_no: str
    customer_class: str
    due_on: date
    settled_on: date
    parts: Sequence[tuple[date, int]]
    held: Sequence[Span] = ()
    waived_fen: int | None = 0
    route_no: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a debt and the days for which it bore a fee: of the year in which it was due, and later."""

    receivable_id: str
    paid_on: date
    paid_fen: int
    days_before: int
    days_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """The fee on what an account settled on one day, by one rule: at least the minimum, half up to the fen, less waivers.

    `route_no`: the route of its debts, where all were read on one; else empty.
    """

    account_no: str
    settled_on: date
    rule: str
    amount_fen: int
    lines: tuple[Line, ...]
    route_no: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    policy: Policy
    rules: Rules
    of_homes: bool


def due_from(rulebook: Rulebook) -> date:
    """Return the first due date on which a debt may have a fee; the last of all days where none has."""
    return min((version.rules.from_due_on for version in rulebook if version.rules), default=date.max)


def kinds(rulebook: Rulebook) -> list[str]:
    """Return the kinds of documents that may bear a fee."""
    return sorted({kind for version in rulebook if version.rules for kind in version.rules.of})


def bears(rulebook: Rulebook, document_kind: str, due_on: date) -> bool:
    """Return whether being late with a document costs, by the rules of its first late day."""
    rule = _rule(rulebook, due_on, "")
    return rule is not None and document_kind in rule.rules.of


def fees(rulebook: Rulebook, debts: Iterable[LateDebt]) -> list[Fee]:
    """Return the fees on debts: one an account, day on which they were settled, and rule. The order of the debts decides nothing.

    The rule of a debt is that of its first late day and of its class.
    """
    by_rule: dict[str, tuple[_Rule, dict[tuple[str, date], list[LateDebt]]]] = {}
    for debt in sorted(debts, key=lambda debt: (debt.account_no, debt.due_on, debt.receivable_id)):
        rule = _rule(rulebook, debt.due_on, debt.customer_class)
        if rule is not None and debt.waived_fen is not None:
            groups = by_rule.setdefault(rule.name, (rule, defaultdict(list)))[1]
            groups[debt.account_no, debt.settled_on].append(debt)
    found = [fee for rule, groups in by_rule.values() for fee in _of_rule(rule, groups)]
    return sorted(found, key=lambda fee: (fee.account_no, fee.settled_on, fee.rule))


def _rule(rulebook: Rulebook, due_on: date, customer_class: str) -> _Rule | None:
    first = due_on + timedelta(days=1)
    try:
        version = rulebook.version_on(first)
    except NotCovered:
        return None
    rules = version.rules
    if rules is None or due_on < rules.from_due_on:
        return None
    edition = next((one for one in rules.editions if first in one.period), None)
    if edition is None:
        return None
    of_homes = customer_class in rules.residents
    name = f"{version.name}/{edition.id} {edition.version}, {'residents' if of_homes else 'others'}"
    return _Rule(name, edition, rules, of_homes)


def _of_rule(rule: _Rule, groups: Mapping[tuple[str, date], Sequence[LateDebt]]) -> list[Fee]:
    """Calculate the fees of many groups at once, as columns; what could overflow one by one."""
    parts: list[tuple[int, LateDebt, date, int]] = []
    spans: list[tuple[int, date, date]] = []
    for number, debts in enumerate(groups.values()):
        for debt in debts:
            held = apart(debt.held)
            for paid_on, fen in debt.parts:
                spans += [(len(parts), start, stop) for start, stop in held]
                parts.append((number, debt, paid_on, fen))
    amounts = bulk.late_fees(
        rule.policy,
        _days(paid_on for _, _, paid_on, _ in parts),
        np.full(len(groups), rule.of_homes, dtype=np.bool_),
        np.array([number for number, *_ in parts], dtype=np.int64),
        np.array([fen for *_, fen in parts], dtype=np.int64),
        _days(debt.due_on for _, debt, _, _ in parts),
        bulk.Held(
            np.array([row for row, _, _ in spans], dtype=np.int64),
            _days(start for _, start, _ in spans),
            _days(stop for _, _, stop in spans),
        ),
    )
    found = []
    for number, ((account_no, settled_on), debts) in enumerate(groups.items()):
        fen = _one(rule, debts) if amounts.apart[number] else int(amounts.fen[number])
        fen -= min(fen, sum(debt.waived_fen or 0 for debt in debts))
        if fen:
            lines = tuple(line for debt in debts for line in _lines(debt))
            routes = {debt.route_no for debt in debts}
            route_no = routes.pop() if len(routes) == 1 else ""
            found.append(
                Fee(
                    account_no=account_no,
                    settled_on=settled_on,
                    rule=rule.name,
                    amount_fen=fen,
                    lines=lines,
                    route_no=route_no,
                )
            )
    return found


def _days(days: Iterable[date]) -> Any:
    return np.array(list(days), dtype="datetime64[D]")


def _lines(debt: LateDebt) -> list[Line]:
    days = [(paid_on, fen, overdue_days(debt.due_on, paid_on, debt.held)) for paid_on, fen in debt.parts]
    return [Line(debt.receivable_id, paid_on, fen, *of) for paid_on, fen, of in days if any(of)]


def _one(rule: _Rule, debts: Sequence[LateDebt]) -> int:
    """Calculate one fee by the single calculation, which knows no bounds."""
    given = [
        {
            "name": debt.receivable_id,
            "amount": exact.text(fen, 100),
            "due": debt.due_on.isoformat(),
            "paid": paid_on.isoformat(),
            "held": [{"from": start.isoformat(), "to": stop.isoformat()} for start, stop in apart(debt.held)],
        }
        for debt in debts
        for paid_on, fen in debt.parts
    ]
    settled_on = debts[0].settled_on.isoformat()
    user = "resident" if rule.of_homes else "other"
    *_, total = late_fee(rule.policy, Inputs({"user": user, "paid": settled_on, "debts": given}))
    return total.amount_fen or 0


def read(document: Node, *, also: str) -> Rulebook:
    """Return the rules of a policy document; `also` names the fields of a version that others read.

    `late_fee` of a version is null or absent, or names a packaged policy of `shared.regulation`, and the figures that this leaves
    open or that are others at this utility.
    """
    return dated.versions(document, lambda version: _rules(version.maybe(FIELDS)), fields=f"{FIELDS} {also}")


def _rules(node: Node | None) -> Rules | None:
    if node is None:
        return None
    node.keys("policy figures of from_due_on residents due_days waiver_reasons")
    of = node.get("of").texts()
    for kind in of:
        if kind not in BEARS_LATE_FEE:
            node.get("of").refuse("name_unknown", f"{kind} is none of {', '.join(BEARS_LATE_FEE)}")
    if (from_due_on := node.get("from_due_on").day()) is None:
        node.get("from_due_on").refuse("value_wrong", "a date was expected")
    return Rules(
        of=of,
        from_due_on=from_due_on or date.max,
        residents=node.get("residents").texts(),
        due_days=node.get("due_days").whole(0, DAYS_MAX),
        waiver_reasons=node.get("waiver_reasons").texts(),
        editions=_editions(node),
    )


def _editions(node: Node) -> tuple[Policy, ...]:
    """Return the editions of the packaged policy with the utility's figures; one that leaves a figure open is refused."""
    name, figures = node.get("policy").text(), {key: value.value for key, value in node.get("figures").fields()}
    packed = [document for document in _packaged() if document["policy"] == name]
    if not packed:
        node.get("policy").refuse("name_unknown", f"{name} is no packaged policy")
    found = []
    for document in packed:
        try:
            policy = load_policy({**document, "late_fee": {**document["late_fee"], **figures}})
            bulk.late_fees(policy, *_TRIED)
        except Refused as refused:
            node.get("figures").refuse(
                "value_wrong", f"{name} {document['version']}: {refused.pointer}: {refused.code}"
            )
            continue
        found.append(policy)
    return tuple(found)


_TRIED: Final = (
    date(2001, 1, 2),
    np.array([True, False]),
    np.array([0, 1]),
    np.array([1, 1]),
    np.array(["2000-12-30", "2000-12-30"], dtype="datetime64[D]"),
)
"""A resident and another who pay late across New Year: what asks for every figure."""


@cache
def _packaged() -> list[dict[str, Any]]:
    return packaged.policies()

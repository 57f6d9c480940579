"""Bills calculated again from what is stored: usage, account and ladder state as they were, rating documents by their hashes."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Row

from services.billing.bills.domain import bills, chains, policy, reviewing
from services.billing.bills.domain.chains import Chain, Seen, Step
from services.billing.bills.domain.policy import Policies
from services.billing.bills.store import basis as basis_store
from services.billing.bills.use_cases import inputs
from services.billing.context import Context
from services.billing.contracts.domain import Terms
from services.billing.contracts.store import then
from services.billing.rating import rating
from services.billing.rating.tariff.names import Names
from services.billing.replays import domain
from services.billing.replays.domain import Item, Replayed
from services.billing.review.domain import findings, limits, subject
from services.billing.review.domain.rules.registry import RULES
from services.billing.tariffs.store import documents as documents_store
from services.billing.tariffs.store import proposals
from services.billing.usages.domain import Usage
from services.billing.usages.store import usages as usages_store
from shared.dated import NotCovered
from shared.db.engine import View
from shared.document import DocumentError

BILL: Final = "bill"
_NOT_OF_THE_BILL: Final = findings.OF_NO_RULE | {rule.code for rule in RULES if rule.of_run}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a bill comes to now; what is stored of one that cannot be calculated again."""

    total_fen: int
    components: Sequence[tuple[str, int]]
    lines: Sequence[rating.Line] | None = None


@dataclass(slots=True)
class Recomputed:
    """Bills that were calculated again, by id, with the figures that documents on them rest on."""

    replayed: dict[str, Replayed] = field(default_factory=dict)
    figures: dict[str, Figures] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    rate: chains.Rate
    policies: Policies | None
    software: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A bill that says what it was made from."""

    row: Row[Any]
    context: Mapping[str, Any]

    @property
    def basis(self) -> str:
        return str(self.context["made_from"]["basis"])

    @property
    def terms(self) -> tuple[str, str, int]:
        return self.row.account_no, self.row.contract_no, self.context["made_from"]["account"]

    @property
    def measured(self) -> Sequence[str]:
        return list(self.context["made_from"].get("sub_meters", ()))


async def recompute(view: View, rows: Iterable[Row[Any]], *, context: Context) -> Recomputed:
    """Calculate bills again and compare them; the number of statements does not depend on how many they are.

    What an earlier software made is calculated by that which runs now: it differs where the two do.
    """
    found, made = Recomputed(), list[_Made]()
    for row in rows:
        found.figures[row.bill_id] = _stored(row)
        of_bill = orjson.loads(row.context)
        without = _without(row, of_bill)
        if without is None:
            made.append(_Made(row=row, context=of_bill))
        else:
            found.replayed[row.bill_id] = without
    if not made:
        return found
    bases, wrong = await _bases(view, {one.basis for one in made}, context)
    terms = await then.terms(view, sorted({one.terms for one in made}))
    used = {one.row.usage_id for one in made} | {usage for one in made for usage in one.measured}
    usages = await usages_store.by_id(view, sorted(used))
    groups: dict[str, list[tuple[_Made, Chain]]] = {}
    for one in made:
        reason = wrong.get(one.basis) or _missing(one, terms, usages)
        if reason:
            found.replayed[one.row.bill_id] = _failed(one.row, reason)
        else:
            groups.setdefault(one.basis, []).append((one, _chain(one, terms[one.terms], usages)))
    for basis_hash, listed in groups.items():
        basis = bases[basis_hash]
        # without policy of its time the rules are those of now, and what they find is not compared
        chains.calculate([chain for _, chain in listed], basis.rate, basis.policies or context.policies, {})
        for one, chain in listed:
            seen = _only(chain)
            other = basis.software != context.software
            items = _items(one, seen, basis.policies)
            bill_id = one.row.bill_id
            found.replayed[bill_id] = domain.compared(BILL, bill_id, items, by_other_software=other)
            found.figures[bill_id] = Figures(
                total_fen=0 if seen.rated.refusal else seen.rated.total_fen,
                components=bills.components(seen.rated.lines),
                lines=seen.rated.lines,
            )
    return found


def _stored(row: Row[Any]) -> Figures:
    return Figures(total_fen=row.total_fen, components=[tuple(part) for part in orjson.loads(row.components)])


def _without(row: Row[Any], of_bill: Mapping[str, Any]) -> Replayed | None:
    """Return what becomes of a bill that was not calculated, or does not say from what; None where it does."""
    no_lines = row.lines == "[]"
    if no_lines and row.total_fen == 0 and f'"{findings.TAKEN_BACK}"' in row.findings:
        return domain.compared(BILL, row.bill_id, [Item("total_fen", "0", "0")])
    if of_bill == {} or (no_lines and row.total_fen != 0):
        return _of_none(row, domain.ADOPTED)
    return None if "made_from" in of_bill else _of_none(row, domain.MADE_BEFORE)


def _of_none(row: Row[Any], reason: str) -> Replayed:
    return Replayed(kind=BILL, document_id=row.bill_id, result=domain.NOT_REPLAYABLE, reason=reason)


def _failed(row: Row[Any], reason: str) -> Replayed:
    return Replayed(kind=BILL, document_id=row.bill_id, result=domain.FAILED, reason=reason)


def _missing(one: _Made, terms: Mapping[Any, Terms], usages: Mapping[str, Usage]) -> str:
    if one.terms not in terms:
        return domain.TERMS_MISSING
    return "" if {one.row.usage_id, *one.measured} <= usages.keys() else domain.USAGE_MISSING


async def _bases(view: View, hashes: set[str], context: Context) -> tuple[dict[str, _Basis], dict[str, str]]:
    """Return bases with their documents loaded, and why others cannot be, by their hashes."""
    rows = await basis_store.by_hash(view, sorted(hashes))
    named = {name: orjson.loads(row.documents) for name, row in rows.items()}
    contents = await proposals.by_hash(view, sorted({d[3] for listed in named.values() for d in listed}))
    found, wrong = dict[str, _Basis](), dict.fromkeys(hashes - rows.keys(), domain.BASIS_MISSING)
    for name, row in rows.items():
        texts = [(content_hash, contents.get(content_hash)) for _, _, _, content_hash in named[name]]
        if any(text is None for _, text in texts):
            wrong[name] = domain.DOCUMENT_MISSING
        elif any(hashlib.sha256((text or "").encode()).hexdigest() != content_hash for content_hash, text in texts):
            wrong[name] = domain.DOCUMENT_CHANGED
        else:
            try:
                book = rating.load_book(documents_store.with_packaged([orjson.loads(text or "") for _, text in texts]))
            except rating.TariffError:
                wrong[name] = domain.BOOK_WRONG
                continue
            rate = inputs.rated_by(lambda requests, of: context.uncounted_rater(requests, of)[0], book, Names(book))
            found[name] = _Basis(rate=rate, policies=_policies(row.policy), software=row.software)
    return found, wrong


def _policies(text: str) -> Policies | None:
    """Return the policy of a basis; None where this software cannot read it any more."""
    try:
        return policy.load(orjson.loads(text))
    except DocumentError:
        return None


def _chain(one: _Made, terms: Terms, usages: Mapping[str, Usage]) -> Chain:
    """Return the chain of one bill alone, from the ladder state that it was calculated from."""
    row = one.row
    step = Step(usage=usages[row.usage_id], old=None, version=row.version, fresh=True, after_gap=False, instead_of=())
    measured: dict[str, list[Usage]] = {}
    for usage_id in one.measured:
        measured.setdefault(usages[usage_id].service_point_no, []).append(usages[usage_id])
    state = str(one.context["made_from"]["state"])
    return Chain(terms=terms, steps=[step], gone=(), versions={}, state=state, measured=measured, seen=[])


def _only(chain: Chain) -> Seen:
    assert chain.seen
    return chain.seen[0]


def _items(one: _Made, seen: Seen, policies: Policies | None) -> list[Item]:
    row, rated = one.row, seen.rated
    computed = orjson.loads(chains.lines_text(rated.lines))
    items = domain.listed("line", orjson.loads(row.lines), computed, _line)
    components = [list(part) for part in bills.components(rated.lines)]
    items += domain.listed("component", orjson.loads(row.components), components, _text)
    tariffs = orjson.loads(orjson.dumps(rated.tariffs))
    items += domain.listed("tariff", orjson.loads(row.tariffs), tariffs, _text)
    items += [
        Item("energy_wh", str(row.energy_wh), str(seen.step.usage.import_wh)),
        Item("total_fen", str(row.total_fen), "0" if rated.refusal else str(rated.total_fen)),
        Item("tax_fen", _text(one.context["tax_fen"]), _text(rated.tax_fen)),
        Item("quantities", _text(one.context["quantities"]), _text(dict(rated.quantities_wh))),
        Item("ladder_state", row.ladder_state, seen.state),
    ]
    return items + _found(one, seen, policies)


def _found(one: _Made, seen: Seen, policies: Policies | None) -> list[Item]:
    """Compare what the rules of the policy of that day find on the bill, from what they looked at as it is kept beside it."""
    if policies is None or "review" not in one.context:
        return []
    usage = seen.step.usage
    looked_at = subject.from_json(
        one.context["review"],
        energy_wh=usage.import_wh,
        days=(usage.period_to - usage.period_from).days,
        months=usage.months,
        total_fen=seen.rated.total_fen,
    )
    try:
        rules = policies.on(usage.read_date).review
    except NotCovered:
        return []
    found = [*reviewing.not_rated(seen.rated), *limits.review(looked_at, rules)]
    stored = [f for f in orjson.loads(one.row.findings) if _is_of_the_bill(f["code"])]
    computed = [f.as_json() for f in found if _is_of_the_bill(f.code)]
    return [Item("findings", _text(sorted(map(_text, stored))), _text(sorted(map(_text, computed))))]


def _is_of_the_bill(code: str) -> bool:
    """Return whether a finding is of the bill alone: not what a person has added, or what is found of it beside its run."""
    return code == findings.NOT_RATED or code not in _NOT_OF_THE_BILL


def _line(values: Sequence[Any]) -> str:
    return " ".join(f"{name}={_text(value)}" for name, value in zip(chains.LINE_FIELDS, values, strict=True) if value)


def _text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=list).decode()

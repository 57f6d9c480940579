"""A change of use ends with the class, and the tariff, that the account has from a day on (改类). Pure."""

from dataclasses import dataclass, replace
from datetime import date

from services.billing.contracts.domain import Account, AccountTerms, Assignment, Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclass:
    """What an account is from a day on; without `tariff` or `option` these stay as they are."""

    from_: date
    customer_class: str
    tariff: str | None = None
    option: str | None = None


def reclassed(account: Account, contract_no: str, wanted: Reclass) -> Account:
    """Return an account with its class from a day on, later terms too, and the tariff of one of its contracts."""
    first = max(wanted.from_, min(terms.from_ for terms in account.facts))
    in_force = max((terms for terms in account.facts if terms.from_ <= first), key=lambda terms: terms.from_)
    kept = [terms for terms in account.facts if terms.from_ < first]
    later = [_of(terms, wanted) for terms in account.facts if terms.from_ > first]
    now = _of(in_force, wanted)
    own = [] if now == in_force and in_force in kept else [replace(now, from_=first)]
    facts = [*kept, *own, *later]
    contracts = [
        _with_tariff(contract, wanted) if contract.contract_no == contract_no else contract
        for contract in account.contracts
    ]
    return replace(account, facts=tuple(facts), contracts=tuple(contracts))


def _of(terms: AccountTerms, wanted: Reclass) -> AccountTerms:
    option = terms.option if wanted.option is None else wanted.option
    return replace(terms, customer_class=wanted.customer_class, option=option)


def _with_tariff(contract: Contract, wanted: Reclass) -> Contract:
    if wanted.tariff is None:
        return contract
    first = max(wanted.from_, min(each.from_ for each in contract.assignments))
    kept = [each for each in contract.assignments if each.from_ < first]
    own = [] if kept and kept[-1].tariff == wanted.tariff else [Assignment(first, wanted.tariff)]
    return replace(contract, assignments=(*kept, *own))

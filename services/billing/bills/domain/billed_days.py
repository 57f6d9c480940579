"""From which day on the new state of an account may change what is billed."""

from datetime import date

from services.billing.contracts.domain import Account, changed_since


def billed_since(old: Account, now: Account) -> dict[str, date]:
    """Return, by contract, the first day whose bill may come out otherwise, or become another one's, under a new state."""
    changed, told = changed_since(old, now), _told_since(old, now)
    return {no: min(days[no] for days in (changed, told) if no in days) for no in changed | told}


def _told_since(old: Account, now: Account) -> dict[str, date]:
    """Return, by contract, the first day whose usage reading tells anew, which is billed then: of other days, or curves."""
    olds, found = {contract.contract_no: contract for contract in old.contracts}, {}
    for new in now.contracts:
        was = olds.get(new.contract_no)
        if was is None:
            continue
        if (was.from_, was.annulled, was.curve_minutes) != (new.from_, new.annulled, new.curve_minutes):
            found[new.contract_no] = min(was.from_, new.from_)
        elif was.to != new.to:
            found[new.contract_no] = min(day for day in (was.to, new.to) if day)
    return found

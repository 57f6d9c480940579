"""From which day on the new state of an account may change what is billed."""

from datetime import date

from services.billing.contracts.domain import Account, changed_since


def billed_since(old: Account, now: Account) -> dict[str, date]:
    """Return, by contract, the first day whose bill may come out otherwise, or become another one's, under a new state."""
    changed, covered = changed_since(old, now), _covered_since(old, now)
    return {no: min(days[no] for days in (changed, covered) if no in days) for no in changed | covered}


def _covered_since(old: Account, now: Account) -> dict[str, date]:
    olds, found = {contract.contract_no: contract for contract in old.contracts}, {}
    for new in now.contracts:
        was = olds.get(new.contract_no)
        if was is None:
            continue
        if (was.from_, was.annulled) != (new.from_, new.annulled):
            found[new.contract_no] = min(was.from_, new.from_)
        elif was.to != new.to:
            found[new.contract_no] = min(day for day in (was.to, new.to) if day)
    return found

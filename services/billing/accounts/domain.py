"""Which sub-meters accounts can have beside those of all others."""

from collections.abc import Mapping, Sequence

from services.billing.contracts.domain import Contract, Link


def link_faults(wanted: Mapping[str, Sequence[Contract]], others: Sequence[Link]) -> dict[str, tuple[str, str]]:
    """Return, by account, the code and contract of a sub-meter that another main meter has, or that stands above its own main.

    `others`: the links of all accounts that are not `wanted`.
    """
    standing, found = list(others), dict[str, tuple[str, str]]()
    for account_no, contracts in wanted.items():
        own = [link for contract in contracts for link in contract.links()]
        known = [*standing, *own]
        for link in own:
            if any(o.sub == link.sub and o != link and o.days.overlaps(link.days) for o in known):
                found[account_no] = "account.sub_meter_of_another", link.contract_no
            elif _is_circle(link, known):
                found[account_no] = "account.sub_meters_circle", link.contract_no
        standing += () if account_no in found else own
    return found


def _is_circle(link: Link, known: Sequence[Link]) -> bool:
    """Return whether the main meter of a link is behind its own sub-meter on a day."""
    below, seen = [link], {link}
    while below:
        one = below.pop()
        if one.sub == link.main:
            return True
        more = {o for o in known if o.main == one.sub and o.days.overlaps(link.days)} - seen
        below += more
        seen |= more
    return False

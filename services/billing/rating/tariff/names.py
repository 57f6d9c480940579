"""The names that a tariff has for what accounts say of themselves: options, figures, states of equipment, further quantities."""

from services.billing.rating.rating_types import Finding, RatedBill, Request
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.model import Capacity, PowerFactor, Tariff
from services.billing.rating.tariff.quantity_rules import Amount, FixedRule, LossRule, ShareRule

NOT_OF_THE_TARIFF = "not_of_the_tariff"
_MEASURED = frozenset({"import", "export", "reactive", "demand"})
"""What any meter may measure, whether a tariff looks at it or not."""


def options(tariff: Tariff) -> set[str]:
    """Return the options that its charges and free quotas are for, without the empty one of those who chose none."""
    return {option for condition in tariff.conditions for option in condition.options or () if option}


def exemptions(tariff: Tariff) -> set[str]:
    """Return the exemptions that its charges know."""
    return {name for charge in tariff.charges for name in charge.applies.exempt}


def states(tariff: Tariff) -> set[str]:
    """Return the states of equipment that its capacity charges know."""
    return {state for c in tariff.charges if isinstance(c, Capacity) for state in c.state_share} | {"running"}


def shares(tariff: Tariff) -> set[str]:
    """Return the account's figures that are shares, at most 1."""
    found: set[Amount | None] = {rule.share for rule in tariff.quantities if isinstance(rule, ShareRule)}
    found |= {rule.copper_share for rule in tariff.quantities if isinstance(rule, LossRule)}
    return _texts(found)


def figures(tariff: Tariff) -> set[str]:
    """Return the account's figures that its quantity rules, power factor charges and free quotas refer to."""
    found: set[Amount | None] = {rule.kwh for rule in tariff.quantities if isinstance(rule, FixedRule)}
    found |= {rule.iron for rule in tariff.quantities if isinstance(rule, LossRule)}
    return _texts(found) | shares(tariff) | standards(tariff).keys() | free_kwh(tariff)


def standards(tariff: Tariff) -> dict[str, set[int]]:
    """Return, by the account's figure, the hundredths that its power factor standard can be."""
    found: dict[str, set[int]] = {}
    for charge in tariff.charges:
        if isinstance(charge, PowerFactor) and charge.fact:
            known = set(charge.rewards)
            found[charge.fact] = found.get(charge.fact, known) & known
    return found


def free_kwh(tariff: Tariff) -> set[str]:
    """Return the account's figures that are free kWh a month."""
    return {ladder.free.fact for ladder in tariff.ladders.values() if ladder.free and ladder.free.fact}


def _texts(amounts: set[Amount | None]) -> set[str]:
    return {amount for amount in amounts if isinstance(amount, str)}


class Names:
    """The names of the tariffs of a book, by id and version; each tariff is looked at once."""

    def __init__(self, book: TariffBook) -> None:
        self._book = book
        self._known: dict[tuple[str, str], tuple[set[str], set[str], set[str], set[str]]] = {}
        self._losses: dict[tuple[str, str], frozenset[str]] = {}

    def unknown(self, request: Request, rated: RatedBill) -> list[Finding]:
        """Find what a request says that a tariff that billed it does not know and would leave out without a word.

        An option, an exemption or a figure of the account, in a tariff that has others (a later version may have renamed it); a
        quantity that is none of a meter's own, such as what sub-meters measured.
        """
        found: dict[tuple[str, str], None] = {}
        for tariff_id, version, _ in rated.tariffs:
            known_options, known_exemptions, known_figures, heads = self._of(tariff_id, version)
            for index, fact in enumerate(request.facts):
                if fact.option and known_options and fact.option not in known_options:
                    found[f"/account/{index}/option", fact.option] = None
                if fact.exempt and known_exemptions:
                    found |= {(f"/account/{index}/exempt", n): None for n in fact.exempt if n not in known_exemptions}
                if fact.values and known_figures:
                    found |= {(f"/account/{index}/values", n): None for n in fact.values if n not in known_figures}
            for part in request.usage:
                for name, wh in part.wh.items():
                    if wh and name.partition(".")[0] not in heads:
                        found["/usage", name] = None
        return [Finding(NOT_OF_THE_TARIFF, "hold", pointer, name) for pointer, name in found]

    def losses_wh(self, rated: RatedBill) -> int:
        """Return the stated losses (变损, 线损) among the quantities of a bill."""
        names = set[str]()
        for tariff_id, version, _ in rated.tariffs:
            names |= self._losses_of(tariff_id, version)
        return sum(rated.quantities_wh.get(name, 0) for name in names) if names else 0

    def _losses_of(self, tariff_id: str, version: str) -> frozenset[str]:
        key = tariff_id, version
        if key not in self._losses:
            tariff = self._tariff(*key)
            self._losses[key] = frozenset(rule.name for rule in tariff.quantities if isinstance(rule, LossRule))
        return self._losses[key]

    def _tariff(self, tariff_id: str, version: str) -> Tariff:
        return next(t for t in self._book.versions[tariff_id] if t.version == version)

    def _of(self, tariff_id: str, version: str) -> tuple[set[str], set[str], set[str], set[str]]:
        key = tariff_id, version
        if key not in self._known:
            tariff = self._tariff(*key)
            heads = {name.partition(".")[0] for name in tariff.known} | _MEASURED
            self._known[key] = options(tariff), exemptions(tariff), figures(tariff), heads
        return self._known[key]

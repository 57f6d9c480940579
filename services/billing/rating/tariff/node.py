"""Walking a tariff document: `shared.document` and the exact numbers of the tariff language."""

from services.billing.rating.tariff.codes import TariffError
from shared import document
from shared.exact import MODES, Exact, RoundTo, parse


class Node(document.Node):
    """A value of a tariff document and where it stands."""

    __slots__ = ()

    error = TariffError

    def decimal(self) -> Exact:
        """Return a decimal that is written as a text."""
        try:
            return parse(self.value)
        except ValueError:
            raise self.fail("value_wrong", "a decimal in quotes was expected") from None

    def positive(self) -> Exact:
        """Return a decimal above 0."""
        value = self.decimal()
        if value.num <= 0:
            raise self.fail("value_wrong", "a decimal above 0 was expected")
        return value

    def thousandths(self) -> int:
        """Return a decimal ≥ 0 in thousandths (kWh -> Wh); finer ones are refused."""
        value = self.decimal()
        milli, rest = divmod(value.num * 1000, value.den)
        if rest or milli < 0:
            raise self.fail("value_wrong", "at most three decimals and not below 0 were expected")
        return milli

    def rounding(self) -> RoundTo:
        """Return a rounding {step, mode}."""
        self.keys("step mode rest")
        return RoundTo(self.get("step").positive(), self.get("mode", "choice_open").choice(*sorted(MODES)))

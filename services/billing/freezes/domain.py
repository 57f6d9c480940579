"""Freezes (冻结): which of those that stand keep a bill from going out."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Kind = Literal["bill", "contract", "route", "rule"]
BILL: Final = "bill"
CONTRACT: Final = "contract"
ROUTE: Final = "route"
RULE: Final = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A freeze that stands. Of a bill: its contract, and its days, half-open."""

    freeze_id: str
    kind: str
    subject: str
    contract_no: str | None = None
    period_from: date | None = None
    period_to: date | None = None

    def holds(self, contract_no: str, from_: date, to: date, route_no: str, codes: Container[str]) -> bool:
        """Return whether it keeps a bill of a contract, of these days, of a route, with findings of these codes."""
        if self.kind == BILL:
            assert self.period_from is not None
            assert self.period_to is not None
            return self.contract_no == contract_no and self.period_from < to and from_ < self.period_to
        if self.kind == RULE:
            return self.subject in codes
        return self.subject == (contract_no if self.kind == CONTRACT else route_no)


@dataclass(frozen=True, slots=True)
class Standing:
    """All freezes that stand."""

    freezes: Sequence[Freeze] = ()

    def of(
        self, *, contract_no: str, period_from: date, period_to: date, route_no: str, codes: Container[str]
    ) -> list[str]:
        """Return which of them keep a bill from going out."""
        return [
            freeze.freeze_id
            for freeze in self.freezes
            if freeze.holds(contract_no, period_from, period_to, route_no, codes)
        ]


NONE: Final = Standing()

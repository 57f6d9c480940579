"""The one catalogue of what can be wrong with a tariff document or with a request to rate."""

from typing import Final

from shared import document, errors

LOADING: Final[dict[str, str]] = document.FAULTS | {
    "limits_order": "limits must rise",
    "hours_gap": "some minute of some day belongs to no period",
    "hours_overlap": "some minute of some day belongs to two periods",
    "period_price_missing": "a named period has no price",
    "tier_count": "the number of prices is not the number of tiers",
    "version_in_use": "an issued bill used this version: it cannot change",
    "series_gap": "there is a gap in the series",
    "series_overlap": "two values of the series hold on the same day",
    "already_given": "a fact that the document already has cannot be supplied from outside",
    "document_too_large": "the document is larger than any tariff can be",
}

RATING: Final[dict[str, str]] = {
    "tariff_unknown": "no tariff of this id",
    "tariff_unconfirmed": "the tariff still has facts that no source gives",
    "hours_unconfirmed": "the hours of the periods are not confirmed: a curve cannot be used",
    "version_missing": "a day of the usage lies outside any version of the tariff",
    "read_missing_at_change": "the switch is split_by_read and there is no read on the day of change",
    "register_missing": "a register that a charge needs has no usage",
    "register_unknown": "usage for a quantity that the tariff does not know",
    "register_backwards": "the register ran backwards",
    "register_digits": "the register has fewer digits than the value",
    "reactive_missing": "the power factor needs reactive energy",
    "demand_missing": "the charge needs a measured demand",
    "demand_history_missing": "a demand ratchet needs the demands of the months before",
    "capacity_missing": "the charge needs the capacity of the customer",
    "contract_demand_missing": "the charge needs the contract demand of the customer",
    "fact_missing": "the charge needs an account fact that is not given",
    "fact_wrong": "an account fact has a value that the charge or the free quota cannot have",
    "facts_gap": "the account facts do not cover the period, or overlap",
    "ladder_state_missing": "a yearly ladder needs what each tier has used; it is never taken as zero",
    "ladder_state_wrong": "the ladder state is of another year or another number of tiers",
    "outside_months_mixed": "a cycle lies partly in months outside the ladder",
    "price_missing": "the price series has no value for the day",
    "price_changes_in_cycle": "the price series changes between the bill months of the cycle",
    "holiday_year_missing": "the holiday calendar does not have this year",
    "curve_gap": "the curve has missing values",
    "curve_span": "the curve does not cover the part of the period exactly",
    "curve_slot_across_border": "a slot of the curve lies across the border of two periods",
    "curve_slot_across_price": "a slot of the curve has more than one price of the series",
    "curve_missing": "the rule needs a curve",
    "currency_mismatch": "amounts in two currencies",
    "amount_missing": "an amount from outside is not given",
    "overflow": "a quantity is larger than any customer can have",
    "request_wrong": "the request is not well formed",
    "usage_span": "the parts of the usage do not cover the period exactly",
}

FINDINGS: Final[dict[str, str]] = {
    "period_sum_differs": "the period registers do not add up to the total register",
    "read_missing_at_change": "there is no read on the day of change: divided by days, as the tariff says",
    "energy_divided": "energy that no period measured was divided by the rule of the tariff",
    "no_active_energy": "no active energy: no power factor adjustment",
    "usage_negative": "negative usage was rated",
    "quantity_below_zero": "a derived quantity fell below zero and was taken as zero",
    "not_of_the_tariff": "an option, a figure or a quantity of the account that this version of its tariff does not know",
    "no_charge_applies": "no charge of the tariff is for this account: its usage costs nothing",
    "curves_differ": "two curves of one quantity are not the same: the first one counts",
    "curve_register_differs": "the register and the curve of a quantity do not agree: the register is the total",
    "bill_differs": "the two implementations do not agree: the bill is held",
}

WH_MAX: Final = 10**15
"""1 TWh: no single customer has more in a cycle, and products with 12-decimal prices stay clear of nonsense."""


class TariffError(document.DocumentError):
    """A document that cannot be loaded: `code` of the catalogue, `pointer` (JSON pointer) to the fault, a detail."""

    texts = LOADING


class Refused(errors.Refused):
    """One request that cannot be rated. Turned into the refusal of that request, never of its batch."""

    def __init__(self, code: str, pointer: str, detail: str = "") -> None:
        super().__init__(code, pointer, detail or RATING.get(code, ""))

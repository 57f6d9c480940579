"""The fields of charges, by kind."""

from collections.abc import Mapping
from typing import Final

from services.billing.rating.tariff.form_base import (
    PART_MONTH,
    TEXT,
    listed,
    named,
    ref,
    says,
)
from shared.forms import Names, choice, record, table

_MONTH: Final[Names] = {
    "month": says(choice("thirtieths", "calendar_days"), "what a day is worth where something changes in the month"),
    "last_part": says(
        choice("rest_of_month", "own_days"),
        "needed with thirtieths: the last part of a month that is cut is what is left of 30 days, or its own days",
    ),
}
_ON: Final[Names] = {
    "on": listed(TEXT, "the charges that it is of, each of which stands above it"),
    "of": says(choice("exact", "amount"), "of their amounts before rounding, or after"),
}
_BY_MONTHS: Final[Names] = {"part_month": says(PART_MONTH, "what a part of a month counts as; see `part_month`")}
_PRICE: Final[Names] = {"price": ref("price", "yuan")}
_LADDER: Final[Names] = {"ladder": named("a name of `ladders`")}
_SPLIT: Final = says(
    choice("by_share", "in_time_order", "own_limits_per_period"),
    "needed where prices are by period, and only there: how the kWh of a tier are divided among periods",
)
_ENERGY: Final[Names] = {
    "quantity": named(
        "a register or a name of `quantities`; `import` where it is left out, `export` in a charge `export`"
    ),
    "by": says(
        choice("period", "interval"),
        "`period`: a price for each of `periods`; `interval`: of each slot of a curve, the price from a series by interval",
    ),
}

CHARGES: Final[Mapping[str, tuple[Names, Names]]] = {
    "energy": (
        {"price": ref("prices_by_period", "yuan/kWh: one price, or one for each period with `by`: `period`")},
        _ENERGY,
    ),
    "export": (
        {"price": ref("prices_by_period", "yuan/kWh that are paid for what is fed in: a line below 0")},
        _ENERGY,
    ),
    "ladder_price": (
        {
            **_LADDER,
            "price": ref("tier_prices", "yuan/kWh of each tier, one more than the limits; or a list by period"),
        },
        {"tier_kwh_of_periods": _SPLIT},
    ),
    "ladder_add_on": (
        {
            **_LADDER,
            "add": ref("tier_prices", "yuan/kWh on top for each tier, one more than the limits; or a list by period"),
        },
        {"tier_kwh_of_periods": _SPLIT},
    ),
    "capacity": (
        {"price": ref("price", "yuan per kVA and month"), "month": _MONTH["month"]},
        {
            "last_part": _MONTH["last_part"],
            "state_share": table(
                ref("decimal"),
                "share that equipment pays by its state, a line for each share above 0;"
                " `running` 1 where it is left out",
            ),
            "suspension_counts_from_days": {
                "type": "integer",
                "minimum": 0,
                "maximum": 366,
                "description": "shorter suspensions pay in full",
            },
        },
    ),
    "demand": (
        {
            "price": ref("price", "yuan per kW and month"),
            "basis": says(choice("contract", "actual"), "of the contract demand, or of what was measured"),
            "month": _MONTH["month"],
        },
        {
            "last_part": _MONTH["last_part"],
            "measured": named("the quantity with the measured kW; `demand` where it is left out"),
            "from_curve": named("the quantity whose curve gives the demand, instead of a register"),
            "floor_share": ref("above_0", "the least that is paid, as a share of the capacity"),
            "over": says(
                record(
                    {
                        "from": ref("above_0", "as a share of the contract demand, such as 1.05"),
                        "times": ref("above_0", "what a kW above it costs, in prices, such as 2"),
                    }
                ),
                "what lies above the contract demand",
            ),
            "ratchet": says(
                record(
                    {
                        "share": ref("above_0", "of the highest demand"),
                        "months": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": 36,
                            "description": "how far back it counts",
                        },
                    }
                ),
                "at least a share of the highest demand of the months before",
            ),
            "discount": says(
                record(
                    {
                        "kwh_per_kva": ref("kwh", "from so many kWh per kVA in the month on"),
                        "pays": ref("above_0", "the share of the price that is paid, such as 0.9"),
                    },
                    {"quantity": named("whose kWh count; `import` where it is left out")},
                ),
                "high use of the capacity pays less",
            ),
        },
    ),
    "fixed": ({**_PRICE, "per": says(choice("month", "day", "cycle"), "what the price is for")}, _BY_MONTHS),
    "power_factor": (
        {
            "table": says(
                {"anyOf": [TEXT, {"type": "object"}]}, "the name of a power factor table, or the table itself"
            ),
            "standard": ref(
                "standard",
                "one of the standards of the table; or the account's own, with the one that holds without it",
            ),
            "active": named("the quantity of active energy"),
            "reactive": named("the quantity of reactive energy"),
            **_ON,
        },
        {},
    ),
    "percent": ({"percent": ref("decimal", "of the charges of `on`, such as 3"), **_ON}, {}),
    "minimum": (
        {"price": ref("price", "the least that the charges of `on` come to in a month"), "on": _ON["on"]},
        _BY_MONTHS,
    ),
    "credit": (
        {"price": ref("price", "yuan a month; with `ladder` yuan/kWh of its free kWh")},
        {"ladder": named("a ladder with `free`"), **_BY_MONTHS},
    ),
    "given": ({}, {}),
}
"""By kind: the fields that a charge must have, and those it may have."""

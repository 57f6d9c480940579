"""The fields of quantities, prices and ladders."""

from collections.abc import Mapping
from typing import Final

from services.billing.rating.tariff.form_base import (
    MONTHS,
    REST,
    TEXT,
    either,
    listed,
    named,
    ref,
    says,
)
from shared.forms import FLAG, Names, Schema, choice, record, rows, table

_SHARE: Final[Names] = {"round": ref("rounding", "instead of `rounding.share`: one of the two must be there")}
QUANTITIES: Final[Mapping[str, Schema]] = {
    "sum": record({"sum": listed(TEXT, "registers, or other quantities")}),
    "sum_abs": record({"sum_abs": listed(TEXT, "the same, each without its sign")}),
    "rest_of": record(
        {
            "rest_of": named("a quantity"),
            "without": listed(TEXT, "what is taken off it; a missing one is refused, never 0"),
            "below_zero": says(choice("zero", "kept"), "what a rest below 0 is"),
        }
    ),
    "loss": record(
        {
            "loss": record(
                {},
                {
                    "iron": ref("amount", "kWh a month, or W with `iron_by` `hours`"),
                    "iron_by": says(
                        choice("thirtieths", "calendar_days", "hours"), "needed with `iron`: its part of a month"
                    ),
                    "copper_share": ref("amount", "a share of `copper_of`"),
                    "copper_of": named("needed with `copper_share`: a quantity"),
                },
                "losses of a transformer or a line",
            )
        },
        {"round": ref("rounding", "instead of `rounding.loss`: one of the two must be there")},
    ),
    "share_of": record({"share_of": named("a quantity"), "share": ref("amount", "such as 0.3")}, _SHARE),
    "fixed_kwh": record(
        {"fixed_kwh": ref("amount", "kWh a month, by days where the part of a cycle is shorter")}, _SHARE
    ),
    "spread": record(
        {"spread": named("a quantity"), "by": named("the quantity whose periods give the shares: NAME.PERIOD of each")}
    ),
}
"""By the field that makes the rule."""

PRICES: Final[Mapping[str, Schema]] = {
    "sum": record({"sum": listed(ref("price"), "prices that are added")}),
    "of": record(
        {"of": named("another price of `prices`")},
        {"times": ref("times"), "round": ref("rounding", "of the price; needs `times`")},
    ),
    "series": record(
        {"series": named("the id of a price series")},
        {"times": ref("times"), "round": ref("rounding", "of the price; needs `times`")},
    ),
    "months": record(
        {
            "months": listed(
                record(
                    {
                        "months": {"anyOf": [REST, MONTHS], "description": "1 … 12, or `rest`"},
                        "price": ref("price"),
                    }
                ),
                "every month has one price",
            )
        }
    ),
}
_LIMITS: Final = rows(ref("kwh"))
_YEAR: Final[Schema] = {"properties": {"span": {"const": "year"}}, "required": ["span"]}
LADDER: Final[Schema] = {
    **record(
        {
            "counts": named("the quantity whose kWh fill the tiers"),
            "span": says(
                choice("year", "month", "cycle", "day"),
                "what the limits are for: with `month` a cycle of two bill months has them twice, with `cycle` any cycle has "
                "them once, with `day` as often as it has days",
            ),
            "limits_kwh": says(
                either(
                    {"list": _LIMITS, "by_period": record({"by_period": table(_LIMITS)})},
                    table(_LIMITS),
                    {"list": {"type": "array"}, "by_period": {"required": ["by_period"]}},
                ),
                "rising upper limits: one list, `{SEASON: list}` with `seasons`, or `{by_period: {PERIOD: list}}`",
            ),
        },
        {
            "year_starts": {
                "type": "string",
                "pattern": "^(0[1-9]|1[0-2])-01$",
                "description": 'needed with `span` `year`: the first day of a month, such as "01-01"',
            },
            "cycle_belongs_to": says(
                choice("read_day", "bill_month", "split_at_year_end"),
                "needed with `span` `year`: the ladder year of a cycle. A read on 1 January is of the new year by `read_day`, "
                "of the old one by `bill_month` (the last of the cycle's months)",
            ),
            "seasons": table(
                {"anyOf": [REST, MONTHS]}, "`{SEASON: [months]}`, one may be `rest`; needs `span` `month`"
            ),
            "part_year": {
                "anyOf": [
                    {"const": "whole_year"},
                    record({"by": choice("month"), "part_month": choice("counts_as_one")}),
                ],
                "description": "needed with `span` `year`: an account that opens in the year has the limits of its months "
                '(`{"by": "month", "part_month": "counts_as_one"}`), or `"whole_year"`',
            },
            "household": says(
                record(
                    {
                        "from_people": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": 100,
                            "description": "so many and more",
                        },
                        "kwh_per_month": ref("kwh", "more in each month"),
                        "widens": says(choice("tier_1", "all_tiers"), "the first tier (all limits move), or each tier"),
                    },
                    {"from": says(choice("month_of_registration"), "needed with `span` `year`")},
                ),
                "large households; needs `span` `year` or `month`",
            ),
            "proration": says(
                choice("per_month", "days/30", "days/365"),
                "needed with `span` `month`: limits × bill months, × days ÷ 30, or × 12 × days ÷ 365",
            ),
            "times_households": says(
                FLAG, "limits × the households of a shared meter; the kWh of `household` are added once, after this"
            ),
            "outside_months": says(MONTHS, "months whose kWh are all of tier 1 (heating)"),
            "whole_quantity": says(FLAG, "all kWh have the price of the tier that they reach; not with `span` `year`"),
            "free": says(
                record(
                    {
                        "kwh_per_month": ref(
                            "free_kwh",
                            "or those of the account itself, with what holds without them; needs `rest` `lost`",
                        ),
                        "how": says(
                            choice("before_ladder", "credit_at_tier_1"), "outside the tiers, or within and credited"
                        ),
                        "rest": says(choice("lost", "carried_in_year"), "of a month with less usage"),
                    },
                    {"for": ref("condition", "whom they are for")},
                ),
                "free kWh; a charge `credit` (or with `before_ladder` one `ladder_price`) makes them free",
            ),
        },
    ),
    "if": _YEAR,
    "then": {"required": ["year_starts", "cycle_belongs_to", "part_year"]},
}

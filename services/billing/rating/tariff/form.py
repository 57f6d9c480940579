"""The form of a tariff document: every field, what it may hold and what it says. Enforced by the loader, and published.

What refers to something else in the document (names, tiers, hours that must fit) is checked while loading. Any fact may be null:
no source gives it, and the tariff rates nothing until it is supplied.
"""

from collections.abc import Mapping
from typing import Any, Final

from services.billing.rating.tariff.form_base import (
    ABOVE_0,
    KWH,
    MONTHS,
    REST,
    TEXT,
    by_field,
    either,
    listed,
    named,
    ref,
    says,
)
from services.billing.rating.tariff.form_charges import CHARGES
from services.billing.rating.tariff.form_parts import LADDER, PRICES, QUANTITIES
from shared import forms
from shared.document import TEXT_MAX
from shared.exact import MODES
from shared.forms import DAY, FLAG, Form, Names, Schema, choice, record, rows, table

_COMMON: Final[Names] = {
    "zh": says(TEXT, "the name of the line in Chinese"),
    "for": ref("condition", "whom it is for; everybody where it is left out"),
    "exempt": listed(TEXT, "exemptions: an account that has one of them does not pay this charge"),
    "tax": says(FLAG, "false: no tax on this charge"),
}
ROUNDING: Final = record(
    {"line": ref("rounding", "each line: whole fen, or `none` where `total` is rounded")},
    {
        "total": ref("rounding", "the total: whole fen"),
        "kwh": ref("rounding", "measured energy; with `rest`"),
        "loss": ref("rounding", "quantities `loss`"),
        "share": ref("rounding", "quantities `share_of` and `fixed_kwh`"),
    },
)
HEAD: Final[tuple[Names, Names]] = (
    {
        "id": says(TEXT, "the name of the tariff; its versions share it"),
        "version": says({"type": ["integer", "string"]}, "one of each id"),
        "effective": says(record({"from": DAY, "to": DAY}), "half-open; `null`: not confirmed, or without end"),
        "on_change": says(
            record(
                {
                    "usage": says(
                        choice(
                            "split_by_read",
                            "split_by_days",
                            "price_of_the_read_day",
                            "price_of_the_first_day",
                            "next_cycle",
                        ),
                        "what happens to a cycle with a change in it",
                    )
                },
                {
                    "without_read": says(
                        choice("held", "split_by_days"),
                        "with split_by_read: what holds until the read of the day is there",
                    ),
                    "ladder": says(choice("what_tiers_used_is_kept", "restart"), "needed with a ladder by year"),
                    "limits": says(
                        choice("by_months_of_each_version", "new_limits_for_the_whole_year"),
                        "needed with a ladder by year",
                    ),
                },
            ),
            "a new version, another tariff or class of the account",
        ),
        "sources": says(
            rows(
                record(
                    {"for": says(TEXT, "what it is the source of"), "text": says(TEXT, "what it says")},
                    {"at": says(TEXT, "where it stands"), "status": says(TEXT, "such as unconfirmed")},
                )
            ),
            "where the figures come from",
        ),
        "currency": says(TEXT, "such as CNY"),
        "time_zone": says(TEXT, "such as Asia/Shanghai"),
        "rounding": says(ROUNDING, "where and how figures are rounded"),
        "charges": says(rows(ref("charge")), "in the order of calculation and of the lines"),
    },
    {
        "title": says(TEXT, "for people"),
        "notes": {"description": "for people"},
        "supplied": listed(
            record({"at": TEXT}, {"why": {"type": "string"}}), "facts that were null and are not any more"
        ),
        "series_at": says(
            choice("bill_month", "read_day", "first_day"),
            "the day on which series and prices by month are read",
        ),
        "days": says(
            record({"calendar": named("the id of a calendar"), "kinds": listed(TEXT, "kinds of days in it")}),
            "special days",
        ),
        "periods": listed(ref("period"), "of time of use"),
        "registers": listed(TEXT, "further quantities that usage can bring"),
        "quantities": table(ref("quantity"), "by name: what is made of registers before prices, in this order"),
        "ladders": table(ref("ladder"), "by name"),
        "prices": table(ref("price"), "by name: prices that others refer to with `of`"),
        "tax": says(
            record(
                {
                    "included": says(FLAG, "in the prices, or added"),
                    "rate": ref("decimal", "such as 0.13"),
                    "shown": says(FLAG, "told with the bill; tax that is added always is"),
                }
            ),
            "value added tax",
        ),
        "sum_tolerance_kwh": ref(
            "kwh", "so much may period registers differ from the total register without a finding"
        ),
        "undivided_kwh": {
            "anyOf": [choice("held", "by_share"), record({"period": named("a name of `periods`")})],
            "description": "kWh of the total that no register of a period measured",
        },
    },
)
_HOURS: Final[Schema] = {
    "type": "string",
    "pattern": "^([01][0-9]|2[0-4]):[0-5][0-9]-([01][0-9]|2[0-4]):[0-5][0-9]$",
    "description": 'hours such as "22:00-08:00" were expected',
}
_DEFS: Final[Names] = {
    "decimal": forms.DECIMAL,
    "above_0": ABOVE_0,
    "kwh": KWH,
    "name": TEXT,
    "amount": by_field({"fact": record({"fact": named("a name of `values` of the account")})}, forms.DECIMAL),
    **{
        name: by_field({"fact": record({"fact": named("a name of `values` of the account"), "or": plain})}, plain)
        for name, plain in (("standard", ABOVE_0), ("free_kwh", KWH))
    },
    "times": {"if": {"type": "object"}, "then": table(ref("decimal")), "else": forms.DECIMAL},
    "rounding": record(
        {"step": ref("above_0", "a multiple of this"), "mode": choice(*sorted(MODES))},
        {"rest": says(choice("stays_in_the_register", "lost"), "needed with `kwh`, and only there: what was cut off")},
    ),
    "condition": record(
        {},
        {
            "class": listed(TEXT, "classes of the account"),
            "option": listed({"type": "string", "maxLength": TEXT_MAX}, 'options of the account; "": has chosen none'),
            "people_from": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "so many and more"},
            "people_below": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "fewer than so many"},
        },
    ),
    "period": record(
        {
            "name": says(TEXT, "such as peak"),
            "when": either(
                {"rest": REST},
                listed(ref("when"), 'hours; or `"rest"`: what no other period has'),
                {"rest": {"type": "string"}},
            ),
        },
        {
            "register": named("another name of its register than import.NAME"),
            "over": named("the name of the period that it takes its minutes from"),
            "zh": says(TEXT, "in Chinese"),
        },
    ),
    "when": record(
        {"hours": listed(_HOURS, 'such as "08:00-22:00"; "22:00-08:00" goes over midnight')},
        {
            "months": says(MONTHS, "1 … 12; all where it is left out"),
            "weekdays": says(
                rows({"type": "integer", "minimum": 1, "maximum": 7}, 7), "1 = Monday; all where it is left out"
            ),
            "days": listed(TEXT, "ordinary, or names of `days.kinds`; all where it is left out"),
        },
    ),
    "price": {
        "if": {"type": "object"},
        "then": by_field(
            {name: ref(f"price_{name}") for name in PRICES},
            record({}, {name: {} for name in PRICES}),
        ),
        "else": forms.DECIMAL,
    },
    **{f"price_{name}": form for name, form in PRICES.items()},
    "prices_by_period": {
        "if": {"type": "object"},
        "then": by_field({name: ref(f"price_{name}") for name in PRICES}, table(ref("price"))),
        "else": forms.DECIMAL,
    },
    "tier_prices": {
        "if": {"type": "object"},
        "then": table(listed(ref("price"), "of each tier")),
        "else": listed(ref("price"), "of each tier"),
    },
    "ladder": LADDER,
    "quantity": by_field(
        {name: ref(f"quantity_{name}") for name in QUANTITIES}, record({}, {name: {} for name in QUANTITIES})
    ),
    **{f"quantity_{name}": form for name, form in QUANTITIES.items()},
    "charge": either(
        {kind: ref(f"charge_{kind}") for kind in CHARGES},
        {"type": "object", "properties": {"kind": choice(*CHARGES)}, "required": ["kind"]},
        {kind: {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]} for kind in CHARGES},
    ),
    **{
        f"charge_{kind}": record(
            {"name": says(TEXT, "of the line; one of each"), "kind": {"const": kind}, **needed}, {**more, **_COMMON}
        )
        for kind, (needed, more) in CHARGES.items()
    },
}


def _open(schema: Any) -> Any:
    """Let every value be null: a fact that no source gives."""
    if isinstance(schema, list):
        return [_open(item) for item in schema]
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("then", "else", "items", "additionalProperties") and isinstance(value, Mapping):
            out[key] = _open(value)
        elif key == "properties":
            out[key] = {name: _open(inner) for name, inner in value.items()}
        elif key == "type":
            out[key] = [*([value] if isinstance(value, str) else value), "null"]
        elif key == "enum":
            out[key] = [*value, None]
        elif key == "const":
            out["enum"] = [value, None]
        elif key == "anyOf":
            out[key] = _open(value)
        else:
            out[key] = value
    return out


TARIFF: Final = Form(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "tariff.schema.json",
        "title": "A tariff document. Any fact may be null: no source gives it, and the tariff rates nothing until it is supplied",
        **record(*HEAD),
        "$defs": {name: _open(form) for name, form in _DEFS.items()},
        "properties": {name: _open(form) for names in HEAD for name, form in names.items()},
    }
)

"""The form of a case and of a comparison: what may be said in them. Published as `case.schema.json`, and enforced."""

from collections.abc import Iterable
from typing import Any, Final

from shared import forms
from shared.document import Fault
from shared.forms import ANYTHING, DAY, FLAG, Form, Names, Schema, choice, record, rows, table

CYCLES_MAX: Final = 24
"""Two years of monthly cycles: enough for twelve months read twice a month."""
ALTERNATIVES_MAX: Final = 16
"""More than any utility offers a home; each is rated over all cycles."""
SLOTS_MAX: Final = 60 * 24 * 366

_DECIMAL: Final = {"$ref": "#/$defs/decimal"}
_AMOUNT: Final = {"$ref": "#/$defs/amount"}
_FACTOR: Final = {"$ref": "#/$defs/factor"}
_DAY: Final = {"$ref": "#/$defs/day"}
_TEXT: Final[Schema] = {"type": "string", "maxLength": 4000}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_YEAR: Final[Schema] = {"type": "integer"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _any(names: str) -> Names:
    return dict.fromkeys(names.split(), ANYTHING)


def _list(item: Schema, description: str = "") -> Schema:
    return {"type": "array", "items": item, **({"description": description} if description else {})}


def _document(description: str) -> Schema:
    inline = record({"inline": {"type": "object"}})
    return {"anyOf": [{"type": "string", "minLength": 1, "description": description}, inline]}


_LINE: Final = record(
    {}, _any("name zh kind period tier quantity unit price exact amount formula tariff version from to")
)
_FACTS: Final = rows(_ref("fact"))
_CURVES: Final[Names] = {"curves": _list(_ref("curve"))}
_AMOUNTS: Final[Names] = {"amounts": table(_DECIMAL, "amounts from outside, in yuan, by charge")}
_TOLD: Final[Names] = {
    "id": _TEXT,
    "kind": {"enum": ["tariff", "policy"], "description": "tariff where it is left out"},
    **dict.fromkeys(("vector", "source", "jurisdiction", "rule", "note"), _TEXT),
    "supplied": _list(record({"what": _TEXT, "why": _TEXT}), "what the source leaves out, and why it was taken so"),
    "expect": _ref("answer"),
    "published": _list(_ref("published")),
}
_AROUND: Final[Names] = {
    "documents": _list({"type": "object"}, "series, calendars, power factor tables, further tariffs"),
    "opened": _DAY,
    **_AMOUNTS,
    "state": _ref("state"),
}
_USED: Final[Names] = {"usage": _ref("usage"), **_CURVES}
_PART: Final[Names] = {"tariff": _ref("tariff"), "account": _FACTS, **_USED, **_AMOUNTS, "note": _TEXT}
_DEFS: Final[Names] = {
    "case_of_one_bill": record(
        {"tariff": _ref("tariff"), "cycle": _ref("cycle"), "account": _FACTS, "usage": _ref("usage")},
        {**_TOLD, **_AROUND, **_CURVES},
    ),
    "case_of_segments": record(
        {"segments": rows(_ref("segment"))},
        {**_TOLD, **_AROUND, "account": _FACTS, "cycle": _ref("cycle")},
        "one bill of several parts, each with its tariff, cycle, account and usage",
    ),
    "case_of_cycles": record(
        {"tariff": _ref("tariff"), "account": _FACTS, "cycles": rows(_ref("entry"))},
        {**_TOLD, **_AROUND, **_USED, "cycle": _ref("cycle")},
        "several bills one after the other; each overrides fields of the case, the state is carried",
    ),
    "entry": record({}, {"cycle": _ref("cycle"), **_PART, "expect": _ref("answer")}),
    "policy_case": record(
        {
            "kind": {"const": "policy"},
            "policy": _document("id of a packaged policy; its version is that of `date`"),
            "calculation": _TEXT,
            "input": {"type": "object", "description": "of the calculation's own form"},
        },
        {**{name: form for name, form in _TOLD.items() if name != "kind"}, "date": _DAY},
    ),
    "comparison": record(
        {
            "account": _FACTS,
            "cycles": rows(record({"cycle": _ref("cycle")}, _PART), CYCLES_MAX),
            "alternatives": rows(
                record(
                    {},
                    {
                        "name": _TEXT,
                        "tariff": _ref("tariff"),
                        "option": _TEXT,
                        "people": _COUNT,
                        "state": _ref("state"),
                    },
                ),
                ALTERNATIVES_MAX,
            ),
        },
        {"id": _TEXT, "note": _TEXT, "tariff": _ref("tariff"), **_USED, **_AROUND},
        "alternatives rated over the same cycles; the first is what the others are measured by",
    ),
    "decimal": forms.DECIMAL,
    "amount": {
        **forms.DECIMAL,
        "pattern": f"^{forms.NUMBER}$",
        "description": "a decimal in quotes was expected, not below 0",
    },
    "factor": {
        **forms.DECIMAL,
        "pattern": f"^(?=.*[1-9]){forms.NUMBER}$",
        "description": "a decimal in quotes was expected, above 0",
    },
    "day": DAY,
    "month": {
        "type": "string",
        "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$",
        "description": "a month such as 2026-01 was expected",
    },
    "tariff": _document("id of a packaged or stored tariff"),
    "cycle": record(
        {
            "from": _DAY,
            "to": _DAY,
            "read_day": _DAY,
            "bill_months": {
                **rows(_ref("month"), CYCLES_MAX),
                "uniqueItems": True,
                "description": "from the reading plan, never from the length of the cycle",
            },
        },
        {
            "month": record(
                {"from": _DAY, "to": _DAY}, {}, "the regular cycle, where this one is a part of it (opening, closing)"
            )
        },
        "half-open: `to` is the first day that no longer belongs to it",
    ),
    "fact": record(
        {"from": _DAY},
        {
            "to": {**DAY, "type": ["string", "null"]},
            "class": _TEXT,
            "people": _COUNT,
            "households": _COUNT,
            "option": _TEXT,
            "capacity_kva": _AMOUNT,
            "contract_demand_kw": _AMOUNT,
            "equipment": _list(record({"name": _TEXT, "kva": _AMOUNT}, {"state": _TEXT})),
            "values": table(_DECIMAL, 'figures that the tariff refers to with {"fact": NAME}'),
            "exempt": _list(_TEXT),
            "tariff": {"type": "string", "description": "another tariff for this span"},
        },
    ),
    "quantity": {
        "anyOf": [
            _DECIMAL,
            record({"kwh": _DECIMAL}),
            record({"kvarh": _DECIMAL}),
            record({"kw": _AMOUNT}),
            record({"reading": _AMOUNT}, {"multiplier": _FACTOR}),
            _ref("register"),
        ]
    },
    "register": record(
        {"start": _AMOUNT, "end": _AMOUNT},
        {
            "multiplier": _FACTOR,
            "digits": {
                "type": "integer",
                "minimum": 1,
                "maximum": 15,
                "description": "of the whole face, decimals included",
            },
            "scale": {
                "type": "integer",
                "minimum": 0,
                "maximum": 6,
                "description": "how many of the digits are decimals; 0 where it is left out",
            },
            "rollover": FLAG,
            "quality": _TEXT,
        },
    ),
    "quantities": table(_ref("quantity")),
    "curve": record(
        {
            "quantity": _TEXT,
            "start": {"type": "string", "description": "instant with its offset: local midnight of the first day"},
            "minutes": {"enum": [1, 5, 10, 15, 20, 30, 60]},
            "kwh": {
                "type": "array",
                "maxItems": SLOTS_MAX,
                "items": {
                    "type": ["string", "null"],
                    "pattern": f"^{forms.NUMBER}$",
                    "description": "a decimal in quotes was expected, not below 0; null is a gap",
                },
            },
        }
    ),
    "usage": {
        "anyOf": [
            _ref("quantities"),
            rows(record({"from": _DAY, "to": _DAY, "quantities": _ref("quantities")}, _CURVES)),
        ]
    },
    "used": rows(_AMOUNT, 32),
    "state": record(
        {},
        {
            "ladders": table(
                record(
                    {"year": _YEAR, "used_kwh": {"anyOf": [_ref("used"), table(_ref("used"))]}},
                    {"left_kwh": ANYTHING, "version": _TEXT},
                )
            ),
            "free": table(record({"year": _YEAR, "used_kwh": _AMOUNT})),
            "rest_kwh": table(_DECIMAL),
            "demand_kw": table(table(_AMOUNT)),
        },
        "as the answer to the bill before gave it",
    ),
    "segment": record(
        {"tariff": _ref("tariff"), "cycle": _ref("cycle"), "usage": _ref("usage")}, {"account": _FACTS, **_CURVES}
    ),
    "published": record(
        {"figure": _DECIMAL, "step": _FACTOR},
        {
            "mode": choice("half_up", "down", "half_even"),
            "sum_of": _list(_LINE),
            "of": choice("exact", "amount"),
            "wrong": FLAG,
        },
    ),
    "answer": record(
        {},
        {
            **_any("contract currency total exact_total tax"),
            "lines": _list({"anyOf": [_TEXT, _LINE]}, "matched by name, period, tier, kind, from"),
            "items": _list({"anyOf": [_TEXT, record({}, _any("name exact unit amount formula"))]}, "matched by name"),
            "cycles": _list(_ref("answer")),
            "quantities": table(record({}, _any("kwh kvarh kw"))),
            "state": record(
                {},
                {
                    "ladders": table(record({}, _any("year used_kwh left_kwh version"))),
                    "free": table(record({}, _any("year used_kwh"))),
                    **_any("rest_kwh demand_kw"),
                },
            ),
            "tariffs": _list(record({}, _any("id version sha256"))),
            "findings": _list(record({}, _any("code severity pointer detail"))),
            "refusal": record({}, _any("code severity pointer detail")),
            "faults": _list(record({}, _any("code pointer detail"))),
        },
        "any part of the answer",
    ),
}
CASE: Final = Form(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "case.schema.json",
        "title": "A case: everything that one bill (or one calculation by policy) needs, and what is expected of it",
        "type": "object",
        "if": {"required": ["kind"], "properties": {"kind": {"const": "policy"}}},
        "then": _ref("policy_case"),
        "else": {
            "if": {"required": ["segments"]},
            "then": _ref("case_of_segments"),
            "else": {"if": {"required": ["cycles"]}, "then": _ref("case_of_cycles"), "else": _ref("case_of_one_bill")},
        },
        "$defs": _DEFS,
    }
)
COMPARISON: Final = Form({"$ref": "#/$defs/comparison", "$defs": _DEFS})


def refusal(faults: Iterable[Fault]) -> dict[str, Any]:
    """Write the faults of a case as its answer: the first one is the refusal, and all are told."""
    told = [fault._asdict() for fault in faults]
    code = "ladder_state_wrong" if told[0]["pointer"].startswith("/state/ladders") else "request_wrong"
    first = {"code": code, "severity": "refused", "pointer": told[0]["pointer"], "detail": told[0]["detail"]}
    return {"refusal": first, "faults": told}

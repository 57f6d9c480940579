"""The forms that are published: what a document, a case or the inputs of a calculation by policy may say, as JSON Schemas."""

from collections.abc import Mapping
from typing import Final

from services.billing.rating.cases.form import CASE, COMPARISON
from services.billing.rating.tariff.book import TABLE
from services.billing.rating.tariff.form import TARIFF
from shared.forms import Schema
from shared.regulation.calculate import CALCULATIONS


def _titled(name: str, title: str, schema: Schema) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{name}.schema.json",
        "title": title,
        **schema,
    }


FORMS: Final[Mapping[str, Schema]] = {
    "tariff": TARIFF.schema,
    "table": _titled("table", "A power factor table", TABLE.schema),
    "case": CASE.schema,
    "comparison": _titled("comparison", "Alternatives over the cycles of the past", COMPARISON.schema),
    **{
        name: _titled(name, f"The inputs of the calculation by policy `{name}`", calculation.form.schema)
        for name, calculation in CALCULATIONS.items()
    },
}

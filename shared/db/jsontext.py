"""Looking into JSON that is stored as text: for work lists and reports, never for hot paths."""

from sqlalchemy import ColumnElement, FromClause, Text, cast, func, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.connection import View


def text_at(view: View, column: ColumnElement[str], name: str) -> ColumnElement[str]:
    """Return the text that a JSON object, stored as text, has under a name; none where it has not."""
    if view.dialect == "postgresql":
        found: ColumnElement[str] = cast(column, JSONB)[name].astext
        return found
    return func.json_extract(column, f'$."{name}"', type_=Text())


def elements(view: View, column: ColumnElement[str], name: str) -> FromClause:
    """Return the elements of a JSON array, stored as text, as rows `name` to be joined with the row that has the column."""
    split = func.jsonb_array_elements(cast(column, JSONB)) if view.dialect == "postgresql" else func.json_each(column)
    return split.table_valued("value", name=name, joins_implicitly=True)


def text_of(view: View, elements: FromClause, name: str) -> ColumnElement[str]:
    """Return the text that each element of `elements`, an object, has under a name."""
    if view.dialect == "postgresql":
        found: ColumnElement[str] = type_coerce(elements.c.value, JSONB)[name].astext
        return found
    return func.json_extract(elements.c.value, f'$."{name}"', type_=Text())

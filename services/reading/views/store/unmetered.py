"""Days of contracts on which no meter stood: what was used on them is in no usage."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, case, exists, func, or_, select, union_all

from services.reading.base import equals
from services.reading.contracts.tables import CONTRACT
from services.reading.network.tables import INSTALLATION, POINT
from shared.db.columns import Condition
from shared.db.engine import View


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, service_point_no: str | None
) -> Sequence[Row[Any]]:
    """Return a page of days without a meter, by point and first day: behind a removal, or of a contract whose point has no meter.

    What lies before the first meter that is known of a point is not among them.
    """
    contract, gone = CONTRACT.c, INSTALLATION.alias("gone")
    on_point = and_(gone.c.service_point_no == contract.service_point_no, gone.c.annulled != 1)
    within = and_(
        gone.c.removed_on > contract.starts_on, or_(contract.ends_on.is_(None), gone.c.removed_on < contract.ends_on)
    )
    behind = _gaps(gone.c.removed_on, CONTRACT.join(gone, on_point)).where(within)
    never = _gaps(contract.starts_on, CONTRACT).where(~exists().where(on_point))
    after_another = _gaps(contract.starts_on, CONTRACT).where(
        exists().where(on_point, gone.c.removed_on <= contract.starts_on)
    )
    gap = union_all(behind, never, after_another).subquery("gap")  # each by itself is joined as a set
    order = gap.c.service_point_no, gap.c.from_on
    return await view.all(
        select(gap)
        .where(visible(gap.c.org_unit), after(*order), equals(gap.c.service_point_no, service_point_no))
        .order_by(*order)
        .limit(limit)
    )


def _gaps(from_on: ColumnElement[date | None], source: FromClause) -> Select[Any]:
    """Return the days from one on, where no meter stands on it, to the next meter or the end of the contract."""
    contract, other = CONTRACT.c, INSTALLATION.alias("other")
    on_point = and_(other.c.service_point_no == contract.service_point_no, other.c.annulled != 1)
    stands = and_(other.c.installed_on <= from_on, or_(other.c.removed_on.is_(None), other.c.removed_on > from_on))
    following = select(func.min(other.c.installed_on)).where(on_point, other.c.installed_on > from_on).scalar_subquery()
    ended_first = or_(following.is_(None), contract.ends_on < following)
    return (
        select(
            contract.service_point_no,
            contract.contract_no,
            POINT.c.org_unit,
            from_on.label("from_on"),
            case((ended_first, contract.ends_on), else_=following).label("to_on"),
        )
        .select_from(source.join(POINT, POINT.c.service_point_no == contract.service_point_no))
        .where(contract.annulled != 1, ~exists().where(on_point, stands))
    )

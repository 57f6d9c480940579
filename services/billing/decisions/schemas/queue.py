"""What the routes of the review queue answer."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.billing.bills.schemas import BillFigures
from services.billing.bills.store.queue import GROUPS_MAX, Group
from services.billing.review.schemas import JudgedFindingOut
from services.billing.site_orders.domain import Site
from shared.web.batch import In, No

ITEMS_MAX = 500  # a page of the queue


class QueueItem(BillFigures):
    customer_class: str
    findings: list[JudgedFindingOut] = Field(
        description="each with the precision of its rule in the org units of the caller, of bills like this one"
    )
    site: Site | None = Field(
        description="`waiting`: a site order is out for it; `came_back`: all that were have ended"
    )
    at_risk_fen: int = Field(
        description="how far it is from what a rule that holds it expects, times its precision; the most"
    )
    held_at: datetime
    age_seconds: int
    read_by: list[str] = Field(
        description="who had a hand in the reads of its days, of any version: none of them may decide"
    )
    assignee: str | None = Field(description="who is to decide; null: nobody in particular")
    assigned_at: datetime | None


class GroupOut(BaseModel):
    """The bills of one group; `name` is null for what is nobody's, of ages it is the hours from and to: `24-72`, `168-`."""

    by: Group
    name: str | None
    bills: int
    total_fen: int


class CountsOut(BaseModel):
    """The bills of the queue with the filters of the list, and by each group the most bills first, at most 500 of a kind.

    A bill counts once with each code of its findings, with everything else once.
    """

    bills: int
    total_fen: int
    items: Annotated[list[GroupOut], Field(max_length=6 * GROUPS_MAX)]


class ClaimedOut(BaseModel):
    """The bill that is the caller's now; none where no bill was left for them."""

    items: Annotated[list[QueueItem], Field(max_length=1)]


class AssignmentIn(In):
    bill_id: No
    assignee: No | None = Field(description="the subject of who is to decide; null: nobody in particular")


class AssignmentsIn(In):
    items: Annotated[list[AssignmentIn], Field(max_length=ITEMS_MAX)]


class ClaimIn(In):
    bill_id: No


class ClaimsIn(In):
    items: Annotated[list[ClaimIn], Field(max_length=ITEMS_MAX)]

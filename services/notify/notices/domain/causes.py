"""What a notice is about: one fact of the trade, with the figures that its text shows."""

from dataclasses import dataclass
from datetime import date

from services.notify.templates.domain import Figures
from shared import natural


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A reason to tell a customer something (通知事由).

    `kind` and `id` name the document of another service that it is about, `template` the kind of notice. `day` is its business
    day (issue, correction, end of the estimated period, reminder, reversal). `account_no` is empty as long as only the service
    point is known. `figures` are raw: `…_fen`, `…_wh`, ISO dates.
    """

    kind: str
    id: str
    template: str
    account_no: str
    service_point_no: str
    org_unit: str
    cycle: str
    day: date
    figures: Figures

    def notice_id(self, contact_no: str) -> str:
        """Return the id of the notice of this cause to a contact (empty: to nobody yet): queued again, it is the same."""
        return natural.key_id(self.day, "notice", self.id, contact_no, self.template)

"""Facts of notify, collection and reading that closings follow from."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from services.billing.closings.use_cases import hearing
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.collection import AccountSettled
from shared.events.fact import Fact
from shared.events.meters import MeterTakenBack
from shared.events.notify import CustomerAnswered, NoticeDelivered, NoticeFailed, QuestionExpired


def handlers(zone: ZoneInfo) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type; `zone`: whose civil days count."""

    async def notice_delivered(tx: Tx, facts: Sequence[NoticeDelivered]) -> None:
        await hearing.delivered(tx, facts, zone)

    async def notice_failed(tx: Tx, facts: Sequence[NoticeFailed]) -> None:
        await hearing.failed(tx, facts)

    async def customer_answered(tx: Tx, facts: Sequence[CustomerAnswered]) -> None:
        await hearing.answered(tx, facts)

    async def question_expired(tx: Tx, facts: Sequence[QuestionExpired]) -> None:
        await hearing.expired(tx, facts)

    async def account_settled(tx: Tx, facts: Sequence[AccountSettled]) -> None:
        await hearing.settled(tx, facts)

    async def meter_taken_back(tx: Tx, facts: Sequence[MeterTakenBack]) -> None:
        await hearing.meters_back(tx, facts)

    return {
        MeterTakenBack: meter_taken_back,
        NoticeDelivered: notice_delivered,
        NoticeFailed: notice_failed,
        CustomerAnswered: customer_answered,
        QuestionExpired: question_expired,
        AccountSettled: account_settled,
    }

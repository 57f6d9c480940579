"""The order in which everything happens in the district."""

from datetime import date

from services.demo import closing, consents, play, prepaid, reviewing, tariffs, telling, theft
from services.demo.stage import Stage
from services.demo.stories import MONTHS


async def everything(stage: Stage) -> None:
    """Play both months; before them the December of the manual route, without which January has no previous usage."""
    routes = stage.district.routes
    manual, smart = [r for r in routes if r.manual], [r for r in routes if not r.manual]
    january, february = MONTHS
    await tariffs.load_tariffs(stage)
    await play.go_live(stage, manual)
    await play.plan(stage, play.BEFORE)
    await play.read_by_hand(stage, play.BEFORE)
    await play.close_month(stage, play.BEFORE, manual)
    await play.pay_month(stage, play.BEFORE, date(2026, 1, 10))
    await closing.prepay(stage)
    await play.go_live(stage, smart)
    await play.exchange_meters(stage)
    await play.move(stage)
    await play.plan(stage, january)
    await play.push_month(stage, january)
    await play.push_twice(stage)
    await theft.suspect(stage)
    await play.read_by_hand(stage, january)
    await play.close_month(stage, january, routes)
    await reviewing.review(stage, january, reviewing.NEW_SUPPLY)
    await play.posted(stage, january)
    await play.pay_month(stage, january, date(2026, 2, 6))
    await theft.investigate(stage)
    await closing.find(stage)
    await play.correct_read(stage)
    await play.remind(stage)
    await play.repair_exchange(stage)
    await play.read_move(stage)
    await play.move_in_past(stage)
    await play.change_class(stage)
    await theft.propose(stage)
    await theft.charge(stage)
    await closing.announce(stage)
    read_day_and_doubt = consents.ask_for_read_day, consents.doubt, consents.answer, consents.explain
    for step in (*read_day_and_doubt, consents.decide_read_day):
        await step(stage)
    await play.plan(stage, february)
    await play.push_month(stage, february)
    await play.read_by_hand(stage, february)
    await play.close_month(stage, february, routes)
    await reviewing.review(stage, february, reviewing.HEATS)
    await play.posted(stage, february)
    await play.pay_month(stage, february, date(2026, 3, 6))
    await play.read_late(stage)
    await consents.find_guess(stage)
    await tariffs.try_dearer(stage, february)
    await closing.end(stage)
    await closing.settle(stage)
    await play.settle(stage)
    await telling.call(stage)
    await prepaid.begin(stage)

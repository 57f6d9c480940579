"""The dated rules of dunning: what is refused with its place, whose track is which, and to which stage a debt has come."""

import copy
import json
from datetime import date
from functools import partial
from typing import Any

import pytest

from services.collection import main
from services.collection.dunning.domain import judging, ladders
from services.collection.dunning.domain.judging import Owed
from services.collection.settings import SHIPPED_POLICY
from shared.business_calendar import YearUnknown
from shared.business_calendar.folder import DOCUMENTS, load
from shared.document import DocumentError, Node

CALENDAR = load(DOCUMENTS)
NOTICE = {"stage": 1, "days_after_due": 3, "do": "notice"}


def read(dunning: Any) -> ladders.Ladders:
    document: dict[str, Any] = copy.deepcopy(json.loads(SHIPPED_POLICY.read_text()))
    document["versions"][0]["dunning"] = dunning
    return Node.read(document, partial(ladders.read, also=main.also(ladders)))


def tracks(*stages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tracks": [{"track": "resident", "stages": list(stages)} | more]}


@pytest.mark.parametrize(
    ("dunning", "place"),
    [
        ([{"stage": 2, "days_after_due": 1}], "/dunning/0/stage"),
        ([{"stage": 1, "days_after_due": -1}], "/dunning/0/days_after_due"),
        ([NOTICE], "/dunning/0/do"),
        ({"tracks": []}, "/dunning/tracks"),
        (tracks(NOTICE) | {"surprise": 1}, "/dunning/surprise"),
        (tracks(NOTICE, who="all"), "/dunning/tracks/0/who"),
        (tracks(NOTICE, hardship=True), "/dunning/tracks"),
        (tracks(NOTICE, track="friends"), "/dunning/tracks/0/track"),
        ({"tracks": [{"track": "resident", "stages": []}] * 2}, "/dunning/tracks"),
        (tracks(NOTICE | {"days": "lunar"}), "/dunning/tracks/0/stages/0/days"),
        (tracks(NOTICE | {"do": "shout"}), "/dunning/tracks/0/stages/0/do"),
        (tracks({"stage": 1, "days_after_due": 3}), "/dunning/tracks/0/stages/0/do"),
        (tracks(NOTICE | {"do": "call", "tone": "firm"}), "/dunning/tracks/0/stages/0/tone"),
        (tracks(NOTICE, {"stage": 2, "days_after_due": 2, "do": "call"}), "/dunning/tracks/0/stages/1/days_after_due"),
        (tracks(NOTICE) | {"holds": {"claim": {"days_max": 0}}}, "/dunning/holds/claim/days_max"),
        (tracks(NOTICE) | {"holds": {"claim": {}}}, "/dunning/holds/claim/days_max"),
    ],
)
def test_wrong_rules_are_refused_with_their_place(dunning: Any, place: str) -> None:
    with pytest.raises(DocumentError) as refused:
        read(dunning)
    assert f"/versions/0{place}" in {fault.pointer for fault in refused.value.faults}


def test_the_form_of_before_is_one_track_of_notices_and_nobody_holds_anything() -> None:
    rules = ladders.on(read([{"stage": 1, "days_after_due": 3}]), date(2026, 2, 25))
    assert rules is not None
    track = rules.track_of("anything", is_closed=True, is_hardship=True)
    assert ([stage.action for stage in track.stages], rules.holds) == (["notice"], {})
    assert ladders.on(read([]), date(1999, 12, 31)) is None, "no rule holds yet"


@pytest.mark.parametrize(
    ("customer_class", "is_closed", "is_hardship", "track"),
    [
        ("residential", False, False, "resident"),
        ("commercial", False, False, "business"),
        ("commercial", False, True, "vulnerable"),
        ("residential", True, True, "former_debtor"),
    ],
)
def test_whose_track_is_which(customer_class: str, is_closed: bool, is_hardship: bool, track: str) -> None:
    rules = ladders.on(read(json.loads(SHIPPED_POLICY.read_text())["versions"][0]["dunning"]), date(2026, 3, 1))
    assert rules is not None
    assert rules.track_of(customer_class, is_closed=is_closed, is_hardship=is_hardship).track == track


def ladder(day: date, *stages: dict[str, Any]) -> ladders.Ladder:
    rules = ladders.on(read(tracks(*stages)), day)
    assert rules is not None
    return ladders.ladders_of(rules, CALENDAR, day)["resident"]


BUSINESS = {"days": "business"}


def test_business_days_are_counted_back_by_the_calendar_and_agree_with_counting_on() -> None:
    for day in (date(2026, 2, number) for number in range(1, 29)):
        for count in (0, 1, 5, 12):
            (until,) = ladder(day, NOTICE | BUSINESS | {"days_after_due": count}).reached
            assert CALENDAR.passed(until, day) == count
            assert CALENDAR.passed(date.fromordinal(until.toordinal() + 1), day) < max(count, 1)


def test_a_year_without_a_calendar_is_refused_and_only_where_business_days_are_counted_in_it() -> None:
    assert ladder(date(2019, 6, 1), NOTICE).reached == (date(2019, 5, 29),)
    with pytest.raises(YearUnknown):
        ladder(date(2019, 6, 1), NOTICE | BUSINESS)


def owed(due_on: date, **more: Any) -> Owed:
    given: dict[str, Any] = {"document_kind": "bill", "document_id": "B", "outstanding_fen": 1, "is_held": False}
    return Owed(receivable_id=f"R{due_on}", due_on=due_on, **given | more)


def test_the_stage_after_one_in_business_days_follows_on_its_own_day() -> None:
    stages = [NOTICE | BUSINESS, {"stage": 2, "days_after_due": 8, "do": "notice"} | BUSINESS]
    due, debts, seen = date(2026, 4, 1), [owed(date(2026, 4, 1))], []
    for number in range(1, 30):
        day = date.fromordinal(due.toordinal() + number)
        found = judging.judge(ladder(day, *stages), debts, day)
        assert found is not None
        debts = list(found.debts)
        seen += [(found.step, day)] if found.step else []
    assert seen == [(1, CALENDAR.after(due, 3)), (2, CALENDAR.after(due, 8))]


def test_judged_twice_on_a_day_nothing_more_is_done_even_where_two_stages_are_of_one_day() -> None:
    day = date(2026, 3, 1)
    stages = [NOTICE, {"stage": 2, "days_after_due": 3, "do": "call"}]
    first = judging.judge(ladder(day, *stages), [owed(date(2026, 2, 1))], day)
    assert first is not None
    again = judging.judge(ladder(day, *stages), first.debts, day)
    assert again is not None
    assert (first.step, again.step, again.debts) == (1, None, first.debts)

"""What happens in the district, step by step: two monthly cycles, and what goes wrong in them."""

import asyncio
from datetime import date, timedelta
from typing import Any

from services.demo import completeness, setup
from services.demo.district import (
    EPOCH,
    EXCHANGE_DAY,
    GO_LIVE,
    MANUAL_SLOT,
    MOVE_DAY,
    PAST_MOVE_DAY,
    Route,
    days,
)
from services.demo.stage import DemoFailed, Stage
from services.demo.stories import MONTHS, Month

BEFORE = Month("2025-12", EPOCH, GO_LIVE)
DUPLICATE_DAY = date(2026, 1, 10)
REMIND_ON = date(2026, 2, 26)  # due on 22 February, and the policy waits three days
CLASS_SEEN_ON = date(2026, 2, 27)
OVERPAID_FEN = 5_000
WRONG_BY_FEN = 1_000
APP_EVERY = 10  # pay by app: an order and the channel's callback; the others at the counter
EARLY_EVERY = 5  # pay February's bill before the demo ends
NEW, KNOWN = {"accepted", "done"}, {"already_accepted", "already_done"}


async def go_live(stage: Stage, routes: list[Route]) -> None:
    """Tell all services of the customers of these routes; one account is forgotten."""
    district = stage.district
    who = [i for route in routes for i in route.members]
    known = [i for i in who if i != district.stories["usage_before_account"]]
    numbers = {route.route_no for route in routes}
    devices = [d for d in setup.devices(district) if d["device_id"].removeprefix("headend-") in numbers]
    put = stage.put
    await put("engineer-1", "reading", "/v1/routes", [r for r in setup.routes(district) if r["route_no"] in numbers])
    await put("engineer-1", "reading", "/v1/devices", devices)
    await stage.make_keys([device["device_id"] for device in devices])
    await put("engineer-1", "reading", "/v1/service-points", setup.points(district, who))
    await put("engineer-1", "reading", "/v1/meters", setup.meters(district, who))
    await put("engineer-1", "reading", "/v1/installations", setup.installations(district, who))
    await put("clerk-1", "billing", "/v1/accounts", setup.accounts(district, known))
    await put("clerk-1", "notify", "/v1/parties", setup.parties(district, who))
    stage.say(f"live on {routes[0].live_from}: {', '.join(sorted(numbers))} with {len(who)} customers")


async def push_month(stage: Stage, month: Month) -> None:
    """Push the daily registers of all smart meters and the curves of some; one route is read by hand."""
    district = stage.district
    smart = [route for route in district.routes if not route.manual]
    curves: list[dict[str, Any]] = [
        {"meter_no": district.customers[i].meter_no, "day": str(day), "unit": "Wh", "interval_minutes": minutes}
        | {"values": district.curve(i, day)}
        for i, minutes in district.curves.items()
        for day in days(month.first, month.read_on)
    ]
    by_meter = {district.customers[i].meter_no: setup.head_end(district.route_of(i)) for i in district.curves}
    for route in smart:
        own = [curve for curve in curves if by_meter[curve["meter_no"]] == setup.head_end(route)]
        await stage.push(setup.head_end(route), "/v1/curves", own, NEW)
    await asyncio.gather(*(_push_route(stage, route, month) for route in smart))
    stage.taken["curve", month.cycle] += len(curves)
    stage.say(f"{month.cycle}: daily registers pushed, {len(curves)} day curves")


async def _push_route(stage: Stage, route: Route, month: Month) -> None:
    district = stage.district
    late = district.stories["late_read"]
    batch: list[dict[str, Any]] = []
    for day in days(month.first + timedelta(days=1), month.read_on + timedelta(days=1)):
        who = list(route.members)
        if day == EXCHANGE_DAY:
            who = [i for i in who if i not in district.exchanged]  # their registers of that day came with the exchange
        if day == MONTHS[1].read_on and late in who:
            who.remove(late)
        batch += district.reads(who, day)
    await stage.push(setup.head_end(route), "/v1/reads", batch, NEW)


async def exchange_meters(stage: Stage) -> None:
    """Take a meter off and put another one on in mid-January, twice; once the closing register is mistyped."""
    for i in sorted(stage.district.exchanged):
        await stage.put("engineer-1", "reading", "/v1/installations", setup.exchange(stage.district, i))


async def move(stage: Stage) -> None:
    """Somebody moves: one contract ends and another begins, and reading knows the day."""
    await stage.put("clerk-1", "notify", "/v1/parties", setup.new_party(stage.district))
    await stage.put("clerk-1", "billing", "/v1/accounts", setup.move(stage.district))
    point = stage.district.customers[stage.district.stories["move"]].service_point_no

    async def known() -> bool:
        tasks = await stage.all("reading", "/v1/tasks", service_point_no=point)
        return any(task["read_date"] == str(MOVE_DAY) for task in tasks)

    await stage.until("reading knows the day of the move", known)
    stage.say(f"a home changes hands on {MOVE_DAY}, and nobody reads the meter")


async def push_twice(stage: Stage) -> None:
    """Push a day of a route again, as a head-end does that missed the answer."""
    route = stage.district.routes[0]
    again = stage.district.reads(route.members, DUPLICATE_DAY)
    await stage.push(setup.head_end(route), "/v1/reads", again, KNOWN)
    stage.say(f"{route.route_no}: the push of {DUPLICATE_DAY} came twice, {len(again)} reads known already")


async def read_by_hand(stage: Stage, month: Month) -> None:
    """Upload the reader's file of each manual route."""
    district = stage.district
    for route in district.routes:
        if not route.manual:
            continue
        path = f"/v1/reads/csv?route_no={route.route_no}"
        file = setup.csv_file(district, route, month.read_on)
        outcomes = stage.count(await stage.call("uploader-1", "POST", "reading", path, file), NEW)
        stage.taken["csv", month.cycle] += len(outcomes)
        misread = district.customers[district.stories["read_corrected"]].meter_no
        if month == MONTHS[0] and misread in file.decode():
            stage.misread_id = next(o["id"] for o in outcomes if o["id"].startswith(misread + "~"))
        stage.say(f"{month.cycle}: {route.route_no} read by hand, {len(outcomes)} rows of a CSV file")


async def close_month(stage: Stage, month: Month, routes: list[Route]) -> None:
    """End the read windows; estimate what is missing; wait until the runs have released their bills."""
    await completeness.close_windows(stage, month)
    if month == MONTHS[0]:
        forgotten = [stage.district.stories["usage_before_account"]]
        await stage.put("clerk-1", "billing", "/v1/accounts", setup.accounts(stage.district, forgotten))
        stage.say("the forgotten account is opened; its usage waited")

    async def runs() -> list[dict[str, Any]]:
        return await stage.all("billing", "/v1/runs", cycle=month.cycle)

    async def calculated() -> bool:
        return [run["status"] in ("releasing", "released") for run in await runs()] == [True] * len(routes)

    async def released() -> bool:
        return all(run["status"] == "released" for run in await runs())

    await stage.until(f"the runs of {month.cycle} are calculated", calculated)
    due_on = max(date.fromisoformat(run["due_on"]) for run in await runs())
    await stage.job("billing", "release-runs", due_on)
    stage.say(f"{month.cycle}: the review is due on {due_on}, the business day after the read day {month.read_on}")
    await stage.until(f"the runs of {month.cycle} are released", released)
    await posted(stage, month)
    totals = (await stage.totals(month.cycle))["billing"]
    stage.say(f"{month.cycle}: {totals['bills_issued']} bills issued, {totals['bills_held']} held")


async def posted(stage: Stage, month: Month) -> None:
    """Wait until collection has posted and notify has noted every bill that billing has issued of a cycle."""

    async def done() -> bool:
        totals = await stage.totals(month.cycle)
        told = totals["notify"]["causes_bill_issued"]
        billing, books = totals["billing"], totals["collection"]
        documents = billing["documents_issued"] + billing["charges_issued"]
        issued = documents, billing["documents_fen"] + billing["charges_fen"]
        posted = books["documents_posted"], books["posted_fen"]
        return told == billing["bills_issued"] and posted == issued

    await stage.until(f"the bills of {month.cycle} are posted", done)


async def pay_month(stage: Stage, month: Month, day: date) -> None:
    """Pay what is open: all but the one who never does, of February's bills only some so early; some in their own way."""
    district = stage.district
    index_of = district.index_of
    names = {i: name for name, i in district.stories.items()}
    open_ = await stage.all("collection", "/v1/receivables", cycle=month.cycle, status="open")
    stories = month == MONTHS[0]
    if month == MONTHS[1]:
        open_ = [r for r in open_ if index_of[r["account_no"]] in names or index_of[r["account_no"]] % EARLY_EVERY == 0]

    async def pay(receivable: dict[str, Any]) -> None:
        account_no, fen = receivable["account_no"], receivable["outstanding_fen"]
        i = index_of[account_no]
        name = names.get(i, "")
        if name == "never_pays":
            return
        if stories and name in ("double_callback", "overpayment", "wrong_amount"):
            await _pay_oddly(stage, name, account_no, fen, day)
        elif name or i % APP_EVERY == 0:
            await stage.callback(await stage.order(account_no, fen), fen, day)
        else:
            await stage.counter(account_no, fen, day)

    await asyncio.gather(*(pay(receivable) for receivable in open_))
    stage.say(f"{month.cycle}: {len(open_)} bills to pay")


async def _pay_oddly(stage: Stage, name: str, account_no: str, fen: int, day: date) -> None:
    fen += OVERPAID_FEN * (name == "overpayment")
    order_id = await stage.order(account_no, fen)
    if name == "wrong_amount":
        answer = await stage.callback(order_id, fen - WRONG_BY_FEN, day)
        if answer["payment_status"] != "suspense":
            raise DemoFailed("money that differs from its order did not go to suspense")
        body = {"action": "allocate", "account_no": account_no, "reason": "confirmed", "resolved_on": str(day)}
        path = f"/v1/suspense/{answer['payment_id']}/resolution"
        await stage.call("cashier-2", "POST", "collection", path, body, headers={"Idempotency-Key": order_id})
        await stage.counter(account_no, WRONG_BY_FEN, day)
        return
    first = await stage.callback(order_id, fen, day)
    if name == "double_callback":
        second = await stage.callback(order_id, fen, day)
        if second["status"] != "already_done" or second["payment_id"] != first["payment_id"]:
            raise DemoFailed("a callback that came twice was not known the second time")


async def correct_read(stage: Stage) -> None:
    """Correct the misread register after its bill was paid: reversal, new bill, re-allocated payment."""
    district = stage.district
    i = district.stories["read_corrected"]
    (true,) = district.reads([i], MONTHS[0].read_on, slot=MANUAL_SLOT)
    body = {"unit": "kWh", "registers": true["registers"], "reason": "misread", "reader": "inspector-1"}
    await stage.call("engineer-1", "POST", "reading", f"/v1/reads/{stage.misread_id}/correction", body)
    await corrected(stage, i, "the bill of the misread register is corrected and posted")
    stage.say("a misread register is corrected after its bill was paid")


async def repair_exchange(stage: Stage) -> None:
    """Correct the closing register that was mistyped, after the bill was paid."""
    district = stage.district
    i = district.stories["mistyped_exchange"]
    closing, _ = district.exchange_faces(i)
    path = f"/v1/installations/{district.customers[i].meter_no}/{GO_LIVE}/correction"
    body = {"unit": "kWh", "closing": closing, "reason": "mistyped"}
    await stage.call("engineer-1", "POST", "reading", path, body)
    await corrected(stage, i, "the bill of the mistyped exchange is corrected and posted")
    stage.say("a mistyped exchange is repaired after its bill was paid")


async def move_in_past(stage: Stage) -> None:
    """Tell of a move in January after the bill was paid: the read of that day cuts it, and both are billed for their days."""
    district = stage.district
    i = district.stories["past_move"]
    out, in_ = district.accounts_of(i)
    await stage.put("clerk-1", "notify", "/v1/parties", setup.new_party(district, "past_move"))
    await stage.put("clerk-1", "billing", "/v1/accounts", setup.move(district, "past_move", reason="told_late"))
    await _corrected_account(stage, out, "the bill of who moved out is corrected and posted", 1)

    async def billed() -> bool:
        return bool(await stage.all("collection", "/v1/receivables", account_no=in_))

    await stage.until("who moved in is billed for the rest of January", billed)
    stage.say(f"a move of {PAST_MOVE_DAY} is told after the bill was paid: two accounts, two bills")


async def change_class(stage: Stage) -> None:
    """Change class and tariff of billed days: the correction is proposed, and carried out once somebody else has seen it."""
    i = stage.district.stories["class_changed"]
    (account_no,) = stage.district.accounts_of(i)
    await stage.put("clerk-1", "billing", "/v1/accounts", setup.shared_meter(stage.district))
    (proposed,) = [b for b in await stage.all("billing", "/v1/review-queue") if b["account_no"] == account_no]
    body = {
        "decision": "approve",
        "explanation": "Seen on site: four households behind one meter.",
        "business_date": str(CLASS_SEEN_ON),
    }
    seen = {"If-Match": f'"{proposed["row_version"]}"'}
    path = f"/v1/bills/{proposed['bill_id']}/decisions"
    await stage.call("reviewer-1", "POST", "billing", path, body, headers=seen)
    await corrected(stage, i, "the bill of the other class is corrected and posted")
    stage.say("a class changed for billed days: proposed, approved by another person, corrected")


async def read_move(stage: Stage) -> None:
    """Take what the meter showed on the day of the move, which the customer had noted; both bills had been cut by days."""
    i = stage.district.stories["move"]
    (noted,) = stage.district.reads([i], MOVE_DAY, slot=MANUAL_SLOT)
    items = {"items": [noted | {"source": "self"}]}
    stage.count(await stage.call("uploader-1", "POST", "reading", "/v1/reads", items), NEW)
    await corrected(stage, i, "both bills of the move are corrected by the read")
    stage.say("the read of the day of the move corrects the bills of both who lived there")


async def corrected(stage: Stage, i: int, what: str, *, times: int = 1) -> None:
    """Wait until each account of a customer has so many corrections, and they are posted and told."""
    for account_no in stage.district.accounts_of(i):
        await _corrected_account(stage, account_no, what, times)


async def _corrected_account(stage: Stage, account_no: str, what: str, times: int) -> None:
    async def done() -> bool:
        made = await stage.all("billing", "/v1/corrections", account_no=account_no)
        if len(made) < times:
            return False
        receivables = await stage.all("collection", "/v1/receivables", account_no=account_no)
        posted_ = [r for r in receivables if r["status"] == "reversed" or r["document_kind"] == "difference"]
        told = await stage.all("notify", "/v1/notices", account_no=account_no)
        noted = [notice for notice in told if notice["template"] == "bill_corrected"]
        return len(posted_) == sum(len(c["reversals"]) for c in made) and bool(noted)

    await stage.until(what, done)


async def remind(stage: Stage) -> None:
    """Remind who has not paid, twice for one day: the second time changes nothing."""
    first = await stage.job("collection", "remind", REMIND_ON)
    await stage.job("collection", "remind", REMIND_ON)
    stage.say(f"reminders of {REMIND_ON}: {first['counts']}")


async def read_late(stage: Stage) -> None:
    """Push the read that missed its window, after the estimate was billed."""
    i = stage.district.stories["late_read"]
    route = stage.district.route_of(i)
    late = stage.district.reads([i], MONTHS[1].read_on)
    await stage.push(setup.head_end(route), "/v1/reads", late, NEW)
    await corrected(stage, i, "the estimate is replaced by the late read")
    stage.say("a read that came after its window replaces the estimate that was billed")


async def plan(stage: Stage, month: Month) -> None:
    await stage.job("reading", "plan-cycles", month.read_on)


async def settle(stage: Stage) -> None:
    """Wait until every event was handled and every notice is final."""

    async def quiet() -> bool:
        for cycle in (BEFORE.cycle, *(month.cycle for month in MONTHS)):
            notices = (await stage.totals(cycle))["notify"]
            if notices["notices_queued"] or notices["notices_sending"]:
                return False
        return True

    await stage.until("all notices are sent", quiet)

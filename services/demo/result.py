"""What came out: the figures of each cycle, what became of each story, and each invariant with its two numbers."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from services.command import reconcile
from services.demo import closing, consents, prepaid, telling, theft
from services.demo.district import MANUAL_SLOT
from services.demo.play import BEFORE
from services.demo.stage import Stage
from services.demo.stories import MONTHS, STORIES

CYCLES = (BEFORE, *MONTHS)
SEEN_ON_THE_METER = ("meter_exchange", "mistyped_exchange", "rollover", "multiplier")
BILLED_ON_THEIR_CURVE = ("curve_bill", "two_part_shop")
ROLLED_OVER = "reading.rolled_over"
WIDTH = 78


@dataclass(frozen=True)
class Invariant:
    name: str
    left: int | None
    right: int | None

    @property
    def holds(self) -> bool:
        return self.left is not None and self.left == self.right


@dataclass(frozen=True)
class Result:
    figures: dict[str, list[str]]  # row title -> one cell per cycle, and the sum
    payment_id: str  # one whose money can be traced back to the meter
    money: dict[str, str]
    stories: list[tuple[str, list[str]]]
    invariants: list[Invariant]
    arrears: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return all(invariant.holds for invariant in self.invariants)


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02}"


async def collect(stage: Stage) -> Result:
    """Ask the services for everything that the page shows."""
    totals = {month.cycle: await stage.totals(month.cycle) for month in CYCLES}
    bills = [bill for month in CYCLES for bill in await stage.all("billing", "/v1/bills", cycle=month.cycle)]
    notices = await stage.all("notify", "/v1/notices")
    payments = await stage.all("collection", "/v1/payments")
    books = {line["ledger_account"]: line for line in (await stage.get("collection", "/v1/trial-balance"))["lines"]}
    return Result(
        figures=await _figures(stage, totals, bills, notices),
        payment_id=_payment_of(stage, "normal_payment", payments),
        money={
            "paid": yuan(sum(p["amount_fen"] for p in payments if p["status"] == "posted")),
            "prepaid by customers": yuan(-books["2203"]["balance_fen"] if "2203" in books else 0),
            "payments": f"{len(payments):,}",
        },
        stories=await _stories(stage, bills, payments, notices),
        invariants=await _invariants(stage, totals, bills, notices, payments),
        arrears=tuple(await prepaid.arrears(stage)),
    )


def _payment_of(stage: Stage, story: str, payments: list[dict[str, Any]]) -> str:
    account_no = stage.district.customers[stage.district.stories[story]].account_no
    return next(str(p["payment_id"]) for p in payments if p["account_no"] == account_no)


async def _figures(
    stage: Stage,
    totals: dict[str, dict[str, dict[str, int]]],
    bills: list[dict[str, Any]],
    notices: list[dict[str, Any]],
) -> dict[str, list[str]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for month in CYCLES:
        progress = [
            await stage.get("reading", f"/v1/routes/{route.route_no}/cycles/{month.cycle}")
            for route in stage.district.routes
            if month is not BEFORE or route.manual
        ]
        for title, name in (
            ("expected", "expected"),
            ("read", "actual"),
            ("estimated", "estimated"),
            ("missed", "missed"),
        ):
            rows[f"reads {title}"].append(sum(p[name] for p in progress))
        rows["reads by CSV file"].append(stage.taken["csv", month.cycle])
        rows["curves of a day (15, 30 min)"].append(stage.taken["curve", month.cycle])
        rows["reads that came again"].append(totals[month.cycle]["reading"]["reads_duplicate"])
        rows["usage kWh"].append(sum(p["sum_wh"] for p in progress) // 1000)
        billing = totals[month.cycle]["billing"]
        rows["bills issued"].append(billing["bills_issued"])
        held = [b for b in bills if b["cycle"] == month.cycle and any(f["severity"] == "hold" for f in b["findings"])]
        rows["bills held for review"].append(len(held))
        rows["bills corrected"].append(billing["bills_reversed"] + billing["bills_adjusted"])
        rows["yuan billed"].append(billing["issued_fen"])
        rows["yuan outstanding"].append(totals[month.cycle]["collection"]["outstanding_fen"])
        own = [notice["state"] for notice in notices if notice["cycle"] == month.cycle]
        rows["notices delivered"].append(own.count("delivered"))
        rows["letters to be printed"].append(
            sum(n["channel"] == "letter" for n in notices if n["cycle"] == month.cycle)
        )
    return {title: [_cell(title, n) for n in (*cells, sum(cells))] for title, cells in rows.items()}


def _cell(title: str, number: int) -> str:
    return yuan(number) if title.startswith("yuan") else f"{number:,}"


async def _stories(
    stage: Stage, bills: list[dict[str, Any]], payments: list[dict[str, Any]], notices: list[dict[str, Any]]
) -> list[tuple[str, list[str]]]:
    found = []
    findings = await stage.all("collection", "/v1/findings")
    for name, story in STORIES.items():
        i = stage.district.stories[name]
        point = stage.district.customers[i].service_point_no
        accounts = stage.district.accounts_of(i)
        lines = [f"{story.title} (account {', '.join(accounts)})"]
        if name in SEEN_ON_THE_METER:
            lines.append(await _meter_line(stage, point))
        lines += await _rollover_lines(stage, point)
        for more in (consents, theft, closing, telling, prepaid):
            lines += await more.lines(stage, name)
        for account_no in accounts:
            own = [bill for bill in bills if bill["account_no"] == account_no]
            for bill in sorted(own, key=lambda b: (b["cycle"], b["period_from"], b["version"])):
                lines += [_bill_line(bill), *await _decision_lines(stage, bill)]
                if name in BILLED_ON_THEIR_CURVE and bill["status"] == "issued":
                    lines.append(await _periods_line(stage, bill))
            paid = [payment for payment in payments if payment["account_no"] == account_no]
            lines += [_payment_line(payment, findings) for payment in sorted(paid, key=lambda p: p["received_on"])]
            account = await stage.get("collection", f"/v1/accounts/{account_no}")
            owes = f"owes {yuan(account['outstanding_fen'])}, has prepaid {yuan(account['prepaid_fen'])} yuan"
            told = [n["template"] for n in notices if n["account_no"] == account_no]
            lines.append(f"  {owes}; told: {', '.join(f'{told.count(t)} {t}' for t in sorted(set(told)))}")
        found.append((name, lines))
    return found


def _bill_line(bill: dict[str, Any]) -> str:
    codes = [finding["code"].partition(".")[2] for finding in bill["findings"]]
    notes = [bill["status"], *(["estimated"] if bill["estimated"] else []), *codes]
    return (
        f"  {bill['cycle']} v{bill['version']}: {bill['energy_wh'] / 1000:.2f} kWh, "
        f"{yuan(bill['total_fen'])} yuan, {', '.join(notes)}"
    )


async def _meter_line(stage: Stage, service_point_no: str) -> str:
    """Return what the meter showed at the first daily read of January and at the last."""
    month = MONTHS[0]
    *_, usage = await stage.all("reading", "/v1/usages", service_point_no=service_point_no, cycle=month.cycle)
    first_id = f"{usage['meter_nos'][0]}~{month.first:%Y%m%d}T160000Z~remote"  # midnight of 2 January in China
    shown = [await stage.get("reading", f"/v1/reads/{one}") for one in (first_id, usage["read_ids"][-1])]
    first, last = (f"{read['meter_no']} {read['registers']['import']}" for read in shown)
    return f"  {month.cycle}: the register shows {first} on {month.first + timedelta(1)}, {last} on {month.read_on}"


async def _rollover_lines(stage: Stage, service_point_no: str) -> list[str]:
    """Return where a register was found to have passed its last number."""
    found = await stage.all("reading", "/v1/findings", code=ROLLED_OVER, service_point_no=service_point_no)
    return [f"    {one}: {ROLLED_OVER}" for one in sorted({finding["entity_id"] for finding in found})]


async def _periods_line(stage: Stage, bill: dict[str, Any]) -> str:
    """Return what a bill says of the periods of the day, and of capacity and power factor where it has them."""
    lines = (await stage.get("billing", f"/v1/bills/{bill['bill_id']}"))["lines"]
    told = [f"{line['period']} {line['quantity']} kWh" for line in lines if line["period"]]
    told += [
        f"{line['charge']} {line['quantity']} {line['unit']}: {yuan(line['amount_fen'])} yuan"
        for line in lines
        if line["charge"] in ("capacity", "power factor")
    ]
    return "    " + ", ".join(told)


async def _decision_lines(stage: Stage, bill: dict[str, Any]) -> list[str]:
    """Return who decided on a bill that was held, and with which explanation."""
    if not any(finding["severity"] == "hold" for finding in bill["findings"]):
        return []
    decisions = (await stage.get("billing", f"/v1/bills/{bill['bill_id']}"))["decisions"]
    return [f"    {one['decision']} by {one['decided_by']}: {one['explanation']}" for one in decisions]


def _payment_line(payment: dict[str, Any], findings: list[dict[str, Any]]) -> str:
    notes = [f["code"].partition(".")[2] for f in findings if f["entity_id"] == payment["payment_id"]]
    how = ", ".join([payment["channel"], payment["status"], *notes])
    return f"  {payment['received_on']}: paid {yuan(payment['amount_fen'])} yuan, {how}"


async def _invariants(
    stage: Stage,
    totals: dict[str, dict[str, dict[str, int]]],
    bills: list[dict[str, Any]],
    notices: list[dict[str, Any]],
    payments: list[dict[str, Any]],
) -> list[Invariant]:
    found = [
        Invariant(f"{cycle}: {result.title}", result.left, result.right)
        for cycle, given in totals.items()
        for result in reconcile.compare(given)
    ]
    for one in (await stage.get("collection", "/v1/invariants"))["invariants"]:
        found.append(Invariant(f"books: {one['name']}", one["left_fen"], one["right_fen"]))
    true_wh, billed_wh, wrong = _energies(stage, bills)
    found.append(Invariant("Wh billed over both months = Wh that the meters counted", billed_wh, true_wh))
    found.append(Invariant("accounts whose bills differ from their meter", wrong, 0))
    turned = await stage.all("reading", "/v1/findings", code=ROLLED_OVER)
    rolls = stage.district.customers[stage.district.stories["rollover"]].service_point_no
    found.append(
        Invariant("points whose register was found to roll over", len({f["service_point_no"] for f in turned}), 1)
    )
    found.append(
        Invariant("of these the one that did", sum(f["service_point_no"] == rolls for f in turned), len(turned))
    )
    issued = sum(t["billing"]["bills_issued"] for t in totals.values())
    told = sum(t["notify"]["causes_bill_issued"] for t in totals.values())
    found.append(Invariant("bills issued = bills that customers are told of", issued, told))
    mails = [n for n in notices if n["state"] == "delivered" and n["channel"] == "email"]
    called = [n for n in notices if n["state"] == "delivered" and n["channel"] == "landline"]
    left = await stage.all("notify", "/v1/call-tasks", waiting_too="true")
    found.append(Invariant("people to be called = people who were told by call", len(called) + len(left), len(called)))
    found.append(
        Invariant(
            "notices delivered by mail = mails at the mail server", len(mails), sum(stage.mailbox.messages.values())
        )
    )
    found.append(
        Invariant("mails = different Message-IDs", sum(stage.mailbox.messages.values()), len(stage.mailbox.messages))
    )
    reminded = {n["cause_id"]: n for n in notices if n["template"] == "reminder"}.values()
    never = stage.district.customers[stage.district.stories["never_pays"]].account_no
    found.append(Invariant("reminders sent, all to the one who does not pay", len(reminded), 1))
    found.append(Invariant("of these to that account", sum(n["account_no"] == never for n in reminded), 1))
    suspense = sum(p["status"] == "suspense" for p in payments)
    found.append(Invariant("payments left in suspense", suspense, 0))
    held = sum(t["billing"]["bills_held"] for t in totals.values())
    found.append(Invariant("bills left held", held, 0))
    return found


def _energies(stage: Stage, bills: list[dict[str, Any]]) -> tuple[int, int, int]:
    """Return the Wh that the meters counted, the Wh billed by bills that stand, and how many customers differ."""
    district = stage.district
    billed: dict[str, int] = defaultdict(int)
    for bill in bills:
        if bill["status"] == "issued":
            billed[bill["account_no"]] += bill["energy_wh"]
    true: dict[str, int] = {}
    for customer in district.customers:
        accounts = district.accounts_of(customer.index)
        route = district.route_of(customer.index)
        # a manual route is live from midnight on, and read later in the morning
        moments = [(route.live_from, 0), *(district.moves[customer.index] for _ in accounts[1:])]
        moments.append((MONTHS[-1].read_on, MANUAL_SLOT if route.manual else 0))
        for account_no, ((start, first), (stop, last)) in zip(accounts, pairwise(moments), strict=True):
            true[account_no] = district.energy_wh(customer.index, start, stop, (first, last))["import"]
    wrong = sum(billed[account_no] != wh for account_no, wh in true.items())
    return sum(true.values()), sum(billed.values()), wrong


def page(result: Result, *, customers: int, seconds: float, addresses: dict[str, str], keep: str) -> str:
    """Return the page of results."""
    heads = [f"{m.cycle}{'*' if m is BEFORE else ''}" for m in CYCLES]
    lines = ["", "=" * WIDTH, f"{customers:,} customers, two monthly cycles, {seconds:.0f} s", "=" * WIDTH]
    lines.append(f"{'':32}" + "".join(f"{head:>12}" for head in (*heads, "all")))
    lines += [f"{title:32}" + "".join(f"{cell:>12}" for cell in cells) for title, cells in result.figures.items()]
    lines += ["* the manual route alone, one month earlier: the previous usage of its estimate in January", ""]
    lines += [f"{'yuan ' * (name != 'payments') + name:32}{value:>14}" for name, value in result.money.items()]
    lines += ["", "What happened to whom"]
    lines += [line for _, story in result.stories for line in story]
    lines += ["", f"Yuan that became due in {MONTHS[0].cycle}, on their way to zero day by day", *result.arrears]
    lines += ["", "Invariants (each with its two numbers)"]
    for one in result.invariants:
        left, right = ("not given" if n is None else f"{n:,}" for n in (one.left, one.right))
        lines.append(f"{'ok  ' if one.holds else 'DIFF'} {one.name}: {left} | {right}")
    broken = sum(not one.holds for one in result.invariants)
    lines += ["", "All invariants hold." if not broken else f"{broken} INVARIANTS DO NOT HOLD.", ""]
    lines += [f"{name:11} {url}/openapi.json   {url}/metrics" for name, url in addresses.items()]
    lines += [
        keep,
        "Then, from the money back to the meter (after `. .venv/bin/activate`):",
        f"    wattline trace {result.payment_id}",
        "",
    ]
    return "\n".join(lines)

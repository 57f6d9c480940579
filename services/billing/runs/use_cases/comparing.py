"""A run whose totals agree is looked at as a whole: neighbours, changes since the run before, supplies that are new (批次比对).

What is found follows from first usages of this run and of the one before. Where the one before comes later, this one is looked at
then: in whatever order usages, closings and corrections come, bills that are not out have the same findings in the end.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain.bills import HELD, Found
from services.billing.bills.domain.policy import Policy
from services.billing.bills.store import compared as bills_store
from services.billing.bills.store import hands
from services.billing.bills.use_cases import sending
from services.billing.context import Context
from services.billing.contracts.domain import class_on
from services.billing.contracts.store import contracts as contracts_store
from services.billing.review import store as review_store
from services.billing.review.domain import beside, to_site
from services.billing.review.domain.beside import Basis, Compared, First, Key, Runs
from services.billing.review.domain.findings import HOLD, SENT_TO_SITE, Finding, of_text, worst
from services.billing.review.domain.limits import review_of_run
from services.billing.review.domain.rules import drawn_sample, unlike_neighbours
from services.billing.review.domain.subject import Subject
from services.billing.runs import store
from services.billing.tariffs.domain import tariffs_used
from services.billing.usages.domain import Usage
from services.billing.usages.store import firsts as firsts_store
from services.billing.usages.store import usages as usages_store
from shared.db.engine import Tx, View

AFTER_CHANGE = "billing.first_run_after_change"


def new_seed() -> str:
    """Return what decides a draw: nobody can foresee it."""
    return secrets.token_hex(16)


async def examine(tx: Tx, months: Mapping[Key, int], *, context: Context) -> dict[Key, list[Finding]]:
    """Look at locked runs whose totals agree as a whole, and return what is found of each; its bills have theirs.

    `months`: of the longest of a run's usages. The number of statements does not depend on the number of runs and bills.
    """
    if not months:
        return {}
    days = await read_days(tx, list(months))
    tariffs = await bills_store.tariffs(tx, list(months))
    new = {
        key: Compared(
            key=key,
            months=count or 1,
            basis=_basis(tariffs.get(key, ()), _policy(days[key], context), context),
            seed=new_seed(),
        )
        for key, count in months.items()
    }
    await review_store.add_compared(tx, list(new.values()))
    around = {run.before for run in new.values()} | {_after(run) for run in new.values()}
    await store.lock(tx, sorted(around - new.keys()))  # of two that are compared at a time the later one sees both
    there = await review_store.compared(tx, around | new.keys())
    new = {
        key: replace(run, seed=there[key].seed) for key, run in new.items()
    }  # one that was compared before has its seed
    known = there | new
    wanted = [run for run in known.values() if not run.examined and run.before in known]
    alone = [run for run in new.values() if run.before not in known]
    first_cycle, openings = await _openings(tx, alone) if alone else (await review_store.first_cycle(tx), {})
    if not wanted and not openings:
        return {}
    later = [key for key in {run.key for run in wanted} | openings.keys() if key not in new]
    days |= await read_days(tx, later) if later else {}
    usages = await first_usages(tx, {run.key: days[run.key] for run in wanted}) if wanted else {}
    policies = {key: _policy(days[key], context) for key in [*(run.key for run in wanted), *openings]}
    examined = [examined_beside(run, known[run.before], usages.get(run.key, []), policies[run.key]) for run in wanted]
    await review_store.set_examined(tx, examined)
    runs = Runs(
        compared=openings | {run.key: run for run in examined},
        before=beside.ends_before([one for each in usages.values() for one in each]),
        first_cycle=first_cycle,
    )
    await _put_on_bills(tx, runs, usages, policies, context=context)
    found = {run.key: of_run(run, usages.get(run.key, []), policies[run.key]) for run in examined}
    await store.add_findings(tx, {key: found[key] for key in later if found.get(key)})
    return found


async def _openings(tx: Tx, alone: Sequence[Compared]) -> tuple[str, dict[Key, Compared]]:
    """Return the first cycle of the books, and the runs with none before them that are no openings by that.

    These are of routes that came later. Where one of runs that agree now, without one before (`alone`), opens the books earlier
    than was known, such runs of before are looked at again. Of two units of work that do so the later one sees both.
    """
    await review_store.one_at_a_time(tx)
    first = await review_store.first_cycle(tx)
    found = {run.key: run for run in alone if run.key[1] > first}
    if len(found) < len(alone):
        found |= await review_store.not_examined(tx, first)
        await store.lock(tx, sorted(found))
    return first, found


async def read_days(view: View, keys: Sequence[Key]) -> dict[Key, list[date]]:
    """Return the read dates that routes reported of runs."""
    return {key: [row.read_date for row in rows] for key, rows in (await store.closings(view, keys)).items()}


async def first_usages(view: View, days: Mapping[Key, Sequence[date]]) -> dict[Key, list[First]]:
    """Return the first usages of runs, by the read dates of these."""
    rows = await firsts_store.of_runs(view, [(route, day, cycle) for (route, cycle), on in days.items() for day in on])
    # of two that end before the same day the one that is shorter
    last = {(row.route_no, row.cycle, row.service_point_no, row.period_from, row.period_to): row for row in rows}
    return beside.by_run(_first(row) for row in last.values())


def _first(row: Row[Any]) -> First:
    facts = contracts_store.account_terms_of(row.facts) if row.facts else ()
    return First(
        key=(row.route_no, row.cycle),
        service_point_no=row.service_point_no,
        customer_class=class_on(facts, row.period_to) if facts else "",
        contract_no=row.contract_no,
        contract_from=row.contract_from,
        period_from=row.period_from,
        period_to=row.period_to,
        energy_wh=row.import_wh,
        before_wh=row.before_wh,
        before_days=(row.period_from - row.before_from).days if row.before_from else 0,
    )


def _policy(days: Sequence[date], context: Context) -> Policy:
    return context.policies.on(max(days))


def _basis(tariffs: Collection[str], policy: Policy, context: Context) -> Basis:
    used = {(t.tariff_id, t.version, t.content_hash) for text in tariffs for t in tariffs_used(text)}
    return Basis(tariffs=frozenset(used), policy=policy.digest, software=context.software)


def _after(run: Compared) -> Key:
    return run.key[0], beside.cycle_after(run.key[1], run.months)


def examined_beside(run: Compared, before: Compared, usages: Sequence[First], policy: Policy) -> Compared:
    """Return a run as its bills are looked at: how its points did since the run before, and what is another than then."""
    limit, sample = (policy.review.of(rule.RULE.code) for rule in (unlike_neighbours, drawn_sample))
    points = {one.service_point_no for one in usages if one.contract_no is not None}
    return replace(
        run,
        examined=True,
        peers=unlike_neighbours.measure((one for one in usages if one.customer_class), limit) if limit else {},
        changed=run.basis.changed_since(before.basis),
        lots_to=run.lowest(points, sample.at_least) if sample else -1,
    )


def of_run(run: Compared, usages: Sequence[First], policy: Policy) -> list[Finding]:
    """Return what is found of a run beside the one before."""
    if not run.changed or policy.run_after_change is None:
        return []
    limit = policy.review.of(drawn_sample.RULE.code)
    points = {one.service_point_no for one in usages} if limit else ()
    lots = [run.lot(point) for point in points]
    drawn = sum(limit.draws(lot) or lot <= run.lots_to for lot in lots)
    return [Finding(AFTER_CHANGE, policy.run_after_change, {"what": " ".join(run.changed), "drawn": drawn})]


async def _put_on_bills(
    tx: Tx, runs: Runs, usages: Mapping[Key, Sequence[First]], policies: Mapping[Key, Policy], *, context: Context
) -> None:
    """Put on the bills of runs what is found of them beside their run, with what follows from it.

    The accounts of those are locked, and their bills read again then: what was calculated meanwhile is looked at too.
    """
    firsts = {one.service_point_no: one for each in usages.values() for one in each}
    rows = await bills_store.not_out(tx, sorted(runs.compared))
    found = await _found(tx, rows, runs, firsts, policies)
    if not found:
        return
    await contracts_store.lock_at(tx, sorted({row.service_point_no for row, _ in found.values()}))
    again = await bills_store.not_out_of(tx, sorted({row.contract_no for row, _ in found.values()}))
    of_runs = [row for row in again if (row.route_no, row.cycle) in runs.compared]
    found = await _found(tx, of_runs, runs, firsts, policies)
    held = {bill_id: one for bill_id, one in found.items() if worst(one[1]) == HOLD}
    await bills_store.add_findings(tx, held, hold=True)
    await bills_store.add_findings(tx, {no: one for no, one in found.items() if no not in held}, hold=False)
    usages_of = await usages_store.by_id(tx, [row.usage_id for row, _ in found.values()])
    await hands.note(tx, [row for row, _ in held.values() if row.status != HELD])
    told = [_told(row, more, usages_of[row.usage_id], waits=no in held) for no, (row, more) in found.items()]
    await sending.follow(tx, told, context=context)


def _told(row: Row[Any], more: Sequence[Finding], usage: Usage, *, waits: bool) -> Found:
    of_row = {each.name: row._mapping[each.name] for each in fields(Found) if each.name in row._mapping}
    return Found(**of_row | {"findings": more}, read_date=usage.read_date, told_on=usage.told_on, waits=waits)


async def _found(
    tx: Tx,
    rows: Sequence[Row[Any]],
    runs: Runs,
    firsts: Mapping[str, First],
    policies: Mapping[Key, Policy],
) -> dict[str, tuple[Row[Any], list[Finding]]]:
    """Return what is found of bills beside their run that is not on them yet, by id."""
    # of another cut or contract than the first usage, or told late: there are few
    cut = [row for row in rows if (row.service_point_no, row.period_from) not in runs.before]
    if cut:
        wanted = {(row.service_point_no, row.route_no, row.period_from) for row in cut}
        runs = replace(runs, before={**runs.before, **await firsts_store.before(tx, sorted(wanted))})
    others = [row.contract_no for row in rows if not _is_of(row, firsts.get(row.service_point_no))]
    terms = await contracts_store.terms_by_number(tx, others, lock=False) if others else {}
    found = {}
    bill = Subject(customer_class="", energy_wh=0, days=0, months=1, total_fen=0)
    for row in rows:
        first = firsts.get(row.service_point_no)
        if first is not None and _is_of(row, first):
            customer_class, began = first.customer_class, first.contract_from
        else:
            own = terms[row.contract_no]
            customer_class, began = class_on(own.account_terms, row.period_to), own.opened
        bill.customer_class, bill.energy_wh, bill.beside = customer_class, row.energy_wh, None
        bill.run_changed = ()
        bill.days = (row.period_to - row.period_from).days
        bill.began = began if began == row.period_from else None
        key = row.route_no, row.cycle
        runs.put_beside(bill, key, row.service_point_no, row.period_from)
        if more := review_of_run(bill, policies[key].review):
            there = of_text(row.findings)
            codes = {one.code for one in there}
            if more := [one for one in more if one.code not in codes]:
                found[row.bill_id] = row, [*more, *_to_site(there, more, policies[key])]
    return found


def _to_site(there: Sequence[Finding], more: Sequence[Finding], policy: Policy) -> list[Finding]:
    """Return for which kinds of orders a bill is sent to site by what is found in addition."""
    sent = {one.values["kind"] for one in there if one.code == SENT_TO_SITE}
    wanted = to_site.find([*there, *more], policy.review.site_orders)
    return [one for one in wanted if one.values["kind"] not in sent]


def _is_of(row: Row[Any], first: First | None) -> bool:
    """Return whether a bill is of the contract and to the last day of a first usage: its class is known."""
    return first is not None and (row.contract_no, row.period_to) == (first.contract_no, first.period_to)

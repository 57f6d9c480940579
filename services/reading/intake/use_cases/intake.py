"""Reads coming in: each item answered by itself, claimed and written in one statement, measured in the same unit of work."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NotRequired, TypedDict
from zoneinfo import ZoneInfo

from services.reading.network.domain import registers
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import UNIT, Counts, ordered
from services.reading.network.store import meters, points
from services.reading.network.store.points import DAILY_DUE
from services.reading.own_reads.use_cases import ending
from services.reading.policies.domain import Policies
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.store import reads, uploads, waiting
from services.reading.reads.store.meter_days import MeterDay, meter_days
from services.reading.reads.store.waiting import WaitingRead
from services.reading.tasks.domain.tasks import cycle_of
from services.reading.usage.domain import ranking
from services.reading.usage.domain.ranking import SITE
from services.reading.usage.use_cases import arriving
from services.reading.usage.use_cases.arriving import Arrived
from services.reading.usage.use_cases.knowing import Loader
from services.reading.validation import store as findings
from services.reading.validation.domain import duplicate
from services.reading.validation.domain.findings import Found
from shared import ids
from shared.db.engine import Tx
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

END_OF_DAY = re.compile(r"(?<=[T ])24(?=:00(:00)?([Z+-]|$))")
"""The hour of 24:00, which is 00:00 of the next day."""


WAITING = "reading.waiting_for_installation"


class ReadItem(TypedDict):
    """All registers of one meter at one instant, as decimal kWh texts by quantity."""

    meter_no: str
    read_at: str
    source: str
    unit: str
    registers: dict[str, str]
    reader: NotRequired[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploader:
    """Who brings reads, and what for: `meter_no` and `route_no` limit it to one meter, one route."""

    kind: str  # device, person, csv
    subject: str
    message_id: str
    may_see: Callable[[str], bool]
    sources: frozenset[str]
    meter_no: str | None = None
    route_no: str | None = None


@dataclass(slots=True)
class _Given:
    """One item on its way; `outcome` is set as soon as it is decided."""

    item: ReadItem
    key: ReadKey
    day: date
    meter: MeterDay | None = None
    counts: Counts = ()
    outcome: Outcome | None = None

    @property
    def read_id(self) -> str:
        return identity.read_id(*self.key)


@dataclass(slots=True)
class Times:
    """Instants of a batch; few texts differ, so each is read once."""

    days: ReadDays
    now: datetime
    known: dict[str, tuple[datetime, date] | Refused] = field(default_factory=dict)

    def of(self, text: str) -> tuple[datetime, date]:
        found = self.known.get(text)
        if found is None:
            try:
                found = self._read(text)
            except Refused as fault:
                found = fault
            self.known[text] = found
        if isinstance(found, Refused):
            raise found
        return found

    def _read(self, text: str) -> tuple[datetime, date]:
        try:
            begun, ends_day = END_OF_DAY.subn("00", text)
            instant = datetime.fromisoformat(begun) + timedelta(days=ends_day)
            if instant.tzinfo is None or instant.microsecond:
                raise Refused("reading.bad_time", "read_at needs its offset and whole seconds")
            instant = instant.astimezone(UTC)
            day = self.days.of(instant)
            ahead = timedelta(seconds=self.days.policies.on(day).future_seconds_max)
        except (ValueError, OverflowError, LookupError):
            raise Refused("reading.bad_time", "read_at is not an instant of this utility's time") from None
        if instant > self.now + ahead:
            raise Refused("reading.in_the_future", "read_at lies in the future")
        return instant, day


async def record(
    tx: Tx, *, items: Sequence[ReadItem], malformed: int, uploader: Uploader, policies: Policies, zone: ZoneInfo
) -> list[Outcome]:
    """Take reads, and make the usages that they bring about. One outcome per item; at most 1,000 items.

    `malformed` is how many more came with them that are no reads at all: refused before, and counted here.

    `done`: accepted. `waiting`: kept until the meter is installed somewhere on that day.
    `already_done`: the natural key (meter, register, instant, source) is there with the same content.
    `conflicting_duplicate`: it is there with other content, which stays; a finding tells. `refused`: with a `reading.` code.
    A read that is accepted and contradicts other registers has the code that says why.
    """
    upload_id = ids.new()
    times = Times(ReadDays(policies, zone), tx.now)
    given, outcomes = _parse(items, uploader, times)
    await _look_up(tx, given, uploader)
    claimed = _claim(given)
    await _store(tx, claimed, upload_id, uploader)
    await _wait(tx, claimed)
    await _count(tx, upload_id, uploader, given, malformed + len(items) - len(given))
    await _derive(tx, claimed, uploader, times.days)
    await ending.by_reads(tx, [seen for each in claimed if (seen := _answers_own_read(each))])
    take = iter(given)
    answered = [outcome or next(take).outcome for outcome in outcomes]
    found = [outcome for outcome in answered if outcome is not None]
    assert len(found) == len(items)
    return found


def _parse(items: Sequence[ReadItem], uploader: Uploader, times: Times) -> tuple[list[_Given], list[Outcome | None]]:
    given: list[_Given] = []
    outcomes: list[Outcome | None] = []
    for item in items:
        try:
            if item["unit"] != UNIT:
                raise Refused("reading.wrong_unit", "register values are in kWh")
            if item["source"] not in uploader.sources:
                raise Refused("reading.unknown_source", "this uploader has no reads of that source")
            check_reader(item["source"], item.get("reader"), uploader.subject)
            instant, day = times.of(item["read_at"])
        except Refused as fault:
            outcomes.append(refused(fault.code, fault.text))
        else:
            given.append(_Given(item, ReadKey(item["meter_no"], instant, item["source"]), day))
            outcomes.append(None)
    return given, outcomes


def check_reader(source: str, reader: str | None, entered_by: str) -> None:
    """Refuse what was seen on site by nobody named, or is brought by who saw it (上装和抄表分人完成)."""
    if reader == entered_by:
        raise Refused("reading.reader_is_uploader", "who read a meter does not upload its read")
    if source == SITE and not reader:
        raise Refused("reading.reader_missing", "a read on site has its reader")


async def _look_up(tx: Tx, given: Sequence[_Given], uploader: Uploader) -> None:
    keys = list({(each.item["meter_no"], each.day): None for each in given})
    if not keys:
        return
    known = await meter_days(tx, keys)
    seen: dict[str, bool] = {}
    for each in given:
        try:
            meter = known.get((each.item["meter_no"], each.day))
            if meter is None:
                raise Refused("reading.unknown_meter", "there is no such meter")
            if meter.org_unit not in seen:
                seen[meter.org_unit] = uploader.may_see(meter.org_unit)
            if not seen[meter.org_unit] or uploader.meter_no not in (None, meter.meter_no):
                raise Refused(OTHER_ORG_UNIT, "the meter is outside what this uploader may bring reads for")
            if meter.service_point_no and uploader.route_no not in (None, meter.route_no):
                raise Refused("reading.other_route", "the meter is on another route")
            each.meter = meter
            each.counts = registers.counts(meter.registers, each.item["registers"])
        except Refused as fault:
            each.outcome = refused(fault.code, fault.text)


def _claim(given: Sequence[_Given]) -> list[_Given]:
    """Return the reads to be written: the first of each natural key, in the order of the keys."""
    first: dict[ReadKey, _Given] = {}
    for each in given:
        if each.outcome is None and first.setdefault(each.key, each) is not each:
            same = first[each.key].counts == each.counts
            each.outcome = Outcome("already_done" if same else "conflicting_duplicate", id=each.read_id)
    return [first[key] for key in sorted(first)]  # one order for all batches: they cannot wait for each other in a ring


async def _store(tx: Tx, claimed: Sequence[_Given], upload_id: str, uploader: Uploader) -> None:
    """Write the reads that are new, and settle the outcome of all.

    Two statements where all are new; the rows that another upload brought before tell which are not.
    """
    keys = [each.key for each in claimed for _ in each.counts]
    written = await reads.claim(
        tx,
        upload_id=upload_id,
        keys=keys,
        quantities=[quantity for each in claimed if each.meter for quantity in _quantities(each.meter)],
        counts=[count for each in claimed for count in each.counts],
        readers=[each.item.get("reader") for each in claimed for _ in each.counts],
        uploader=uploader.subject,
    )
    stored = await reads.stored(tx, [each.key for each in claimed]) if written < len(keys) else {}
    found, taken_back = [], []
    for each in claimed:
        assert each.meter is not None
        there = stored.get(each.key)
        brought = there.brought_by(upload_id) if there else []
        if there is None or (brought and there.counts == dict(zip(_quantities(each.meter), each.counts, strict=True))):
            each.outcome = _stored(
                each.meter, each.read_id
            )  # new, or a register that was added to the installation since
            continue
        if brought:
            taken_back.append(each.key)
        finding = duplicate.find(ordered(each.meter.registers, there.counts), each.counts)
        each.outcome = Outcome("conflicting_duplicate" if finding else "already_done", id=each.read_id)
        if finding:
            found.append(
                Found(
                    entity_kind="read",
                    entity_id=each.read_id,
                    finding=finding,
                    service_point_no=each.meter.service_point_no,
                    org_unit=each.meter.org_unit,
                    cycle=cycle_of(each.day),
                )
            )
    await findings.insert(tx, found)
    await reads.take_back(tx, upload_id, taken_back)


def _quantities(meter: MeterDay) -> list[str]:
    return [face.quantity for face in meter.registers]


def _stored(meter: MeterDay, read_id: str) -> Outcome:
    if meter.service_point_no:
        return Outcome("done", id=read_id)
    return Outcome("waiting", WAITING, "the meter stands nowhere on that day yet; the read is kept", read_id)


async def _wait(tx: Tx, claimed: Sequence[_Given]) -> None:
    """Let the reads wait whose meters stand nowhere. Who installs one at this moment has not seen its read: it is used here then.

    Points are locked first, and the meters behind them, as by who installs. No statement where no read is to wait.
    """
    nowhere = [each for each in claimed if each.outcome and each.outcome.status == "waiting"]
    if not nowhere:
        return
    await points.lock(tx, [each.meter.service_point_no for each in claimed if each.meter])
    await meters.hold(tx, sorted({each.key.meter_no for each in nowhere}))
    known = await meter_days(tx, list({(each.key.meter_no, each.day): None for each in nowhere}))
    for each in nowhere:
        each.meter = known[each.key.meter_no, each.day]
        each.outcome = _stored(each.meter, each.read_id)
    begun = [each for each in nowhere if each.meter and not each.meter.service_point_no]
    await waiting.insert(tx, [WaitingRead(key=each.key, org_unit=each.meter.org_unit) for each in begun if each.meter])


async def _derive(tx: Tx, claimed: Sequence[_Given], uploader: Uploader, days: ReadDays) -> None:
    arrived = [
        (each, _arrived(each, each.meter, uploader.subject))
        for each in claimed
        if each.meter and each.outcome and each.outcome.status == "done" and _may_change(each.day, each.meter, days)
    ]
    derived = await arriving.take(tx, [each for _, each in arrived], loader=Loader(days=days))
    derived_at = {each.service_point_no for _, each in arrived}
    done = [each.meter for each in claimed if each.meter and each.outcome and each.outcome.status == "done"]
    due = sorted({point for meter in done for point in meter.daily} - derived_at)
    await points.note_daily(tx, dict.fromkeys(due, DAILY_DUE))
    for given, _ in arrived:
        if finding := derived.suspects.get(given.read_id):
            given.outcome = Outcome("done", finding.code, "the registers contradict others", given.read_id)


def _answers_own_read(each: _Given) -> tuple[str, date] | None:
    """Return point and day of a read by which the customer need not say any more what the meter shows."""
    if each.meter is None or not each.meter.own_asked or each.outcome is None or each.outcome.status != "done":
        return None
    return (each.meter.service_point_no, each.day) if ranking.beats(each.key.source, ranking.SELF) else None


def _may_change(day: date, meter: MeterDay, days: ReadDays) -> bool:
    """Return whether a read may end a period, or change one: nearly all reads of other days than those of tasks may not."""
    watched = meter.watched_from is not None and day > meter.watched_from
    tolerance = days.policies.on(day).read_tolerance_days
    return meter.status is not None or watched or tolerance > 0 or registers.has_demand(meter.registers)


def _arrived(each: _Given, meter: MeterDay, uploader: str) -> Arrived:
    reader = each.item.get("reader")
    return Arrived(
        service_point_no=meter.service_point_no,
        meter_no=each.key.meter_no,
        day=each.day,
        read_id=each.read_id,
        registers=meter.registers,
        faces=each.counts,
        source=each.key.source,
        actors=(reader, uploader) if reader else (uploader,),
        on_task=meter.status is not None,
    )


async def _count(tx: Tx, upload_id: str, uploader: Uploader, given: Sequence[_Given], untimed: int) -> None:
    """Keep the control totals of the upload by cycle; what has no time that can be read is counted under none."""
    by_cycle: dict[str, Counter[str]] = {}
    labels = {day: cycle_of(day) for day in {each.day for each in given}}
    for each in given:
        assert each.outcome is not None
        by_cycle.setdefault(labels[each.day], Counter())[each.outcome.status] += 1
    if untimed:
        by_cycle[""] = Counter(refused=untimed)
    await uploads.insert(
        tx,
        upload_id=upload_id,
        kind=uploader.kind,
        uploader=uploader.subject,
        message_id=uploader.message_id,
        by_cycle=by_cycle,
    )

"""The usages of a service point as a function of what is known, whenever it became known.

Each installation is a monotone function E of the day; the usage of [a, b) is the sum of E(b) − E(a) over its meters, so the
usages of a point add up to what its meters ran by construction. What is derived is which days are boundaries, and what each meter
showed there:

- planned dates, contract dates and ends that were asked for are boundaries; a read never makes one;
- a planned date on which the cycle of a contract of several months goes on is none;
- nothing is told beyond an open window;
- a planned date that was closed without a read is estimated, or missed: then its period joins the next;
- a contract date without a read is cut by days between what is known around it, or by the contract's own daily average.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import CUMULATIVE, Counts
from services.reading.usage.domain.timeline import meters, steps
from services.reading.usage.domain.timeline.agreement import Pin
from services.reading.usage.domain.timeline.known import Contract, End, Settled, Start, World
from services.reading.usage.domain.timeline.line import (
    BY_DAYS,
    CUT_BY_DAYS,
    ESTIMATOR,
    NO_READ,
    UNUSABLE_READ,
    Boundary,
    Period,
    Ran,
    Timeline,
)
from services.reading.usage.domain.timeline.meters import Meters

DAY = timedelta(days=1)


def derive(world: World, start: Start | None = None) -> Timeline:
    """Return the periods of a point from a settled boundary on, or (None) from its first day.

    Raises `Contradiction` where registers contradict each other behind a start: then all of it has to be derived.
    """
    return _Walk(world, start).walk()


class _Walk:
    def __init__(self, world: World, start: Start | None) -> None:
        self.world = world
        self.meters = Meters(world, start)
        self.line = Timeline(suspects=self.meters.suspects, turned=self.meters.turned)
        installations = self.meters.installations
        self.first = start.on if start else (installations[0].from_ if installations else None)
        self.settled: list[Settled] = list(start.settled) if start else []
        self.last = (
            Boundary(on=start.on, key=start.key, counts=start.counts, read_ids=start.read_ids, actors=start.actors)
            if start
            else None
        )
        self.estimated: dict[date, Boundary] = {}
        self.in_a_row = 0
        self.since_settled: dict[str, int] = {}

    def walk(self) -> Timeline:
        self.line.between = self.world.between()
        if self.first is None:
            return self.line
        if self.last is None:
            opening = self.meters.known(self.first)
            assert opening is not None
            self.last = opening
            self.settled.append(Settled(self.first, {}))
        ends = self._ends()
        at = 0
        while at < len(ends):
            known = self.meters.known(ends[at].day)
            if known is not None:
                self._tell(known)
                at += 1
                continue
            run = [ends[at]]
            while at + len(run) < len(ends) and self.meters.known(ends[at + len(run)].day) is None:
                run.append(ends[at + len(run)])
            if not self._resolve(run):
                break
            at += len(run)
        self.line.read = [end.day for end in ends[at:] if (known := self.meters.known(end.day)) and not known.estimated]
        return self.line

    # -- which days may end a period

    def _ends(self) -> list["_EndDay"]:
        assert self.first is not None
        days: dict[date, _EndDay] = {}
        before, self.stood = self.first, []
        for end in self.world.ends:
            if end.day <= self.first:
                continue
            if end.planned and self.meters.stood(before, end.day):
                self.stood.append(end.day)
                if end.day not in self.line.between:
                    days[end.day] = _EndDay(end.day, planned=end)
            before = end.day if end.planned else before
            if end.planned and not end.asked:
                continue
            if self.meters.known(end.day) is not None and (end.by_now or self.meters.active(end.day) is not None):
                days.setdefault(end.day, _EndDay(end.day))
        for contract in self.world.contracts:
            for day in (contract.from_, contract.to):
                if day is not None and day > self.first and self.meters.stood(self.first, day):
                    days.setdefault(day, _EndDay(day)).contract = True
        self.planned = [day for day in sorted(days) if days[day].planned]
        self.by_day = {end.day: end for end in self.world.ends if end.planned}
        self.dates = sorted(self.by_day)
        return [days[day] for day in sorted(days)]

    # -- days without registers

    def _resolve(self, run: Sequence["_EndDay"]) -> bool:
        """Decide on boundaries without registers, and tell what can be told; False where something has to wait."""
        at = 0
        while at < len(run):
            meter = self.meters.active(run[at].day)
            assert meter is not None
            pins, days = self.meters.pins[meter.key], self.meters.pin_days[meter.key]
            here = bisect_right(days, run[at].day)
            left, right = pins[here - 1], pins[here] if here < len(pins) else None
            right = right or self.meters.held(meter)
            group = [
                end
                for end in run[at:]
                if self.meters.active(end.day) is meter and (right is None or end.day < right.on)
            ]
            if not self._resolve_group(meter, left, right, group):
                return False
            at += len(group)
        return True

    def _resolve_group(self, meter: Installation, left: Pin, right: Pin | None, group: Sequence["_EndDay"]) -> bool:
        shut: _EndDay | None = next((end for end in group if end.planned and not end.planned.closed), None)
        decided = [end for end in group if shut is None or end.day < shut.day]
        counts = self._estimates(meter, left, right, decided)
        waits = shut
        for end in decided:
            if end.day not in counts and end.contract:
                cut = self._cut(meter, left, right, end, counts)
                if cut is None:
                    waits = end
                    break
                counts[end.day] = cut
        for end in decided:
            if waits is not None and end.day >= waits.day:
                break
            if end.day not in counts:
                self.line.missed.append(end.day)
                continue
            self._tell(self._estimated(meter, left, right, end, counts[end.day]))
        if waits is not None:
            self.line.undecided = waits.day
        return waits is None

    def _estimates(
        self, meter: Installation, left: Pin, right: Pin | None, ends: Sequence["_EndDay"]
    ) -> dict[date, Counts]:
        """Return the counts on planned days by the daily average before, between what is known around them."""
        found: dict[date, Counts] = {}
        beyond_suspect = right is None and self.meters.suspect_after(meter, left.on)
        if beyond_suspect:
            return found
        in_a_row = self.in_a_row
        since, ran = self._gone_on_from(meter, left)
        for end in ends:
            if end.planned is None:
                continue
            policy = self.world.policy_on(end.day)
            basis = self._basis(end.day)
            if basis is None or in_a_row >= policy.estimates_in_a_row_max:
                continue
            energy, days = basis
            ahead = (end.day - left.on).days
            counts = []
            for register, count in zip(meter.registers, left.counts, strict=True):
                if register.kind != CUMULATIVE:
                    counts.append(count)
                    continue
                expected_wh = max(0, energy.get(register.quantity, 0)) * (end.day - since).days // days
                expected = register.counts_of(max(0, expected_wh - ran.get(register.quantity, 0)))
                most = steps.counts_max(register, ahead, policy.register_daily_kwh_max, self.world.connection_kw)
                counts.append(count + min(expected, most))
            found[end.day] = tuple(counts)
            in_a_row += 1
        if right is None or not found:
            return found
        chain = [left.counts, *(found[day] for day in sorted(found)), right.counts]
        if all(steps.ordered(a, b) for a, b in pairwise(chain)):
            return found
        return {day: steps.between(left.counts, right.counts, day, left.on, right.on) for day in found}

    def _gone_on_from(self, meter: Installation, left: Pin) -> tuple[date, dict[str, int]]:
        """Return the day from which an estimate counts, and what ran since by other meters, in Wh by quantity.

        That is the day of the last known registers. Those with which a meter came say nothing of what is used in a day: then it
        is the last settled boundary, and what the meters before it ran since is known and subtracted.
        """
        ran: dict[str, int] = {}
        since = self.settled[-1].on if self.settled else left.on
        if left.read is not None or left.on != meter.from_ or since >= left.on:
            return left.on, ran
        for other in self.meters.installations:
            if other.to is None or not since < other.to <= left.on:
                continue
            low, high = self.meters.counts_on(other, since), self.meters.last_pin(other).counts
            for register, a, b in zip(other.registers, low, high, strict=True):
                if register.kind == CUMULATIVE:
                    wh = register.energy_wh(b) - register.energy_wh(a)
                    ran[register.quantity] = ran.get(register.quantity, 0) + wh
        return since, ran

    def _cut(
        self, meter: Installation, left: Pin, right: Pin | None, end: "_EndDay", counts: Mapping[date, Counts]
    ) -> Counts | None:
        """Return the counts on a contract date by days; None where they have to wait for a read or the end of a window."""
        earlier = max((day for day in counts if day < end.day), default=left.on)
        low = counts.get(earlier, left.counts)
        later = min((day for day in counts if day > end.day), default=right.on if right else None)
        if later is not None:
            high = counts.get(later, right.counts if right else low)
            return steps.between(low, high, end.day, earlier, later)
        following = next((day for day in self.planned if day > end.day), None)
        if following is None or not self.by_day[following].closed:
            return None
        if self.meters.suspect_after(meter, left.on):
            return None
        basis = self._basis(end.day)
        if basis is None:
            return None
        energy, days = basis
        policy = self.world.policy_on(end.day)
        ahead = (end.day - earlier).days
        return tuple(
            [
                count
                + min(
                    register.counts_of(max(0, energy.get(register.quantity, 0)) * ahead // days),
                    steps.counts_max(register, ahead, policy.register_daily_kwh_max, self.world.connection_kw),
                )
                if register.kind == CUMULATIVE
                else count
                for register, count in zip(meter.registers, low, strict=True)
            ]
        )

    def _basis(self, day: date) -> tuple[dict[str, int], int] | None:
        """Return energy by quantity and days between the last two settled boundaries of the contract that ends at a day."""
        least = self.world.policy_on(day).basis_days
        since = self._contract_began(day)
        energy: dict[str, int] = {}
        if len(self.settled) < 2 or self.settled[-1].on > day:
            return None
        last = self.settled[-1].on
        for at in range(len(self.settled) - 1, 0, -1):
            if self.settled[at - 1].on < since:
                return None
            for quantity, wh in self.settled[at].energy_wh.items():
                energy[quantity] = energy.get(quantity, 0) + wh
            if (last - self.settled[at - 1].on).days >= max(least, 1):
                return energy, (last - self.settled[at - 1].on).days
        return None

    def _contract_began(self, day: date) -> date:
        """Return since when the supply before a day has been under one contract, or under none."""
        contract = self.world.contract_on(day - timedelta(days=1))
        if contract is not None:
            return contract.from_
        return max(
            (each.to for each in self.world.contracts if each.to is not None and each.to <= day), default=date.min
        )

    def _estimated(self, meter: Installation, left: Pin, right: Pin | None, end: "_EndDay", counts: Counts) -> Boundary:
        if end.planned:
            unusable = (meter.key, end.day) in self.meters.suspect_days
            reason = end.planned.reason or (UNUSABLE_READ if unusable else NO_READ)
        else:
            reason = CUT_BY_DAYS
        by_days = end.planned is None and right is not None
        return Boundary(
            on=end.day,
            key=meter.key,
            counts=counts,
            known=False,
            reason=reason,
            method=BY_DAYS if by_days else self.world.policy_on(end.day).estimate_method,
            read_ids=meters.ids_of(left.read) + (meters.ids_of(right.read) if right else ()),
            actors=(ESTIMATOR,),
        )

    # -- periods

    def _tell(self, end: Boundary) -> None:
        """Add the period that ends at a boundary, and go on from there."""
        start = self.last
        assert start is not None
        start_on = self.meters.first_day_with_meter(start.on, end.on)
        self.last = end
        if start_on is None:
            self._settle(end)
            return
        if start_on > start.on:
            self.settled.append(Settled(start_on, {}))
        ran, energy, demand, suspect = [], dict[str, int](), dict[str, int](), False
        for meter in self.meters.installations:
            if meter.from_ >= end.on or (meter.to is not None and meter.to <= start_on):
                continue
            low, high = self.meters.counts(meter, start), self.meters.counts(meter, end)
            from_on, to_on = max(start_on, meter.from_), min(end.on, meter.to or end.on)
            ran.append(Ran(installation=meter, from_on=from_on, to_on=to_on, start=low, stop=high))
            for register, a, b in zip(meter.registers, low, high, strict=True):
                if register.kind == CUMULATIVE:
                    wh = register.energy_wh(b) - register.energy_wh(a)
                    energy[register.quantity] = energy.get(register.quantity, 0) + wh
            self._add_demand(demand, meter, from_on, to_on)
            suspect = suspect or any(
                key == meter.key and start_on <= on <= end.on for key, on in self.meters.suspect_days
            )
        contract = self.world.contract_on(start_on)
        belongs_to = self._belongs_to(end.on, contract)
        passed = self.planned[bisect_right(self.planned, start.on) : bisect_left(self.planned, end.on)]
        ended = [own for day in passed if (own := self.world.of_contract(self.by_day[day], contract))]
        months = sum(own.months for own in ended) + belongs_to.months
        in_a_row = self.in_a_row + 1 if end.estimated else 0
        self.line.periods.append(
            Period(
                start_on=start_on,
                start=start,
                end=end,
                ran=tuple(ran),
                energy_wh=energy,
                demand_w=demand,
                contract=contract,
                belongs_to=belongs_to,
                cycle_from=self._cycle_from(start_on, belongs_to, contract),
                months=months,
                estimates_in_a_row=in_a_row,
                settles_estimate=not end.estimated and start.estimated and start.reason != CUT_BY_DAYS,
                suspect=suspect,
            )
        )
        if end.reason != CUT_BY_DAYS:
            self.in_a_row = in_a_row
        for quantity, wh in energy.items():
            self.since_settled[quantity] = self.since_settled.get(quantity, 0) + wh
        self._settle(end)

    def _settle(self, end: Boundary) -> None:
        if end.known and not end.estimated:
            self.settled.append(Settled(end.on, self.since_settled))
            self.since_settled = {}
            self.in_a_row = 0

    def _belongs_to(self, day: date, contract: Contract | None) -> End:
        """Return the planned date whose cycle a period of a contract belongs to that ends on a day: that day, or the next one."""
        if (own := self._own(self.stood[bisect_left(self.stood, day) :], contract)) is not None:
            return own
        following = self.world.next_planned(day)
        while (own := self.world.of_contract(following, contract)) is None:
            following = self.world.next_planned(following.day + DAY)
        return own

    def _cycle_from(self, day: date, belongs_to: End, contract: Contract | None) -> date | None:
        """Return the planned date from which the cycle of a period runs that begins on a day.

        Where no meter stood there all the time since it was last planned, that is the one before the next by the plan.
        """
        at = bisect_right(self.dates, day)
        own = self._own(reversed(self.dates[:at]), contract)
        last = own.day if own else None
        following = self._own(self.dates[at:], contract) or belongs_to
        if last is None or following.since is None:
            return last or following.since
        return last if self.meters.stood_throughout(last, day) else max(last, following.since)

    def _own(self, days: Iterable[date], contract: Contract | None) -> End | None:
        """Return the first of planned dates on which a cycle of the contract ends."""
        return next((own for day in days if (own := self.world.of_contract(self.by_day[day], contract))), None)

    def _add_demand(self, demand: dict[str, int], meter: Installation, from_on: date, to_on: date) -> None:
        for faces in self.meters.shown(meter, self.world.demands.get(meter.key, ()), from_on, to_on):
            for register, shown in zip(meter.registers, faces, strict=True):
                if register.kind != CUMULATIVE and shown is not None:
                    watts = register.energy_wh(shown)
                    demand[register.quantity] = max(demand.get(register.quantity, 0), watts)


@dataclass(slots=True)
class _EndDay:
    day: date
    planned: End | None = None
    contract: bool = False

"""The report of a trial run: what bills are and what they would be, summed up as chunks come in, in bounded memory.

All amounts are fen. Of two reports of parts of the bills `add` makes one of both; nothing depends on the order.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LARGEST_MAX: Final = 50
EXAMPLES_MAX: Final = 50
UNITS_MAX: Final = 1000
"""Org units that are told one by one; what further ones there are is summed up as `…`."""
OTHERS: Final = "…"
FEN_EDGES: Final = (0, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 1_000_000)
PERMILLE_EDGES: Final = (0, 10, 50, 100, 200, 500, 1000)
OF_NOTHING: Final = "of_nothing"
"""The band of percentages of bills that were nothing before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A bill as it is and as it would be. `bill_id` is that of the bill in force, empty where there is none.

    `held_before`, `held_after`: codes of the findings that hold it. `refusal`: why it could not be rated, empty where it was.
    `two_before`, `two_after`: the kinds of decisions on it that need a second person.
    """

    bill_id: str
    account_no: str
    contract_no: str
    org_unit: str
    cycle: str
    customer_class: str
    before_fen: int
    after_fen: int
    held_before: tuple[str, ...] = ()
    held_after: tuple[str, ...] = ()
    refusal: str = ""
    two_before: tuple[str, ...] = ()
    two_after: tuple[str, ...] = ()

    @property
    def difference_fen(self) -> int:
        return self.after_fen - self.before_fen

    @property
    def name(self) -> tuple[str, str, str]:
        """Return what orders bills of the same difference."""
        return self.contract_no, self.cycle, self.bill_id


@dataclass(slots=True)
class Sum:
    """Bills, how many of them change, and what they are before and after."""

    bills: int = 0
    changed: int = 0
    before_fen: int = 0
    after_fen: int = 0

    def count(self, pair: Pair) -> None:
        """Take a bill in."""
        self.add(Sum(1, int(pair.difference_fen != 0), pair.before_fen, pair.after_fen))

    def add(self, other: "Sum") -> None:
        """Take other bills in."""
        self.bills += other.bills
        self.changed += other.changed
        self.before_fen += other.before_fen
        self.after_fen += other.after_fen

    def as_json(self) -> dict[str, int]:
        return {
            "bills": self.bills,
            "changed": self.changed,
            "before_fen": self.before_fen,
            "after_fen": self.after_fen,
            "difference_fen": self.after_fen - self.before_fen,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run under a policy: the codes of what holds it, and whether it goes by a person's word alone, or by that of two."""

    held: tuple[str, ...]
    by_hand: bool
    by_two: bool


Counts = dict[str, int]
_WHEN: Final = ("before", "after", "newly", "no_longer")
BY_HAND: Final = "by_hand"
OF_RUNS: Final = "run.release"


@dataclass(slots=True)
class Report:
    """What a trial run has found so far."""

    total: Sum = field(default_factory=Sum)
    beyond: Sum = field(default_factory=Sum)
    """Bills of the same contracts outside of the scope that follow: other cycles of the ladder year."""
    raised: Counts = field(default_factory=dict)
    lowered: Counts = field(default_factory=dict)
    by_class: dict[str, Sum] = field(default_factory=dict)
    by_org_unit: dict[str, Sum] = field(default_factory=dict)
    newly_held: Counts = field(default_factory=dict)
    no_longer_held: Counts = field(default_factory=dict)
    held: Counts = field(default_factory=dict)
    two: dict[str, Counts] = field(default_factory=dict)
    """By kind of decision: how many bills or runs need a second person for it."""
    runs: int = 0
    held_runs: dict[str, Counts] = field(default_factory=dict)
    """By code of what holds a run; `by_hand`: those that do not go by themselves, for whatever reason."""
    not_rated: Counts = field(default_factory=dict)
    not_rated_fen: int = 0
    examples: list[Pair] = field(default_factory=list)
    largest: dict[bool, list[Pair]] = field(default_factory=lambda: {True: [], False: []})

    def count(self, pairs: Iterable[Pair]) -> None:
        """Take bills of the scope in."""
        for pair in pairs:
            self.total.count(pair)
            self.by_class.setdefault(pair.customer_class, Sum()).count(pair)
            self.by_org_unit.setdefault(pair.org_unit, Sum()).count(pair)
            self._held(pair)
            if pair.refusal:
                _one(self.not_rated, pair.refusal)
                self.not_rated_fen += pair.before_fen
                self.examples.append(pair)
            elif change := pair.difference_fen:
                bands = self.raised if change > 0 else self.lowered
                _one(bands, _fen_band(abs(change)))
                _one(bands, _percent_band(abs(change), pair.before_fen))
                self.largest[change > 0].append(pair)
        self._shorten()

    def count_run(self, before: Run, after: Run) -> None:
        """Take a run in, as it is under the policy in force and under the one that is tried."""
        self.runs += 1
        for code in {*before.held, *after.held}:
            _changes(self.held_runs.setdefault(code, {}), before=code in before.held, after=code in after.held)
        _changes(self.held_runs.setdefault(BY_HAND, {}), before=before.by_hand, after=after.by_hand)
        _changes(self.two.setdefault(OF_RUNS, {}), before=before.by_two, after=after.by_two)

    def _held(self, pair: Pair) -> None:
        for kind in {*pair.two_before, *pair.two_after}:
            _changes(self.two.setdefault(kind, {}), before=kind in pair.two_before, after=kind in pair.two_after)
        _one(self.held, "before", bool(pair.held_before))
        _one(self.held, "after", bool(pair.held_after))
        for code in sorted({*pair.held_after} - {*pair.held_before}):
            _one(self.newly_held, code)
        for code in sorted({*pair.held_before} - {*pair.held_after}):
            _one(self.no_longer_held, code)
        _one(self.held, "newly", bool(pair.held_after) and not pair.held_before)
        _one(self.held, "no_longer", bool(pair.held_before) and not pair.held_after)

    def add(self, other: "Report") -> None:
        """Take the report of other bills in."""
        self.total.add(other.total)
        self.beyond.add(other.beyond)
        for mine, theirs in ((self.by_class, other.by_class), (self.by_org_unit, other.by_org_unit)):
            for name, found in theirs.items():
                mine.setdefault(name, Sum()).add(found)
        for name in ("raised", "lowered", "newly_held", "no_longer_held", "held", "not_rated"):
            counts = getattr(self, name)
            for code, number in getattr(other, name).items():
                _one(counts, code, number)
        for counted, others in ((self.two, other.two), (self.held_runs, other.held_runs)):
            for name, more in others.items():
                for when, number in more.items():
                    _one(counted.setdefault(name, {}), when, number)
        self.runs += other.runs
        self.not_rated_fen += other.not_rated_fen
        self.examples += other.examples
        for raised in (True, False):
            self.largest[raised] += other.largest[raised]
        self._shorten()

    def _shorten(self) -> None:
        for raised, pairs in self.largest.items():
            if len(pairs) > LARGEST_MAX:
                self.largest[raised] = heapq.nsmallest(LARGEST_MAX, pairs, key=_by_size)
        if len(self.examples) > EXAMPLES_MAX:
            self.examples = heapq.nsmallest(EXAMPLES_MAX, self.examples, key=lambda pair: pair.name)
        while len(self.by_org_unit) > UNITS_MAX:
            last = max(name for name in self.by_org_unit if name != OTHERS)
            found = self.by_org_unit.pop(last)
            self.by_org_unit.setdefault(OTHERS, Sum()).add(found)

    def as_json(self) -> dict[str, Any]:
        """Return the report as it is kept and shown."""
        return {
            "totals": self.total.as_json(),
            "beyond": self.beyond.as_json(),
            "by_fen": [
                {"from_fen": low, "to_fen": high, **self._band(name)} for name, low, high in _bands("fen", FEN_EDGES)
            ],
            "by_percent": [
                *(
                    {"from_permille": low, "to_permille": high, **self._band(name)}
                    for name, low, high in _bands("permille", PERMILLE_EDGES)
                ),
                {"from_permille": None, "to_permille": None, **self._band(OF_NOTHING)},
            ],
            "by_class": {name: self.by_class[name].as_json() for name in sorted(self.by_class)},
            "by_org_unit": {name: self.by_org_unit[name].as_json() for name in sorted(self.by_org_unit)},
            "held": {name: self.held.get(name, 0) for name in _WHEN},
            "newly_held": dict(sorted(self.newly_held.items())),
            "no_longer_held": dict(sorted(self.no_longer_held.items())),
            "second_person": _by_when(self.two),
            "runs": {"runs": self.runs, "held": _by_when(self.held_runs)},
            "not_rated": {
                "bills": sum(self.not_rated.values()),
                "before_fen": self.not_rated_fen,
                "by_code": dict(sorted(self.not_rated.items())),
                "examples": [_shown(pair) for pair in sorted(self.examples, key=lambda pair: pair.name)],
            },
            "largest_raised": [_shown(pair) for pair in sorted(self.largest[True], key=_by_size)],
            "largest_lowered": [_shown(pair) for pair in sorted(self.largest[False], key=_by_size)],
        }

    def _band(self, name: str) -> dict[str, int]:
        return {"raised": self.raised.get(name, 0), "lowered": self.lowered.get(name, 0)}


def of_json(said: Mapping[str, Any]) -> Report:
    """Return a report from what it was kept as."""
    report = Report(total=_sum(said["totals"]), beyond=_sum(said["beyond"]))
    report.by_class = {name: _sum(found) for name, found in said["by_class"].items()}
    report.by_org_unit = {name: _sum(found) for name, found in said["by_org_unit"].items()}
    names = [name for name, _, _ in (*_bands("fen", FEN_EDGES), *_bands("permille", PERMILLE_EDGES))]
    bands = dict(zip([*names, OF_NOTHING], [*said["by_fen"], *said["by_percent"]], strict=True))
    report.raised = {name: band["raised"] for name, band in bands.items() if band["raised"]}
    report.lowered = {name: band["lowered"] for name, band in bands.items() if band["lowered"]}
    report.held = {name: number for name, number in said["held"].items() if number}
    report.newly_held, report.no_longer_held = dict(said["newly_held"]), dict(said["no_longer_held"])
    report.two = {kind: dict(counts) for kind, counts in said.get("second_person", {}).items()}
    runs = said.get("runs", {"runs": 0, "held": {}})
    report.runs, report.held_runs = runs["runs"], {code: dict(counts) for code, counts in runs["held"].items()}
    report.not_rated, report.not_rated_fen = dict(said["not_rated"]["by_code"]), said["not_rated"]["before_fen"]
    report.examples = [_pair(one) for one in said["not_rated"]["examples"]]
    for raised, name in ((True, "largest_raised"), (False, "largest_lowered")):
        report.largest[raised] = [_pair(one) for one in said[name]]
    return report


def _one(counts: Counts, name: str, number: int = 1) -> None:
    if number:
        counts[name] = counts.get(name, 0) + number


def _changes(counts: Counts, *, before: bool, after: bool) -> None:
    _one(counts, "before", before)
    _one(counts, "after", after)
    _one(counts, "newly", after and not before)
    _one(counts, "no_longer", before and not after)


def _by_when(counted: Mapping[str, Counts]) -> dict[str, dict[str, int]]:
    return {name: {when: counted[name].get(when, 0) for when in _WHEN} for name in sorted(counted)}


def _by_size(pair: Pair) -> tuple[int, tuple[str, str, str]]:
    return -abs(pair.difference_fen), pair.name


def _bands(unit: str, edges: tuple[int, ...]) -> list[tuple[str, int, int | None]]:
    """Return the bands between edges, each with its lower edge (it lies above it) and its upper one (which belongs to it)."""
    return [(f"{unit}:{low}", low, high) for low, high in zip(edges, (*edges[1:], None), strict=True)]


def _fen_band(change: int) -> str:
    return f"fen:{max(edge for edge in FEN_EDGES if change > edge)}"


def _percent_band(change: int, before: int) -> str:
    if before == 0:
        return OF_NOTHING
    return f"permille:{max(edge for edge in PERMILLE_EDGES if change * 1000 > edge * abs(before))}"


_SHOWN: Final = (
    "bill_id",
    "account_no",
    "contract_no",
    "org_unit",
    "cycle",
    "customer_class",
    "before_fen",
    "after_fen",
)


def _shown(pair: Pair) -> dict[str, Any]:
    shown: dict[str, Any] = {name: getattr(pair, name) for name in _SHOWN}
    return shown | {"difference_fen": pair.difference_fen, "refusal": pair.refusal}


def _pair(said: Mapping[str, Any]) -> Pair:
    return Pair(**{name: said[name] for name in (*_SHOWN, "refusal")})


def _sum(said: Mapping[str, int]) -> Sum:
    return Sum(said["bills"], said["changed"], said["before_fen"], said["after_fen"])

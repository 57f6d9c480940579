"""Dated rules of dunning (催费): who is on which track, its stages, who may hold what for how long. Pure.

    "dunning": {
      "tracks": [
        {"track": "former_debtor", "closed": true, "stages": [
          {"stage": 1, "days_after_due": 3, "days": "natural", "do": "notice", "tone": "firm"}, …]},
        {"track": "vulnerable", "hardship": true, "stages": […]},
        {"track": "resident", "customer_classes": ["residential"], "stages": […]},
        {"track": "business", "stages": […]}
      ],
      "holds": {"claim": {"days_max": 60}, "hardship": {"days_max": 180}}
    }

An account is on the first track whose conditions it meets; the last one has none. A list of `{stage, days_after_due}` in place of
all that, the form of before, is one track of notices for everybody, and nobody holds anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from shared import dated
from shared.business_calendar import Calendar
from shared.dated import NotCovered, Versions
from shared.document import Node

FIELDS: Final = "dunning"
DAYS_MAX: Final = 3650  # ten years: longer is a typing error
STAGES_MAX: Final = 20
HOLD_DAYS_MAX: Final = 1095
NATURAL: Final = "natural"
BUSINESS: Final = "business"
Action = Literal["notice", "call", "visit", "approval", "cut"]
ACTIONS: Final[tuple[Action, ...]] = ("notice", "call", "visit", "approval", "cut")
FOR_PEOPLE: Final = frozenset({"approval", "cut"})
"""What people do: a case stands at such a stage, and is listed, until they have done it or nothing is owed any more."""
Track = Literal["resident", "business", "vulnerable", "former_debtor"]
TRACKS: Final[tuple[Track, ...]] = ("resident", "business", "vulnerable", "former_debtor")
TONES: Final = ("plain", "gentle", "firm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is done so many days after the due date of the oldest debt; `tone` of a notice, where not that of the standing."""

    stage: int
    days_after_due: int
    days: str = NATURAL
    action: Action = "notice"
    tone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRules:
    """Whose debts go by which stages: of closed accounts, of accounts in hardship, of some classes; without any, of all."""

    track: Track
    is_closed: bool = False
    is_hardship: bool = False
    customer_classes: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()

    def has(self, customer_class: str, *, is_closed: bool, is_hardship: bool) -> bool:
        """Return whether an account is on this track."""
        of_class = not self.customer_classes or customer_class in self.customer_classes
        return of_class and (is_closed or not self.is_closed) and (is_hardship or not self.is_hardship)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The tracks in their order, and for how many days, today included, a hold may stand by its reason."""

    tracks: tuple[TrackRules, ...]
    holds: Mapping[str, int]

    def track_of(self, customer_class: str, *, is_closed: bool, is_hardship: bool) -> TrackRules:
        """Return the track of an account."""
        return next(t for t in self.tracks if t.has(customer_class, is_closed=is_closed, is_hardship=is_hardship))


Ladders = Versions[Rules]


@dataclass(frozen=True, slots=True)
class Ladder:
    """The stages of a track as of a business day, each with the last due date of the debts that have come to it, and the last day
    since which the stage before it may have stood."""

    track: Track
    stages: tuple[Stage, ...]
    reached: tuple[date, ...]
    follows: tuple[date, ...]

    def of(self, due_on: date) -> int:
        """Return the stage to which a debt has come by its age; 0: to none yet."""
        return next((number for number, until in enumerate(self.reached) if due_on > until), len(self.reached))

    def may_follow(self, stage: int, since: date | None, day: date) -> bool:
        """Return whether the stage after this one may follow today: not on the same day, nor sooner after it than the policy
        leaves between the two, however old the debts are."""
        if not stage or since is None:
            return True
        return since < day and since <= self.follows[stage]


def on(ladders: Ladders, day: date) -> Rules | None:
    """Return the rules of a day; None where no version holds."""
    try:
        return ladders.on(day)
    except NotCovered:
        return None


def ladders_of(rules: Rules, calendar: Calendar, day: date) -> dict[Track, Ladder]:
    """Return the ladder of each track as of a day; raises `YearUnknown` where business days are to be counted in a year that no
    calendar knows."""
    return {each.track: _ladder(each, calendar, day) for each in rules.tracks}


def _ladder(track: TrackRules, calendar: Calendar, day: date) -> Ladder:
    reached: list[date] = []
    follows: list[date] = []
    before: Stage | None = None
    for stage in track.stages:
        until = _before(calendar, day, stage.days, stage.days_after_due)
        if before is None or before.days != stage.days:
            follows.append(day - max(reached[-1] - until, timedelta()) if reached else day)
        else:
            follows.append(_before(calendar, day, stage.days, stage.days_after_due - before.days_after_due))
        reached.append(min(until, *reached) if reached else until)
        before = stage
    return Ladder(track.track, track.stages, tuple(reached), tuple(follows))


def _before(calendar: Calendar, day: date, days: str, count: int) -> date:
    """Return the last day after which so many days have come by a day; of business days, years long past are not asked for."""
    if days == NATURAL:
        return day - timedelta(days=count)
    while count:
        count -= calendar.is_business_day(day)
        day -= timedelta(days=1)
    return day


def read(document: Node, *, also: str) -> Ladders:
    """Return the rules of a policy document; `also` names the fields of a version that others read."""
    return dated.versions(document, lambda version: _rules(version.get(FIELDS)), fields=f"{FIELDS} {also}")


def _rules(node: Node) -> Rules:
    if isinstance(node.value, list):
        return Rules(tracks=(TrackRules(track="resident", stages=_stages(node, "stage days_after_due")),), holds={})
    node.keys("tracks holds")
    tracks = tuple(_track(each) for each in node.get("tracks").items())
    names = [each.track for each in tracks]
    if len(set(names)) != len(names):
        node.get("tracks").refuse("name_twice", "a track stands once")
    if not tracks or tracks[-1].is_closed or tracks[-1].is_hardship or tracks[-1].customer_classes:
        node.get("tracks").refuse("value_wrong", "a last track without conditions is needed: no account may be on none")
    holds = node.maybe("holds")
    return Rules(tracks=tracks, holds={code: _days_max(each) for code, each in holds.fields()} if holds else {})


def _days_max(node: Node) -> int:
    return node.keys("days_max").get("days_max").whole(1, HOLD_DAYS_MAX)


def _track(node: Node) -> TrackRules:
    node.keys("track closed hardship customer_classes stages")
    closed, hardship, classes = (node.maybe(name) for name in ("closed", "hardship", "customer_classes"))
    track = node.get("track").choice(*TRACKS)
    return TrackRules(
        track=next(each for each in TRACKS if each == track),
        is_closed=closed is not None and closed.flag(),
        is_hardship=hardship is not None and hardship.flag(),
        customer_classes=classes.texts() if classes else (),
        stages=_stages(node.get("stages"), "stage days_after_due days do tone"),
    )


def _stages(node: Node, fields: str) -> tuple[Stage, ...]:
    found: list[Stage] = []
    for number, each in enumerate(node.items(), 1):
        stage = _stage(number, each, fields)
        before = found[-1] if found else None
        if before and before.days == stage.days and stage.days_after_due < before.days_after_due:
            each.get("days_after_due").refuse("value_wrong", "a stage is no earlier than the one before it")
        found.append(stage)
    if len(found) > STAGES_MAX:
        node.refuse("value_wrong", f"at most {STAGES_MAX} stages")
    return tuple(found)


def _stage(number: int, node: Node, fields: str) -> Stage:
    node.keys(fields)
    days, do, tone = (node.maybe(name) for name in ("days", "do", "tone"))
    if "do" in fields.split() and do is None:
        node.get("do").refuse("choice_open")
    action = do.choice(*ACTIONS) if do else "notice"
    if tone and action != "notice":
        tone.refuse("value_wrong", "only a notice has a tone")
    return Stage(
        stage=node.get("stage").whole(number, number),
        days_after_due=node.get("days_after_due").whole(0, DAYS_MAX),
        days=days.choice(NATURAL, BUSINESS) if days else NATURAL,
        action=next(each for each in ACTIONS if each == action),
        tone=tone.choice(*TONES) if tone else None,
    )

"""How well the detectors of changed uses tell homes from what they are used for: real meters, published profiles, mixtures.

Three household meters, cut, shifted and scaled; shops and workshops by the profiles of trades, most of which the shipped policy
does not have, and by machines; rented rooms as sums of homes; idle homes. Half of what is used otherwise always was.
"""

import time

import orjson

from services.billing.settings import DEFAULT_USES
from services.billing.uses.domain import detect, policy
from services.billing.uses.domain.habits import habits_of
from tests.kits import uses as kit

SEED = 2  # the shipped limits were set by looking at seed 1
EACH = 100


def run() -> None:
    limits = policy.load(orjson.loads(DEFAULT_USES.read_bytes())).on(kit.date(2026, 1, 1))
    places = kit.places(SEED, EACH)
    for curves in (True, False):
        quality = kit.quality(places, limits, curves=curves)
        print(f"{len(places)} places of seed {SEED}, {'hourly curves' if curves else 'monthly usages alone'}")
        for name in detect.DETECTORS:
            print(f"  AUC {name:24} {quality.auc[name]:.3f} against homes, {quality.among_all[name]:.3f} against all")
        _print(quality)
    untouched = kit.as_they_are()
    for curves in (True, False):
        print(f"{len(untouched)} windows of the real meters as they are, {'with' if curves else 'without'} curves")
        for (_, of), row in sorted(kit.quality(untouched, limits, curves=curves).by_sort.items()):
            print(f"  {of}: {row}")
    known = [kit.usages(each) for each in places[:100]]
    began = time.process_time()
    for usages in known:
        habits = habits_of(usages, "residential", uses=limits, zone=kit.ZONE, calendar=kit.CALENDAR)
        assert habits is not None
        detect.find(habits, limits)
    print(f"a contract with 13 months of hours: {10 * (time.process_time() - began):.1f} ms of CPU")


def _print(quality: kit.Quality) -> None:
    print("  found as", *(name.removeprefix("use_").rjust(18) for name in (*detect.DETECTORS, "none")))
    for truth, row in quality.confusion.items():
        print(f"  {truth:24}", *(str(row[name]).rjust(12) for name in (*detect.DETECTORS, "none")))
    for (truth, of), row in sorted(quality.by_sort.items()):
        wrong = {name: count for name, count in sorted(row.items()) if name != (truth if truth != "home" else "none")}
        if wrong:
            print(f"    {truth} {of}: of {sum(row.values())} {wrong}")

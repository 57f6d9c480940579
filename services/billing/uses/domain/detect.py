"""All detectors of changed uses over the habits of a point: scores, and the one suspicion that is worth a look. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.billing.review.domain.findings import WARN, Finding
from services.billing.uses.domain import idle, rented_rooms, shop, workshop
from services.billing.uses.domain.evidence import Evidence, Figure, weigh
from services.billing.uses.domain.habits import Habits
from services.billing.uses.domain.policy import Uses

DETECTORS: Final[Mapping[str, Callable[[Habits, Uses], Mapping[str, Figure | None]]]] = {
    each.NAME: each.figures for each in (shop, workshop, rented_rooms, idle)
}
CODES: Final = tuple(f"billing.{name}" for name in DETECTORS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a detector says of a point, all in permille.

    `score`: points of the evidence that is known, of its weight. `confidence`: that weight, of the whole. `limit`: from which
    score on something is found, another one where there is no curve.
    """

    code: str
    score: int
    confidence: int
    limit: int
    evidence: Sequence[Evidence]

    @property
    def beyond(self) -> int:
        """Return by how much the score is above the limit."""
        return self.score - self.limit


def scores(habits: Habits, uses: Uses) -> list[Score]:
    """Return what each detector says, in their order."""
    return [_score(name, figures(habits, uses), habits, uses) for name, figures in DETECTORS.items()]


def _score(name: str, figures: Mapping[str, Figure | None], habits: Habits, uses: Uses) -> Score:
    detector = uses.detectors[name]
    known = [
        found for of, figure in figures.items() if (found := weigh(of, figure, detector.ramps[of])) and found.weight
    ]
    weight = sum(each.weight for each in known)
    whole = sum(ramp.weight for ramp in detector.ramps.values())
    return Score(
        code=f"billing.{name}",
        score=1000 * sum(each.points for each in known) // max(weight, 1),
        confidence=1000 * weight // max(whole, 1),
        limit=detector.limit if habits.shape else detector.limit_without_curves,
        evidence=sorted(known, key=lambda each: (-each.points, each.name)),
    )


def find(habits: Habits, uses: Uses) -> Finding | None:
    """Return the suspicion that is furthest beyond its limit, None where none is; `also` names others that are.

    One suspicion a point: who goes there looks at all of it.
    """
    reached = [each for each in scores(habits, uses) if each.beyond >= 0 and each.confidence >= uses.confidence_min]
    if not reached:
        return None
    best, *others = sorted(reached, key=lambda each: (-each.beyond, -each.confidence, each.code))
    values: dict[str, Any] = {
        "score": best.score,
        "confidence": best.confidence,
        "limit": best.limit,
        "from": habits.from_.isoformat(),
        "to": habits.to.isoformat(),
        "wh_a_day": habits.level,
        "whole_days": habits.shape.days.count if habits.shape else 0,
        "evidence": [each.as_json() for each in best.evidence],
        "also": [{"code": each.code, "score": each.score} for each in others],
    }
    return Finding(best.code, WARN, values)

"""All rules of conduct: one file each. Pure."""

from services.reading.conduct.domain.rules import (
    days_off,
    guess_estimate,
    guess_round,
    guess_step,
    late_upload,
    outside_window,
    route_drift,
    unwalkable,
)
from services.reading.conduct.domain.visits import Found, History
from services.reading.policies.domain.conduct import ConductRules


def find(history: History, rules: ConductRules) -> list[Found]:
    """Return what all rules find of a route on a read date."""
    return [
        *days_off.find(history, rules.days_off),
        *late_upload.find(history, rules.late_upload),
        *route_drift.find(history, rules.route_drift),
        *outside_window.find(history, rules.outside_window),
        *unwalkable.find(history, rules.unwalkable),
        *guess_estimate.find(history, rules.guess_estimate),
        *guess_round.find(history, rules.guess_round),
        *guess_step.find(history, rules.guess_step),
    ]

"""A calculated bill as the review rules look at it, and what is found on it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.billing.bills.domain import past as before
from services.billing.bills.domain import sub_meters
from services.billing.bills.domain.past import Past
from services.billing.contracts.domain import Terms, terms_on
from services.billing.rating import rating_types
from services.billing.review.domain import findings
from services.billing.review.domain.findings import HOLD, Finding
from services.billing.review.domain.subject import Subject
from services.billing.supplies.domain import Cuts
from services.billing.usages.domain import Usage, zeros

READ_MISSING = "read_missing_at_change"


def subject(
    terms: Terms,
    usage: Usage,
    rated: rating_types.RatedBill,
    past: Sequence[Past],
    measured: Mapping[str, Sequence[Usage]],
    cuts: Cuts,
    *,
    corrects: bool,
) -> Subject:
    """Return a bill as the rules look at it; `past`: the bills in force before it, the last one last.

    `measured`: the usages in force of its sub-meters, and where nothing was used those of its own point, by point.
    `cuts`: on which days its point was cut.
    """
    last = past[-1] if past else None
    account = terms_on(terms.account_terms, usage.period_to)
    days = (usage.period_to - usage.period_from).days
    cut_days = cuts.days(usage.period_from, usage.period_to)
    last_year_wh = before.last_year_wh(past, usage) if len(past) > 1 else None
    changed, within = before.changes(terms, usage, last)
    found = Subject(
        customer_class=account.customer_class,
        energy_wh=usage.import_wh,
        days=days,
        months=usage.months,
        total_fen=rated.total_fen,
        previous_wh=None if last is None else last.energy_wh,
        previous_days=0 if last is None else last.days - cuts.days(last.period_from, last.period_to),
        cut_days=cut_days,
        last_year_wh=None if last_year_wh is None else last_year_wh * (days - cut_days) // days,
        estimated=usage.estimated,
        estimates_in_a_row=usage.estimates_in_a_row,
        settles_estimate=usage.settles_estimate,
        unpriced_wh=rated.unpriced_wh,
        began=terms.opened if last is None and terms.opened == usage.period_from else None,
        changed=changed,
        changed_within=within,
        suspended=before.is_suspended(account),
        corrects=corrects,
        version=usage.version,
        edited=usage.replaces_reason,
        cycle_days=None if usage.cycle_from is None else (usage.read_date - usage.cycle_from).days,
        sub_meters=sub_meters.measured_by(terms.sub_meters, usage, measured) if terms.sub_meters else None,
        losses_wh=rated.losses_wh,
        reading_findings=tuple(usage.findings),
        rating_findings=tuple(one.code for one in rated.findings),
    )
    found.zeros_in_a_row, found.zeros_before = _zeros(terms, usage, measured.get(usage.service_point_no, ()), cuts)
    now = before.two_part(rated.lines, usage)
    if now is not None or (last is not None and last.two_part is not None):
        now = now or before.TwoPart()
        found.basic_fen, found.factor_permille = now.basic_fen, now.factor_permille
        found.basic_expected_fen = before.expected_basic_fen(terms, usage, now, last)
        found.power_factor = now.power_factor
        found.previous_power_factor = last.two_part.power_factor if last is not None and last.two_part else None
        found.reactive_wh = sum(abs(wh) for name, wh in usage.energy.items() if name.startswith(before.REACTIVE))
    return found


def _zeros(terms: Terms, usage: Usage, known: Sequence[Usage], cuts: Cuts) -> tuple[int, int]:
    """Return for how many cycles in a row nothing is used with a usage, and for how many before it."""
    if usage.import_wh or usage.estimated:
        return 0, 0
    earlier = [one for one in known if one.period_to <= usage.period_from]
    row, before_it = zeros([*earlier, usage], terms.opened, cuts), zeros(earlier, terms.opened, cuts)
    if row is None:
        return 0, 0
    joins = before_it is not None and before_it.until == usage.period_from
    return row.months // terms.cycle_months, before_it.months // terms.cycle_months if before_it and joins else 0


def not_rated(rated: rating_types.RatedBill) -> list[Finding]:
    """Return why a bill could not be rated, nothing where it was."""
    if rated.refusal is None:
        return []
    day = read_wanted(rated)
    said = {"code": rated.refusal.code, "pointer": rated.refusal.pointer} | ({"day": f"{day}"} if day else {})
    return [Finding(findings.NOT_RATED, HOLD, said)]


def read_wanted(rated: rating_types.RatedBill) -> date | None:
    """Return the day of change whose read a bill needs, None where it needs none."""
    found = (one.detail for one in rated.findings if one.code == READ_MISSING)
    return next((date.fromisoformat(detail) for detail in found), None)

"""What the policy wants looked at on site (现场核实): `site_orders`, by code of a finding the kind of order."""

from collections.abc import Mapping, Sequence

from services.billing.review.domain.findings import HOLD, SENT_TO_SITE, Finding
from services.billing.review.domain.rules.registry import OF_RUN


def find(found: Sequence[Finding], kinds_by_code: Mapping[str, str]) -> list[Finding]:
    """Hold a bill whose findings are to be looked at on site, once for each kind of order, with the first of its codes.

    Those of rules that look at the run come last: whether the run was compared before decides nothing.
    """
    kinds: dict[str, str] = {}
    for each in sorted(found, key=lambda one: one.code in OF_RUN):
        if each.code in kinds_by_code:
            kinds.setdefault(kinds_by_code[each.code], each.code)
    return [Finding(SENT_TO_SITE, HOLD, {"kind": kind, "code": code}) for kind, code in kinds.items()]

"""A contact point is verified by a code (验证码) that is sent there and told back: whoever answers has it in hand."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from services.notify.policies.domain import Policy
from shared.statemachine import StateMachine

DIGITS: Final = 6
LIFE: Final = timedelta(minutes=15)
"""Long enough for a mail that is looked for among others, and short enough that nobody else finds it there."""
WRONG_MAX: Final = 5
ASKS_MAX: Final = 5
"""Of a contact point and a civil day. With WRONG_MAX it leaves who guesses 25 tries in a million a day, and a stranger whose
number was entered by mistake five messages."""
PLACES_MAX: Final = 20
WAYS: Final = ("smtp", "sms", "app", "wechat")
"""Gateways that a code goes out by at once: a call or a letter is no way for it."""
TEMPLATE: Final = "verification_code"

QUEUED: Final = "queued"
SENDING: Final = "sending"
SENT: Final = "sent"
FAILED: Final = "failed"
USED: Final = "used"
SPENT: Final = "spent"
REPLACED: Final = "replaced"
OPEN: Final = (QUEUED, SENDING, SENT)
"""In these it may be answered: what is in doubt may have arrived."""

CODE_LIFE: Final = StateMachine(
    name="code",
    starts=(QUEUED,),
    moves={
        "taken": {QUEUED: SENDING, SENDING: SENDING},
        "accepted": {SENDING: SENT},
        "refused for now": {SENDING: QUEUED},
        "came to nothing": dict.fromkeys(OPEN, FAILED),
        "answered": dict.fromkeys(OPEN, USED),
        "guessed too often": dict.fromkeys(OPEN, SPENT),
        "asked again": dict.fromkeys(OPEN, REPLACED),
    },
)

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "zh": ("联系方式验证码", "验证码 {code}，15 分钟内有效，用于核验您的联系方式。如非本人要求，请勿告知任何人。"),
    "en": (
        "Your verification code",
        "{code} is your code, valid for 15 minutes: it confirms how we reach you. If it was not you who asked, tell nobody.",
    ),
}
"""Subject and text by language. The subject holds no code: it is shown where others look."""


def channel(kind: str, policy: Policy, gateways: Collection[str]) -> tuple[str, str] | None:
    """Return the first channel of the policy, and its gateway, by which a code goes to this kind of contact point at once."""
    for name, rule in policy.channels.items():
        if rule.point == kind and rule.gateway in WAYS and rule.gateway in gateways:
            return name, rule.gateway
    return None

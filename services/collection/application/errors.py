"""The refusals of collection: stable codes, none with personal data."""

from shared.errors import BusinessError


class AccountUnknown(BusinessError):
    status = 404
    code = "account.unknown"
    title = "There is no such account"


class PaymentUnknown(BusinessError):
    status = 404
    code = "payment.unknown"
    title = "There is no such payment"


class MonthClosed(BusinessError):
    status = 409
    code = "ledger.month_closed"
    title = "The accounting month is closed"


class MonthOutOfOrder(BusinessError):
    status = 409
    code = "ledger.month_out_of_order"
    title = "Months are closed one after the other"


class MonthNotEnded(BusinessError):
    status = 409
    code = "ledger.month_not_ended"
    title = "A month is closed after its last day"


class ChannelUnknown(BusinessError):
    status = 422
    code = "channel.unknown"
    title = "The channel is not in the policy, or takes no payment orders"


class DatedInFuture(BusinessError):
    status = 422
    code = "payment.dated_in_future"
    title = "The day lies in the future"


class ConflictingDuplicate(BusinessError):
    status = 409
    code = "payment.conflicting_duplicate"
    title = "The channel's transaction number was used for another payment"


class NotPosted(BusinessError):
    status = 409
    code = "payment.not_posted"
    title = "Only a posted payment can be reversed"


class NotInSuspense(BusinessError):
    status = 409
    code = "payment.not_in_suspense"
    title = "The payment is not in suspense"


class BeforePayment(BusinessError):
    status = 422
    code = "payment.before_its_receipt"
    title = "The day lies before the day on which the money arrived"


class MakerIsChecker(BusinessError):
    status = 403
    code = "payment.maker_is_checker"
    title = "Who took a payment cannot decide on it"

"""Why another read day cannot be asked for, or does not become effective."""

from shared.errors import BusinessError


class UnknownRoute(BusinessError):
    status = 404
    code = "reading.unknown_route"
    title = "There is no such route"


class UnknownRequest(BusinessError):
    status = 404
    code = "read_day.unknown_request"
    title = "There is no such request"


class OtherContent(BusinessError):
    status = 409
    code = "read_day.other_content"
    title = "This number was given to another request"


class NotPlannedYet(BusinessError):
    status = 409
    code = "read_day.not_planned_yet"
    title = "No cycle of the route is planned: its read day is put, nobody has to confirm it"


class CyclePlanned(BusinessError):
    status = 409
    code = "read_day.cycle_planned"
    title = "The cycle is planned, or its day has come: another read day begins with a later one"


class TooSoon(BusinessError):
    status = 409
    code = "read_day.too_soon"
    title = "The customers could not answer before the first read date that would change"


class NotOnTheRoute(BusinessError):
    status = 422
    code = "read_day.not_on_the_route"
    title = "A service point is not on the route"


class RouteTooLarge(BusinessError):
    status = 422
    code = "read_day.route_too_large"
    title = "The route has more service points than one request can ask for"


class AskedAlready(BusinessError):
    status = 409
    code = "read_day.asked_already"
    title = "Another read day is asked for a service point and waits for its end"


class MovedLater(BusinessError):
    status = 409
    code = "read_day.moved_later"
    title = "The route or a service point has another read day from a later cycle on"


class Unchanged(BusinessError):
    status = 422
    code = "read_day.unchanged"
    title = "All service points are read on that day as it is"


class NoCycle(BusinessError):
    status = 422
    code = "read_day.no_cycle"
    title = "A service point is not read in that cycle: there is no visit to be moved"


class BadFirstMonth(BusinessError):
    status = 422
    code = "reading.bad_first_month"
    title = "The first month is one of the route's months"


class NotConfirmed(BusinessError):
    status = 409
    code = "read_day.not_confirmed"
    title = "The customer has not confirmed it, or it has ended otherwise"


class OwnRecord(BusinessError):
    status = 403
    code = "read_day.own_record"
    title = "Who wrote down the customer's answer may not decide on it"


class OutsideOrgUnit(BusinessError):
    status = 403
    code = "auth.other_org_unit"
    title = "It belongs to an org unit outside the caller's"


ASKING = (
    UnknownRoute,
    OutsideOrgUnit,
    OtherContent,
    NotPlannedYet,
    CyclePlanned,
    TooSoon,
    NotOnTheRoute,
    RouteTooLarge,
    AskedAlready,
    MovedLater,
    Unchanged,
    NoCycle,
    BadFirstMonth,
)

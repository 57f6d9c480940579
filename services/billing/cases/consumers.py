"""Facts of reading that are signals of cases."""

from collections.abc import Mapping, Sequence

from services.billing.cases.use_cases import signalling
from services.billing.context import Context
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.reading import MeterAlarmRaised, ObservationRecorded, ServicePointChanged


def handlers(context: Context, know_points: Handler) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type. `know_points` comes before what waits for its points is looked at."""

    async def points(tx: Tx, facts: Sequence[ServicePointChanged]) -> None:
        await know_points(tx, facts)
        await signalling.points_known(tx, facts, context=context)

    async def observations(tx: Tx, facts: Sequence[ObservationRecorded]) -> None:
        await signalling.of_observations(tx, facts, context=context)

    async def alarms(tx: Tx, facts: Sequence[MeterAlarmRaised]) -> None:
        await signalling.of_alarms(tx, facts, context=context)

    return {ServicePointChanged: points, ObservationRecorded: observations, MeterAlarmRaised: alarms}

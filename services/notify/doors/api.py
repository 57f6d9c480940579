"""Doors over HTTP."""

from typing import Annotated

from fastapi import Query

from services.notify import context
from services.notify.context import READ, WRITE, Number
from services.notify.doors import examples, schemas, store, use_cases
from shared.outcome import Outcome
from shared.web import auth, batch, errors
from shared.web.routing import Json, Router
from shared.web.state import Db

router = Router(prefix="/v1/doors", tags=["notify"])
DryRun = Annotated[bool, Query(description="Nothing is stored: the outcomes are those that there would be.")]


class NotStored(Exception):
    """Ends the unit of work of a dry run."""


@router.put("", policy=WRITE, response_model=batch.OutcomesOut, example=examples.DOORS)
async def put_doors(
    body: schemas.DoorBatch, db: Db, caller: auth.Current, own: context.Own, dry_run: DryRun = False
) -> Json:
    """Make or replace the addresses of up to 1,000 service points, checked by the caller, each answered by itself."""
    outcomes: list[Outcome] = []
    try:
        async with db.begin() as tx:
            outcomes = await use_cases.put(
                tx,
                [item.door(caller.subject) for item in body.items],
                actor=caller.subject,
                may_see=caller.may_see,
                today=own.today(),
                vault=own.vault,
            )
            if dry_run:
                raise NotStored
    except NotStored:
        pass
    return batch.answer(outcomes)


@router.get("/{service_point_no}", policy=READ)
async def get_door(service_point_no: Number, db: Db, caller: auth.Current, own: context.Own) -> schemas.DoorOut:
    """Return a door with its address; audited."""
    async with db.begin() as tx:
        found = (await store.doors(tx, own.vault, [service_point_no])).get(service_point_no)
        if found is None or not caller.may_see(found[0].org_unit):
            raise errors.not_found("door")
        door, version = found
        tx.audit(use_cases.was_read([service_point_no], actor=caller.subject, what="door"))
    return schemas.DoorOut(
        service_point_no=door.service_point_no,
        org_unit=door.org_unit,
        address=door.address,
        how=door.how,
        checked_on=door.checked_on,
        checked_by=door.checked_by,
        version=version,
    )

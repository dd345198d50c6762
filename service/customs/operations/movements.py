"""What customs asks before goods move: whether what was declared is what is booked."""

from service.auth import Customs
from service.customs.matching import Outcome, judge
from service.customs.queries import movements as queries
from service.customs.schemas.movements import NewMovementValidation, shown, told
from service.database import Tx
from service.events.queries import Happening, insert


async def validate(tx: Tx, asked: NewMovementValidation, *, by: Customs) -> int:
    """Compare a declaration with what is booked; gives the id of the logged event that has question and answer.

    That event is for the asker alone. Of what differs, the operators of the bookings and customs are told.
    """
    of = asked.reference
    judgement = judge(asked.declared, of.value, await queries.goods_under(tx, of.type, of.country, of.value))
    if judgement.outcome is Outcome.MISMATCH:
        reasons = told(judgement)
        await queries.tell_discrepancy(tx, judgement.bookings, by.organisation_id, of.model_dump(), reasons)
    return await insert(
        tx,
        Happening(
            type="customs-movement.validated",
            subject=f"{of.type}/{of.country}/{of.value}",
            by=by.organisation_id,
            owner_id=by.organisation_id,
            current=shown(of, judgement),
            cause=asked.model_dump(mode="json", exclude_unset=True),
        ),
    )

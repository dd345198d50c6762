"""What customs asks before goods move."""

from fastapi import APIRouter, Response

from service import auth, changes
from service.customs.operations.movements import validate
from service.customs.schemas.movements import MovementValidation, NewMovementValidation
from service.intake import StrictRoute
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["customs"])


@router.post(
    "/v1/customs/movement-validations",
    response_model=MovementValidation,
    responses=problems(*changes.REFUSALS, *auth.REFUSALS),
)
async def validate_movement(by: auth.CustomsSender, change: changes.Asked, body: NewMovementValidation) -> Response:
    """Ask whether what is declared is what is booked: the booking, the packages, and the weight within 5 per cent.

    All firm bookings under the reference are added up, or the one that is named is looked at alone. What a booking does
    not state is not guessed: the outcome is `unknown`. Of a mismatch the operators of the bookings are told.
    """
    return changes.answered(await change.once(lambda tx: validate(tx, body, by=by), body, by=by))

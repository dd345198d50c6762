"""Many events in one call."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response
from pydantic_core import to_jsonable_python

from service import auth, changes
from service.customs import operations
from service.customs.operations.batches import Outcome
from service.customs.routes.events import sent
from service.customs.schemas.batches import CustomsEventBatch, CustomsEventResults, id_of, read
from service.database import DatabaseAway
from service.errors import Refusal
from service.events.operations import Answer, before
from service.intake import StrictRoute
from service.problems import details, problems, status_of

router = APIRouter(route_class=StrictRoute, tags=["customs"])


@router.post(
    "/v1/customs/events/batch",
    status_code=207,
    response_model=CustomsEventResults,
    responses=problems(DatabaseAway, *changes.REFUSALS, *auth.REFUSALS),
)
async def take_events(by: auth.CustomsSender, change: changes.Asked, body: CustomsEventBatch) -> Response:
    """Tell up to 500 things that have happened, in one call; each is taken or refused as if it had come alone.

    The answer has a result for each, in the order in which they were sent. An event that was taken before has its first
    answer, so a call that was cut off is sent again as it was. With `validate_only` each event is judged for itself.
    """
    db, named = changes.database(change.request), change.named(by, body)
    first = await db.read(before, named)
    if first is not None:
        return changes.answered(first, status=207)

    async def take(event: operations.Sent) -> str:
        return await change.run(operations.take_one, event, by=by)

    readings = [read(raw) for raw in body.events]
    events = [each if isinstance(each, Refusal) else sent(each) for each in readings]
    outcomes = await operations.take_each(events, take)
    results = {"results": _results(body.events, outcomes, change)}
    if named.key is None or any("retry_after" in each.members for each in outcomes if isinstance(each, Refusal)):
        return changes.answered(Answer(json.dumps(results)), status=207)
    return changes.answered(await db.write(operations.keep_results, named, results, by=by), status=207)


def _results(raw: Sequence[object], outcomes: Sequence[Outcome], change: changes.Change) -> list[dict[str, Any]]:
    return [_result(id_of(each), outcome, change) for each, outcome in zip(raw, outcomes, strict=True)]


def _result(event_id: str | None, outcome: Outcome, change: changes.Change) -> dict[str, Any]:
    if isinstance(outcome, str):
        answer = json.loads(outcome)
        return {"event_id": answer["event_id"], "status": 200 if change.rehearsal else 202, **answer}
    told = {} if event_id is None else {"event_id": event_id}
    problem = to_jsonable_python(details(outcome, change.request))
    return {**told, "status": status_of(type(outcome)), "problem": problem}

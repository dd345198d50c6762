"""What foreign systems say in their own words."""

import hashlib
import json
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from service import auth, changes
from service.customs import operations
from service.customs.operations.messages import take_message
from service.customs.queries import messages as queries
from service.customs.routes.events import sent
from service.customs.schemas.events import CustomsEventTaken
from service.customs.schemas.messages import MOST_BYTES, ForeignMessage, MessageQuery, MessageShown
from service.customs.vocabularies import CustomsMessageUnreadable, CustomsWordUnknown, Vocabulary
from service.errors import NotFound, Refusal
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits
from service.problems import BodyTooLarge, problems

router = APIRouter(route_class=StrictRoute, tags=["customs"])


class CustomsVocabularyNotFound(NotFound):
    """This installation knows no vocabulary of that name.

    The member `known` lists those that it knows. Whoever runs the installation names them and their tables in
    `SLOTWAY_CUSTOMS_VOCABULARIES`.
    """


async def _known(vocabulary: Annotated[str, Path(examples=["weboc"])], request: Request) -> Vocabulary:
    known: dict[str, Vocabulary] = request.app.state.vocabularies
    if vocabulary not in known:
        raise CustomsVocabularyNotFound(known=sorted(known))
    return known[vocabulary]


@router.post(
    "/v1/customs/messages/{vocabulary}",
    status_code=202,
    response_model=CustomsEventTaken,
    responses=problems(
        CustomsVocabularyNotFound, CustomsMessageUnreadable, CustomsWordUnknown, BodyTooLarge,
        operations.CustomsEventReused, operations.CustomsEventInTheFuture, operations.GoodsHaveLeft,
        *changes.REFUSALS, *auth.REFUSALS,
    ),
)  # fmt: skip
async def take(
    by: auth.CustomsSender,
    words: Annotated[Vocabulary, Depends(_known)],
    vocabulary: str,
    change: changes.Asked,
    body: ForeignMessage,
) -> Response:
    """Tell what has happened in the words of a foreign system; its table says what they mean here.

    The message is kept as it came, also if it can't be read: then it is refused, and taken when it is sent again after
    the table was mended. It takes effect as an event sent to `/v1/customs/events` does, and has the same answer.
    """
    message = await _as_it_came(change.request, by, vocabulary)
    db = changes.database(change.request)
    if not change.rehearsal:
        await db.write(queries.keep, message)
    try:
        taken = await change.once(
            lambda tx: take_message(tx, message, lambda: sent(words.read(body.root)), by=by), body, by=by
        )
    except Refusal as refusal:
        if not change.rehearsal:
            await db.write(queries.mark, message, event_id=None, refused_as=refusal.code())
        raise
    return changes.answered(taken, status=200 if change.rehearsal else 202)


async def _as_it_came(request: Request, by: auth.Customs, vocabulary: str) -> queries.Message:
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise BodyTooLarge(limit_bytes=MOST_BYTES)
    return queries.Message(by.organisation_id, vocabulary, hashlib.sha256(body).hexdigest(), body.decode())


@router.get(
    "/v1/customs/messages",
    response_model=Listed[MessageShown],
    responses=problems(CursorMalformed, CursorDoesNotFit, *auth.REFUSALS),
)
async def kept(
    by: auth.CustomsReader, query: Annotated[MessageQuery, Query()], page: Paging, request: Request
) -> Response:
    """Give the messages that you have sent in a foreign system's words, as they came.

    With `taken=false` those that have not taken effect, each with the code of the refusal that it met last.
    """
    fit = fits(request.url.path, query, by.organisation_id)
    after = cast("tuple[int] | None", page.after(fit, int))
    rows = await changes.database(request).read(
        queries.kept, by.organisation_id, taken=query.taken, after=after[0] if after else 0, limit=page.limit + 1
    )
    shown, following = page.cut(rows, fit, lambda each: (each.number,))
    items = ",".join(_shown(each) for each in shown)
    return Response(f'{{"items":[{items}],"next":{json.dumps(following)}}}', media_type="application/json")


def _shown(row: queries.Kept) -> str:
    """Give a message as it is shown, its own text put in as it came."""
    head = MessageShown(
        vocabulary=row.vocabulary,
        received_at=row.received_at,
        event_id=row.event_id,
        refused_as=row.refused_as,
        message={},
    ).model_dump_json(exclude={"message"})
    return f'{head[:-1]},"message":{row.body}}}'

"""Taking what foreign systems say in their own words: kept before it is understood, so that nonsense loses nothing."""

from collections.abc import Callable

from service.auth import Customs
from service.customs.operations.events import Sent, receive
from service.customs.queries import messages as queries
from service.customs.queries.messages import Message
from service.database import Tx


async def take_message(tx: Tx, message: Message, read: Callable[[], Sent], *, by: Customs) -> int:
    """Let a message take effect as the event that it is read as; gives the id of the logged event that has the answer.

    One that was taken before has its first answer, whatever the vocabulary says by now. Raises what `read` and
    `receive` raise; whoever calls has kept the message before, and notes the refusal.
    """
    await queries.keep(tx, message)
    first = await queries.taken_as(tx, message)
    if first is not None:
        return first
    sent = read()
    event = await receive(tx, sent, by=by)
    await queries.mark(tx, message, event_id=sent.event_id, refused_as=None)
    return event

"""SQL of messages as foreign systems write them: kept as they came, and what they were read as."""

from dataclasses import dataclass
from datetime import datetime

from service.database import Read, Tx


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came: whose, in which vocabulary, the digest of its bytes, and its text."""

    sender: str
    vocabulary: str
    digest: str
    body: str


async def keep(tx: Tx, message: Message) -> None:
    """Keep a message; one that came before is kept already."""
    await tx.execute(
        """INSERT INTO customs_messages (sender, vocabulary, digest, body) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING""",
        message.sender,
        message.vocabulary,
        message.digest,
        message.body,
    )


async def taken_as(tx: Tx, message: Message) -> int | None:
    """Give the logged event that has the answer of a message that was taken before, or None."""
    event: int | None = await tx.fetchval(
        """SELECT e.event
           FROM customs_messages m JOIN customs_events e ON e.sender = m.sender AND e.event_id = m.event_id
           WHERE m.sender = $1 AND m.vocabulary = $2 AND m.digest = $3""",
        message.sender,
        message.vocabulary,
        message.digest,
    )
    return event


async def mark(tx: Tx, message: Message, *, event_id: str | None, refused_as: str | None) -> None:
    """Note what a message was read as, or why it was refused; what was taken once stays so."""
    await tx.execute(
        """UPDATE customs_messages SET event_id = $4, refused_as = $5
           WHERE sender = $1 AND vocabulary = $2 AND digest = $3 AND event_id IS NULL""",
        message.sender,
        message.vocabulary,
        message.digest,
        event_id,
        refused_as,
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that was kept, and what has become of it."""

    number: int
    vocabulary: str
    body: str
    received_at: datetime
    event_id: str | None
    refused_as: str | None


async def kept(read: Read, sender: str, *, taken: bool | None, after: int, limit: int) -> list[Kept]:
    """Give what a sender has sent, in the order in which it came, after a number; only what was taken, or was not."""
    rows = await read.fetch(
        """SELECT number, vocabulary, body, received_at, event_id, refused_as FROM customs_messages
           WHERE sender = $1 AND number > $2 AND ($3::boolean IS NULL OR (event_id IS NOT NULL) = $3)
           ORDER BY number LIMIT $4""",
        sender,
        after,
        taken,
        limit,
    )
    return [Kept(*row) for row in rows]

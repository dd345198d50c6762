"""SQL that locks places and says that their rules have moved."""

from collections.abc import Iterable

from service.database import Tx


async def clear_places(tx: Tx, place_ids: Iterable[int]) -> None:
    """Lock places in the order that everybody keeps, raise their versions, and clear away what has lapsed there."""
    await tx.execute("SELECT clear_places($1, NULL)", sorted(set(place_ids)))


async def raise_rules(tx: Tx, *place_ids: int) -> None:
    """Say that the rules of places have moved; they are locked. Whoever judged by the old ones is refused as stale."""
    await tx.execute(
        "UPDATE places SET rules_version = rules_version + 1, version = version + 1 WHERE id = ANY ($1)", place_ids
    )

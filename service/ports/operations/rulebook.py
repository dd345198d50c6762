"""The rules of places, kept in memory: read once, and anew when they have moved."""

from collections.abc import Iterable

from service.database import Db
from service.ports import queries
from service.ports.queries import Standing
from service.ports.rules import Place


class Rulebook:
    """The rules of places by code, for one process.

    What is in here may be old: the guard compares `rules_version` under the place's lock and refuses rules that have
    moved. Then `forget` the places, and ask again. At most `bound` places are kept.
    """

    def __init__(self, db: Db, *, bound: int = 5_000) -> None:
        self._db = db
        self._bound = bound
        self._places: dict[str, Place] = {}

    async def of(self, codes: Iterable[str]) -> dict[str, Place]:
        """Give these places by code, unknown codes left out. One query for all that are not in memory, else none."""
        wanted = set(codes)
        found = self.at_hand(wanted)
        if missing := wanted - found.keys():
            found |= {place.code: place for place in await self._db.read(queries.rules_of, sorted(missing))}
            self._keep(found[code] for code in missing if code in found)
        return found

    def at_hand(self, codes: Iterable[str]) -> dict[str, Place]:
        """Give those of these places that are in memory, by code."""
        return {code: self._places[code] for code in codes if code in self._places}

    async def as_of(self, standings: Iterable[Standing]) -> dict[str, Place]:
        """Give these places with rules as new as their standing says, by code. A query only if some have moved."""
        wanted = {each.code: each.rules_version for each in standings}
        self.forget(
            code for code, version in wanted.items()
            if (place := self._places.get(code)) is not None and place.rules_version < version
        )  # fmt: skip
        return await self.of(wanted)

    def forget(self, codes: Iterable[str]) -> None:
        """Drop the rules of these places: whoever asks next reads them anew."""
        for code in list(codes):
            self._places.pop(code, None)

    def _keep(self, places: Iterable[Place]) -> None:
        for place in places:
            newer = self._places.get(place.code)
            # Two reads may end in another order than they began.
            if newer is None or newer.rules_version <= place.rules_version:
                self._places[place.code] = place
        while len(self._places) > self._bound:
            del self._places[next(iter(self._places))]

"""The nearest query that would find a berth, for an ask that finds none.

    fit      the fewest facts of the ship, each changed as little as possible, for the rules of some place
    time     a shorter stay, or else a longer window, in which such a place is also free of claims and closures
    refit    the facts once more, as the new time may let more of the ship pass, and then the time once more

Then each number is the best that there is with all the others: moved back towards what was asked, the query fails.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from itertools import combinations

from service.availability.berths import berth_places
from service.availability.facts import LISTED
from service.availability.fitting import fewest, measured, variants
from service.availability.measures import FOREVER
from service.availability.places import Quay, Ship
from service.availability.reachable import Reachable
from service.availability.reasons import CLOSED, FULL, KEPT, NO_TIDE, TOO_DEEP, UNKNOWN
from service.availability.rules import barred_to_others, barred_to_ship, barred_without_tide
from service.availability.slots import BerthAsk
from service.availability.stays import longest_stay
from service.availability.timetable import QuayTimetable

Ships = tuple[Ship, ...]
Way = Callable[[Ships], BerthAsk | None]

OF_TIME = (CLOSED, KEPT, NO_TIDE, FULL)


@dataclass(frozen=True, slots=True)
class Answer:
    """A query that passes with any one of `ships`, alike but for cargo and hazard class.

    `end_codes` are the rules because of which the window must grow.
    """

    ships: Ships
    stay: int
    end: int
    end_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """Ships that the rules let lie somewhere, the facts that may have changed, and the rules that were forgiven."""

    ships: Ships
    fields: tuple[str, ...]
    forgiven: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One ask at one quay, with the stay and the window that leave it any start at all."""

    quay: Quay
    timetable: QuayTimetable
    ask: BerthAsk
    now: int
    window: Reachable

    @property
    def near(self) -> BerthAsk:
        """The ask with its stay cut to the window; if no stay fits, with the window just long enough."""
        return replace(self.ask, stay=self.window.stay, end=self.window.end)

    @property
    def far(self) -> BerthAsk:
        """The ask with the stay wished, as far ahead as the quay takes bookings."""
        return replace(self.ask, stay=self.window.within, end=FOREVER)

    def answer(self, ship: Ship) -> Answer | None:
        """Give the nearest query that passes: the ship changed as its window demands, or else as a later one does."""
        fit = self.fit(ship)
        return (fit and self._nearby(ship, fit)) or self._far_off(ship)

    def fit(self, ship: Ship) -> Fit | None:
        """Give the ships, closest to this one, that rules would let lie in the window, claims and closures apart."""

        def lies(one: Ship, forgiven: tuple[str, ...]) -> bool:
            return self._passes(one, self.near, (*OF_TIME, *forgiven))

        least = fewest(self.quay, ship, self._met(ship, self.near), lies)
        if least is None:
            return None
        fields, forgiven = least
        return Fit(self._measured(ship, fields, lambda one: lies(one, forgiven)), fields, forgiven)

    def blocked_by(self, ships: Ships, forgiven: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Give what keeps these ships out of the window beside what is forgiven: what does alone, or else together.

        Claims, closures, what is kept for others and the tide; or notices, if all of these do not.
        """

        def clear(*codes: str) -> bool:
            return bool(self._passing(ships, self.near, (*forgiven, *codes)))

        for size in range(len(self._of_time) + 1):
            enough = [codes for codes in combinations(self._of_time, size) if clear(*codes)]
            if enough:
                return (*forgiven, *(code for code in self._of_time if any(code in codes for codes in enough)))
        return (UNKNOWN,) if clear(*OF_TIME, UNKNOWN) else (CLOSED,)

    @property
    def _of_time(self) -> tuple[str, ...]:
        """The rules of time that this quay may have."""
        tidal = any(limit.draught_with_tide_cm for limit in self.quay.limits)
        return (CLOSED, *((KEPT,) if self.quay.kept else ()), *((NO_TIDE,) if tidal else ()), FULL)

    def released_at(self) -> int | None:
        """Give when the first of what is kept for others in the window is open to all; None if nothing is."""
        end = min(self.near.end, self.now + self.quay.terms.horizon + self.near.stay) + self.quay.terms.turnaround
        kept = barred_to_others(self.quay, self.ask.by, self.near.start, end, self.now)
        return min((bar.released_at for bar in kept if bar.released_at is not None), default=None)

    def _met(self, ship: Ship, ask: BerthAsk) -> set[str]:
        """Give the codes of the rules that bar a ship from some metres at some time of an ask's window.

        The tide is a matter of draught: with less of it nobody waits.
        """
        barred = {bar.code for bar in barred_to_ship(self.quay, ship, ask.start, ask.end)}
        return barred | {TOO_DEEP for _ in barred_without_tide(self.quay, ship, ask.start, ask.end)}

    def _nearby(self, ship: Ship, fit: Fit) -> Answer | None:
        passing = self._passing(fit.ships, self.near)
        if passing:
            return Answer(passing, self.near.stay, self.near.end, self.window.end_codes)
        if not (fit.forgiven or {KEPT, NO_TIDE}.intersection(self._of_time)):
            return self._by_shorter(ship, fit) or self._by_later(ship, fit, self.blocked_by(fit.ships))
        codes = self.blocked_by(fit.ships, fit.forgiven)
        if fit.forgiven or {KEPT, NO_TIDE}.intersection(codes):
            return self._by_later(ship, fit, codes) or self._by_shorter(ship, fit)
        return self._by_shorter(ship, fit) or self._by_later(ship, fit, codes)

    def _by_shorter(self, ship: Ship, fit: Fit) -> Answer | None:
        return None if self.window.end_codes else self._by(self._shorter, ship, fit, fit.forgiven)

    def _by_later(self, ship: Ship, fit: Fit, codes: tuple[str, ...]) -> Answer | None:
        return self._by(self._later, ship, fit, codes)

    def _far_off(self, ship: Ship) -> Answer | None:
        least = fewest(self.quay, ship, self._met(ship, self.far), lambda one, _: self._passes(one, self.far))
        if least is None:
            return None
        fields, _ = least
        fit = Fit(self._measured(ship, fields, lambda one: self._passes(one, self.far)), fields, ())
        codes = self.blocked_by((ship,))
        if "draught_cm" in fields:
            codes = tuple(code for code in codes if code != NO_TIDE)
        as_it_is = self._by(self._as_it_is, ship, fit, codes)
        return as_it_is or self._by_later(ship, fit, codes or self.blocked_by(fit.ships))

    def _by(self, way: Way, ship: Ship, fit: Fit, codes: tuple[str, ...]) -> Answer | None:
        """Give the answer that one way of changing time leads to, the facts and then the time settled once more."""
        changed = way(fit.ships)
        if changed is None:
            return None
        ships = self._measured(ship, fit.fields, lambda one: self._passes(one, changed))
        best = changed if ships == fit.ships else way(ships) or changed
        end_codes = (*self.window.end_codes, *codes)
        return Answer(self._passing(ships, best), best.stay, best.end, end_codes)

    def _as_it_is(self, ships: Ships) -> BerthAsk | None:
        return self.near if self._passing(ships, self.near) else None

    def _shorter(self, ships: Ships) -> BerthAsk | None:
        stays = [longest_stay(self.quay, self.timetable, replace(self.near, ship=ship), self.now) for ship in ships]
        longest = max((stay for stay in stays if stay is not None), default=None)
        return None if longest is None else replace(self.near, stay=longest)

    def _later(self, ships: Ships) -> BerthAsk | None:
        asks = (replace(self.far, ship=ship) for ship in ships)
        places = (next(berth_places(self.quay, self.timetable, ask, self.now), None) for ask in asks)
        start = min((place.start for place in places if place is not None), default=None)
        return None if start is None else replace(self.far, end=max(start + self.far.stay, self.ask.end))

    def _measured(self, ship: Ship, fields: Collection[str], passes: Callable[[Ship], bool]) -> Ships:
        """Give the ship with its numbers as large as pass, once for each value of the listed facts that may change."""
        fitted = measured(self.quay, ship, fields, passes)
        return tuple(variants(self.quay, fitted, [field for field in LISTED if field in fields]))

    def _passing(self, ships: Iterable[Ship], ask: BerthAsk, ignoring: Collection[str] = ()) -> Ships:
        return tuple(ship for ship in ships if self._passes(ship, ask, ignoring))

    def _passes(self, ship: Ship, ask: BerthAsk, ignoring: Collection[str] = ()) -> bool:
        found = berth_places(self.quay, self.timetable, replace(ask, ship=ship), self.now, ignoring)
        return next(found, None) is not None

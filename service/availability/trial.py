"""Touched bookings laid into the timetables of the places where they may go, one by one, and taken out again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import merge
from itertools import islice
from typing import TypeVar

from service.availability.berths import berth_places
from service.availability.floors import FloorClaim, FloorTimetable
from service.availability.measures import FOREVER, HOUR, blocked_metres, local_days
from service.availability.moves import Havens, Moves, Spot, Stay, Touched
from service.availability.places import Quay, Warehouse
from service.availability.slots import BerthAsk, StorageAsk
from service.availability.storage import floor_refusals, spans
from service.availability.timetable import QuayClaim, QuayTimetable

_CHOICES = 3  # spots of a leg that are tried before the booking is given up: the first nearly always decides

R = TypeVar("R", Quay, Warehouse)


class Trial:
    """The bookings laid into the timetables of a havens, one by one."""

    def __init__(self, havens: Havens, tolerance: int, now: int) -> None:
        self._quays = {code: _both(quay) for code, (quay, _) in havens.quays.items()}
        self._floors = {code: _both(floor) for code, (floor, _) in havens.floors.items()}
        self._at_quays: dict[str, QuayTimetable] = {code: taken for code, (_, taken) in havens.quays.items()}
        self._on_floors: dict[str, FloorTimetable] = {code: taken for code, (_, taken) in havens.floors.items()}
        self._tolerance, self._now = tolerance, now
        self.moves: Moves = {}

    def settle(self, touched: Touched) -> None:
        """Block what the legs that need not go have."""
        for stay in touched.stays:
            if not stay.must_go:
                self._block(stay.place, stay.claims)

    def move(self, touched: Touched) -> bool:
        """Find spots for the legs of a booking that go, and block them; False: it can't be moved whole."""
        stays = sorted(touched.stays, key=lambda stay: (stay.start, stay.leg))
        found: dict[int, Spot] = {}
        if self._lay(touched, stays, found):
            self.moves[touched.booking] = found
            return True
        return False

    def cost(self, touched: Touched) -> tuple[int, int]:
        """Give 1 for a booking without a place, and the delay of all its legs."""
        spots = self.moves.get(touched.booking)
        if spots is None:
            return 1, 0
        return 0, sum(spots[stay.leg].start - stay.start for stay in touched.stays if stay.leg in spots)

    def change_turns(self, late: Touched, other: Touched) -> bool:
        """Let the late one choose before the other; undo that and give False if it makes nothing better."""
        before = _sum(self.cost(late), self.cost(other))
        had = {each.booking: self.moves.get(each.booking) for each in (late, other)}
        for each in (late, other):
            self._give_up(each)
        for each in (late, other):
            self.move(each)
        if _sum(self.cost(late), self.cost(other)) < before:
            return True
        for each in (late, other):
            self._give_up(each)
        for each in (late, other):
            self._resume(each, had[each.booking])
        return False

    def _lay(self, touched: Touched, stays: Sequence[Stay], found: dict[int, Spot]) -> bool:
        """Lay the first of these legs, then the others; with its next spot if they can't be laid then."""
        if not stays:
            return True
        stay, *others = stays
        first = self._not_before(stay, touched, found)
        if first == stay.start and not stay.must_go:
            return self._lay(touched, others, found)
        if stay.place not in self._quays and stay.place not in self._floors:
            return False  # a leg at somebody else's place
        if not stay.must_go:
            self._free(stay.place, stay.claims)
        for spot in self._spots(stay, first):
            self._block(spot.place, self._claims(touched, stay, spot))
            found[stay.leg] = spot
            if self._lay(touched, others, found):
                return True
            self._free(spot.place, self._claims(touched, stay, found.pop(stay.leg)))
        if not stay.must_go:
            self._block(stay.place, stay.claims)
        return False

    def _not_before(self, stay: Stay, touched: Touched, found: Mapping[int, Spot]) -> int:
        """Give the earliest start of a leg: its own, later by as much as a leg before it that now ends after it.

        before   ├── A ──┤ ├── B ──┤
        A moved      ├── A' ──┤
        B too                  ├── B' ──┤
        """
        delays = [
            found[other.leg].start - other.start
            for other in touched.stays
            if other.leg in found and other.end <= stay.start < found[other.leg].end
        ]
        start = stay.start + max(delays, default=0)
        if start >= self._now or not (delays or stay.must_go):
            return start
        # A whole hour: else a plan would be another a moment later.
        return -(-self._now // HOUR) * HOUR

    def _spots(self, stay: Stay, first: int) -> list[Spot]:
        """Give the first spots of a leg: the earliest, then those at its own place, then the tightest."""
        last = stay.start + self._tolerance
        if first > last:
            return []
        at_home = list(islice(self._at(stay, stay.place, first, last), _CHOICES))
        if at_home and at_home[0][0] == first:
            return [spot for *_, spot in at_home]
        codes = self._quays if isinstance(stay.ask, BerthAsk) else self._floors
        elsewhere = [self._at(stay, code, first, last) for code in sorted(codes) if code != stay.place]
        return [spot for *_, spot in islice(merge(at_home, *elsewhere, key=lambda each: each[:4]), _CHOICES)]

    def _at(self, stay: Stay, code: str, first: int, last: int) -> Iterator[tuple[int, bool, int, str, Spot]]:
        """Yield the spots of a leg at one place, each with what ranks it."""
        ask, home = stay.ask, code == stay.place
        ignoring = stay.ignoring if home else frozenset[str]()
        if isinstance(ask, BerthAsk):
            quay, wished = self._quays[code][home], replace(ask, start=first, end=last + ask.stay)
            for place in berth_places(quay, self._at_quays[code], wished, self._now, ignoring):
                spot = Spot(code, place.start, place.start + ask.stay, place.from_m)
                yield place.start, not home, place.run_m, code, spot
            return
        floor = self._floors[code][home]
        if all(reason.code in ignoring for reason in floor_refusals(floor, ask)):
            goods = replace(ask, start=first, end=last + ask.stay)
            for span in spans(floor, self._on_floors[code], goods, self._now, ignoring):
                yield span.first, not home, 0, code, Spot(code, span.first, span.first + ask.stay)

    def _claims(self, touched: Touched, stay: Stay, spot: Spot) -> tuple[QuayClaim | FloorClaim, ...]:
        """Give what a leg blocks at a new spot."""
        claim_id = f"{touched.booking}/{stay.leg}"
        if isinstance(stay.ask, StorageAsk):
            first_on, last_on = local_days(spot.start, spot.end, self._floors[spot.place][True].zone)
            return (FloorClaim(claim_id, first_on, last_on, stay.ask.quantity),)
        terms, from_m = self._quays[spot.place][True].terms, spot.from_m or 0
        to_m = from_m + blocked_metres(stay.ask.ship.loa_cm, terms)
        return (QuayClaim(claim_id, from_m, to_m, spot.start, spot.end + terms.turnaround),)

    def _give_up(self, touched: Touched) -> None:
        """Put a booking back to where it was before it moved."""
        spots = self.moves.pop(touched.booking, {})
        for stay in touched.stays:
            if stay.leg in spots:
                self._free(spots[stay.leg].place, self._claims(touched, stay, spots[stay.leg]))
                if not stay.must_go:
                    self._block(stay.place, stay.claims)

    def _resume(self, touched: Touched, spots: dict[int, Spot] | None) -> None:
        """Move a booking to spots that it had."""
        if spots is None:
            return
        self.moves[touched.booking] = spots
        for stay in touched.stays:
            if stay.leg in spots:
                if not stay.must_go:
                    self._free(stay.place, stay.claims)
                self._block(spots[stay.leg].place, self._claims(touched, stay, spots[stay.leg]))

    def _block(self, place: str, claims: Iterable[QuayClaim | FloorClaim]) -> None:
        for claim in claims:
            if isinstance(claim, QuayClaim) and place in self._at_quays:
                self._at_quays[place].add(claim)
            elif isinstance(claim, FloorClaim) and place in self._on_floors:
                self._on_floors[place].add(claim)

    def _free(self, place: str, claims: Iterable[QuayClaim | FloorClaim]) -> None:
        for claim in claims:
            if isinstance(claim, QuayClaim):
                self._at_quays[place].remove(claim.claim_id)
            else:
                self._on_floors[place].remove(claim.claim_id)


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _both(rules: R) -> tuple[R, R]:
    """Give a place as it is to bookings that come to it, and to those that are there: how long they stay was judged.

    Notice and horizon are for new bookings.
    """
    terms = replace(rules.terms, least_notice=0, horizon=FOREVER)
    return replace(rules, terms=terms), replace(rules, terms=replace(terms, shortest_stay=0, longest_stay=FOREVER))

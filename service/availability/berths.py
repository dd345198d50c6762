"""Berth slots: the earliest places for a ship, on one quay or on many."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice

from service.availability.measures import blocked_metres
from service.availability.places import Quay, Terms, berths_touched
from service.availability.rules import Barred, barred_to_all, barred_to_ship
from service.availability.slots import BerthAsk, BerthSlot
from service.availability.timetable import QuayTimetable, Slices, metres
from service.availability.windows import Place, Track, places


def berth_slots(quay: Quay, timetable: QuayTimetable, ask: BerthAsk, now: int) -> Iterator[BerthSlot]:
    """Yield the slots of one quay lazily: the earliest first, then the tightest fit, then the lowest metre.

    The stay lies whole inside the ask's window; the turnaround after it may pass its end, never a claim or a closure.
    Nothing is yielded for a stay outside the bounds of the place: `why_no_berth` tells why.
    """
    need_m = blocked_metres(ask.ship.loa_cm, quay.terms)
    for place in berth_places(quay, timetable, ask, now):
        to_m = place.from_m + need_m
        yield BerthSlot(
            quay=quay,
            berths=berths_touched(quay, place.from_m, to_m),
            from_m=place.from_m,
            to_m=to_m,
            start=place.start,
            end=place.start + ask.stay,
            latest_start=place.latest_start,
            run_m=place.run_m,
        )


def earliest(quays: Iterable[tuple[Quay, QuayTimetable]], ask: BerthAsk, now: int, limit: int) -> list[BerthSlot]:
    """Give the first `limit` slots over any number of quays: by start, tightness of the fit, quay code and metre."""
    offers = (berth_slots(quay, timetable, ask, now) for quay, timetable in quays)
    in_order = merge(*offers, key=lambda slot: (slot.start, slot.run_m, slot.quay.code, slot.from_m))
    return list(islice(in_order, limit))


def berth_places(quay: Quay, timetable: QuayTimetable, ask: BerthAsk, now: int) -> Iterator[Place]:
    """Yield the places of `berth_slots` without their labels."""
    first, last = starts_allowed(ask.stay, ask.start, ask.end, quay.terms, now)
    if first > last:
        return iter(())
    busy = ask.stay + quay.terms.turnaround
    tracks = (
        Track(timetable.at(now), busy),
        Track(slices_of(barred_to_all(quay, first, last + busy)), busy),
        Track(slices_of(barred_to_ship(quay, ask.ship, first, last + ask.stay)), ask.stay),
    )
    return places(quay.length_m, blocked_metres(ask.ship.loa_cm, quay.terms), tracks, first, last)


def starts_allowed(stay: int, start: int, end: int, terms: Terms, now: int) -> tuple[int, int]:
    """Give the first and the last start that a window and the bounds of a place allow; first > last if there is none."""
    if not terms.shortest_stay <= stay <= terms.longest_stay:
        return start, start - 1
    return max(start, now + terms.least_notice), min(end - stay, now + terms.horizon)


def slices_of(bars: Iterable[Barred]) -> Slices:
    """Give what rules bar, as the timetable of a quay gives what claims block."""
    slices = Slices()
    for bar in bars:
        slices.block(metres(bar.from_m, bar.to_m), bar.start, bar.end)
    return slices

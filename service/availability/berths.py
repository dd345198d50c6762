"""Berth slots: the earliest places for a ship, on one quay or on many."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from service.availability.measures import blocked_metres
from service.availability.merging import merged
from service.availability.places import Quay, Terms, berths_touched
from service.availability.reasons import FULL, NO_TIDE
from service.availability.rules import (
    Barred,
    barred_starts,
    barred_to_all,
    barred_to_others,
    barred_to_ship,
)
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


def earliest(
    quays: Iterable[tuple[Quay, QuayTimetable]], ask: BerthAsk, now: int, limit: int
) -> tuple[list[BerthSlot], list[tuple[Quay, QuayTimetable]]]:
    """Give the first `limit` slots over any number of quays, and the quays that have none at all.

    Order: by start, tightness of the fit, quay code and metre.
    """
    offers = (((quay, timetable), berth_slots(quay, timetable, ask, now)) for quay, timetable in quays)
    return merged(offers, lambda slot: (slot.start, slot.run_m, slot.quay.code, slot.from_m), limit)


def berth_places(
    quay: Quay, timetable: QuayTimetable, ask: BerthAsk, now: int, ignoring: Collection[str] = ()
) -> Iterator[Place]:
    """Yield the places of `berth_slots` without their labels, as if the rules of the codes ignored were not there."""
    first, last = starts_allowed(ask.stay, ask.start, ask.end, quay.terms, now)
    if first > last:
        return iter(())
    layers = layers_of(quay, timetable, replace(ask, start=first, end=last + ask.stay), now, ignoring)
    ebbs = () if NO_TIDE in ignoring else barred_starts(quay, ask.ship, ask.stay, first, last)
    tracks = (*tracks_of(layers, ask.stay, quay.terms), Track(slices_of(ebbs), 1))
    return places(quay.length_m, blocked_metres(ask.ship.loa_cm, quay.terms), tracks, first, last)


def starts_allowed(stay: int, start: int, end: int, terms: Terms, now: int) -> tuple[int, int]:
    """Give the first and the last start that a window and the bounds of a place allow; first > last if none."""
    if not terms.shortest_stay <= stay <= terms.longest_stay:
        return start, start - 1
    return max(start, now + terms.least_notice), min(end - stay, now + terms.horizon)


def slices_of(bars: Iterable[Barred]) -> Slices:
    """Give what rules bar, as the timetable of a quay gives what claims block."""
    slices = Slices()
    for bar in bars:
        slices.block(metres(bar.from_m, bar.to_m), bar.start, bar.end)
    return slices


def layers_of(
    quay: Quay, timetable: QuayTimetable, ask: BerthAsk, now: int, ignoring: Collection[str]
) -> tuple[Slices, Slices, Slices]:
    """Give what claims, what closures and partners, and what the facts of the ship block in the window of an ask."""
    until = ask.end + quay.terms.turnaround
    closed = chain(barred_to_all(quay, ask.start, until), barred_to_others(quay, ask.by, ask.start, until, now))
    unfit = barred_to_ship(quay, ask.ship, ask.start, ask.end)
    return (
        Slices() if FULL in ignoring else timetable.at(now),
        slices_of(bar for bar in closed if bar.code not in ignoring),
        slices_of(bar for bar in unfit if bar.code not in ignoring),
    )


def tracks_of(layers: tuple[Slices, Slices, Slices], stay: int, terms: Terms) -> tuple[Track, Track, Track]:
    """Give how long each must be clear: the turnaround after a stay does not count for the facts of the ship."""
    taken, closed, unfit = layers
    busy = stay + terms.turnaround
    return Track(taken, busy), Track(closed, busy), Track(unfit, stay)

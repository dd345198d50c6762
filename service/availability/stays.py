"""The longest stay for which a quay has a slot, where it has none for the stay that was asked."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from service.availability.berths import layers_of, slices_of, starts_allowed, tracks_of
from service.availability.facts import last_passing
from service.availability.measures import ALWAYS, blocked_metres
from service.availability.places import Quay
from service.availability.rules import barred_without_tide
from service.availability.slots import BerthAsk
from service.availability.timetable import QuayTimetable, Slices, metres
from service.availability.windows import Track, has_room, places


def longest_stay(quay: Quay, timetable: QuayTimetable, ask: BerthAsk, now: int) -> int | None:
    """Give the longest stay within bounds for which the quay has a slot; None if none has.

    It has none for the stay that is asked, itself within bounds: what is found is shorter.
    """
    first, last = starts_allowed(quay.terms.shortest_stay, ask.start, ask.end, quay.terms, now)
    if first > last:
        return None
    within = replace(ask, start=first, end=min(ask.end, last + ask.stay))
    layers = layers_of(quay, timetable, within, now, ())
    tidal = slices_of(barred_without_tide(quay, ask.ship, within.start, within.end))
    inquiry = _Inquiry(quay, within, last, blocked_metres(ask.ship.loa_cm, quay.terms), layers)
    ways = [inquiry.at_any_time(tidal)]
    if tidal.starts[1:-1] or tidal.masks[0]:
        ways.append(inquiry.from_tide_to_tide())
    return max((stay for stay in ways if stay is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Inquiry:
    """A ship that looks for a stay as long as may be, up to the one asked, with its last start at the shortest one."""

    quay: Quay
    ask: BerthAsk
    last: int
    need_m: int
    layers: tuple[Slices, Slices, Slices]

    def at_any_time(self, tidal: Slices) -> int | None:
        """Give the longest stay where no tide is waited for.

        Each place found is stretched until something blocks it; then one is looked for, from there on, that is free
        longer.
        """
        longest, stay, first, last = None, self.quay.terms.shortest_stay, self.ask.start, self.last
        while stay <= self.ask.stay and first <= last:
            tracks = (*tracks_of(self.layers, stay, self.quay.terms), Track(tidal, stay))
            place = next(places(self.quay.length_m, self.need_m, tracks, first, last), None)
            if place is None:
                break
            mask = metres(place.from_m, place.from_m + self.need_m)
            longest = min(self.ask.stay, _room(tracks, stay, mask, place.start, self.ask.end))
            stay, first = longest + 1, place.start
            last = min(self.last, self.ask.end - stay)
        return longest

    def from_tide_to_tide(self) -> int | None:
        """Give the longest stay that begins and ends inside tidal windows.

        From one start at which metres come free or a window opens to the next, a stay is the longer the sooner it
        begins: only those starts are looked at. (The stay asked for could begin between them, but it has no slot.)

        tides     ├────┤            ├────┤           ├────┤
        free        ├──────────────────────────────────┤
        stay        ├──────────────────────────────────┤
        """
        shortest = self.quay.terms.shortest_stay
        longest = shortest - 1
        for start in self._openings():
            most = min(self.ask.stay, self.ask.end - start)
            if most <= longest or not self._clear(start, longest + 1):
                continue
            room = last_passing(longest + 1, most + 1, partial(self._clear, start))
            longest = max(longest, _last_on_tide(self.quay.tides, start + room) - start)
        return longest if longest >= shortest else None

    def _openings(self) -> Iterator[int]:
        """Yield the starts on tide, rising, at which something may come free."""
        tides, first = self.quay.tides, self.ask.start
        boundaries = ([low for low, _ in tides], *(slices.starts for slices in self.layers))
        starts = {first}
        for each in boundaries:
            starts.update(each[bisect_left(each, first) : bisect_right(each, self.last)])
        return (start for start in sorted(starts) if _last_on_tide(tides, start) == start)

    def _clear(self, start: int, stay: int) -> bool:
        """Say whether metres enough are free for a stay from its start on, whatever the tide."""
        blocked = 0
        for track in tracks_of(self.layers, stay, self.quay.terms):
            blocked |= track.slices.over(start, start + track.lasts)
        return has_room(metres(0, self.quay.length_m) & ~blocked, self.need_m)


def _room(tracks: Iterable[Track], stay: int, mask: int, start: int, end: int) -> int:
    """Give how long metres that are free for a stay remain so, from its start to the end of the window at most."""
    for track in tracks:
        beyond = track.lasts - stay
        end = track.slices.next_blocked(mask, track.slices.at(start), end + beyond) - beyond
    return end - start


def _last_on_tide(tides: Sequence[tuple[int, int]], until: int) -> int:
    """Give the last instant inside a tidal window that is not after `until`; ALWAYS if there is none."""
    before = bisect_right(tides, until, key=lambda tide: tide[0])
    return min(until, tides[before - 1][1] - 1) if before else ALWAYS

"""The search itself: the metres and starts at which a stretch of quay stays clear long enough.

A start can only become possible when something that blocks ends:

    metres  │ ▓▓▓▓▓▓▓          ▓▓▓▓▓
            │ ▓▓▓▓▓▓▓▓▓▓▓▓           ▓▓▓
            └────────┬────┬────┬───┬──┬──► time
                     ↑    ↑        ↑  ↑    starts looked at, besides the earliest allowed

At each of them one OR of the slices of the stay tells which metres are free all through it. The slices of a rising
start are a queue, and its OR is kept by two stacks, so that a search costs one step for each slice of its window.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import accumulate
from operator import or_

from service.availability.timetable import Slices, metres, runs


@dataclass(frozen=True, slots=True)
class Track:
    """Something that must be clear for the time `lasts` from a start on."""

    slices: Slices
    lasts: int


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position that passes from `start` to `latest_start`; sorted as slots are offered, the tightest fit first."""

    start: int
    run_m: int
    from_m: int
    latest_start: int


def places(length_m: int, need_m: int, tracks: Iterable[Track], first: int, last: int) -> Iterator[Place]:
    """Yield the places for `need_m` metres whose first start lies in `[first, last]`, in the order of `Place`.

    A place is flush with an end of its run of free metres, so that the quay does not fragment:

    run       ├──────────────────────────┤
    places    ├────────┤        ├────────┤
    """
    tracks = tuple(tracks)
    windows = [_Window(track) for track in tracks]
    quay = metres(0, length_m)
    for start in _starts(tracks, first, last):
        blocked = blocked_before = 0
        for window in windows:
            blocked |= window.move(start)
            blocked_before |= window.before(start)
        free = quay & ~blocked
        freed = free if start == first else free & blocked_before
        if freed and free.bit_count() >= need_m:
            yield from sorted(
                Place(start, run_m, from_m, min(window.latest(from_m, need_m, last) for window in windows))
                for run_m, from_m in _flush(free, need_m)
                if freed & metres(from_m, from_m + need_m)
            )


def _starts(tracks: Iterable[Track], first: int, last: int) -> Iterator[int]:
    """Yield the earliest start and, rising, those at which some metre comes free."""
    yield first
    known = first
    for start in merge(*(_openings(track.slices, first, last) for track in tracks)):
        if start > known:
            yield start
            known = start


def _openings(slices: Slices, first: int, last: int) -> Iterator[int]:
    starts, masks = slices.starts, slices.masks
    at_first = slices.at(first)
    blocked = masks[at_first]
    for index in range(at_first + 1, len(starts)):
        if starts[index] > last:
            return
        if blocked & ~masks[index]:
            yield starts[index]
        blocked = masks[index]


def _flush(free: int, need_m: int) -> Iterator[tuple[int, int]]:
    """Yield `(run_m, from_m)` at both ends of each run that is long enough; once if they are one place."""
    for low, high in runs(free):
        if high - low >= need_m:
            yield high - low, low
            if high - low > need_m:
                yield high - low, high - need_m


class _Window:
    """The slices that `[start, start + lasts)` touches, for rising starts, and their OR.

    slices   ... │ a │ b │ c │ d │ e │ ...
                   left    turn     right
    front    a|b|c, b|c, c     (one OR for each slice from which the window may still begin)
    back               d|e
    """

    __slots__ = ("_back", "_front", "_lasts", "_left", "_masks", "_right", "_slices", "_starts", "_turn")

    def __init__(self, track: Track) -> None:
        self._slices, self._lasts = track.slices, track.lasts
        self._starts, self._masks = track.slices.starts, track.slices.masks
        self._left = self._right = self._turn = -1
        self._front: list[int] = []
        self._back = 0

    def move(self, start: int) -> int:
        """Give the metres blocked at any instant of `[start, start + lasts)`; a start never goes back."""
        starts, masks = self._starts, self._masks
        if self._left < 0:
            self._left = self._right = self._turn = bisect_left(starts, start + 1) - 1
        end, right, left = start + self._lasts, self._right, self._left
        while right < len(starts) and starts[right] < end:
            self._back |= masks[right]
            right += 1
        while left + 1 < len(starts) and starts[left + 1] <= start:
            left += 1
        self._left, self._right = left, right
        if left >= self._turn:
            self._front = list(accumulate(reversed(masks[left:right]), or_))
            self._turn, self._back = right, 0
        return self._front[self._turn - left - 1] | self._back

    def before(self, start: int) -> int:
        """Give the metres blocked just before the start to which the window was moved."""
        left = self._left
        return self._masks[left - 1] if left and self._starts[left] == start else self._masks[left]

    def latest(self, from_m: int, need_m: int, last: int) -> int:
        """Give the last start, not after `last`, up to which the metres of a place stay clear."""
        place = metres(from_m, from_m + need_m)
        return self._slices.next_blocked(place, self._right, last + self._lasts) - self._lasts

"""The search itself: the metres and starts at which a stretch of quay stays clear long enough.

A start can only become possible when something that blocks ends:

    metres  │ ▓▓▓▓▓▓▓          ▓▓▓▓▓
            │ ▓▓▓▓▓▓▓▓▓▓▓▓           ▓▓▓
            └────────┬────┬────┬───┬──┬──► time
                     ↑    ↑        ↑  ↑    starts looked at, besides the earliest allowed

At each of them one OR of the slices of the stay tells which metres are free all through it. Most need not be looked at:
a slice in which the ship has no room is a wall that no stay may touch.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from itertools import accumulate
from operator import or_

from service.availability.measures import ALWAYS
from service.availability.timetable import Slices, metres, runs


@dataclass(frozen=True, slots=True)
class Track:
    """Something that must be clear for the time `lasts` from a start on."""

    slices: Slices
    lasts: int


@dataclass(frozen=True, slots=True)
class Place:
    """A position that passes from `start` to `latest_start`, at `start` in a run of `run_m` free metres."""

    start: int
    run_m: int
    from_m: int
    latest_start: int


def places(length_m: int, need_m: int, tracks: Iterable[Track], first: int, last: int) -> Iterator[Place]:
    """Yield the places for `need_m` metres whose first start lies in `[first, last]`: by start, run and metre.

    A place is flush with an end of its run of free metres, so that the quay does not fragment:

    run       ├──────────────────────────┤
    places    ├────────┤        ├────────┤
    """
    windows: list[_Window] = []
    free_ever = metres(0, length_m)
    for track in tracks:
        if track.slices.is_constant:
            free_ever &= ~track.slices.masks[0]
        else:
            windows.append(_Window(track))
    for start in _starts(windows, free_ever, need_m, first, last):
        blocked = blocked_before = 0
        for window in windows:
            of_stay, before = window.move(start)
            blocked |= of_stay
            blocked_before |= before
        free = free_ever & ~blocked
        freed = free if start == first else free & blocked_before
        if freed and free.bit_count() >= need_m:
            for run_m, from_m in sorted(_flush(free, need_m)):
                place = metres(from_m, from_m + need_m)
                if freed & place:
                    latest = min((window.latest(place, last) for window in windows), default=last)
                    yield Place(start, run_m, from_m, latest)


def _starts(windows: Iterable["_Window"], free_ever: int, need_m: int, first: int, last: int) -> Iterator[int]:
    """Yield the earliest start and, rising, those at which some metre comes free and no wall is in the way."""
    yield first
    known = first
    for start in merge(*(_openings(window, free_ever, need_m, first, last) for window in windows)):
        if start > known:
            yield start
            known = start


def _openings(window: "_Window", free_ever: int, need_m: int, first: int, last: int) -> Iterator[int]:
    """Yield the starts, rising, at which some metre comes free, without those of stays that touch a wall.

    slices    │    │ ▓▓▓▓ │    │    │          ▓ a wall: nowhere are `need_m` metres free
    starts    -    -      ↑    ↑
    stay                  ├───────┤            what is read ahead is one stay
    """
    starts, masks, lasts = window.slices.starts, window.slices.masks, window.lasts
    at_first = window.slices.at(first)
    before = free_ever & ~masks[at_first]
    waiting: deque[int] = deque()
    for index in range(at_first + 1, len(starts)):
        start = starts[index]
        while waiting and waiting[0] + lasts <= start:
            yield waiting.popleft()
        if start >= last + lasts:
            return
        free = free_ever & ~masks[index]
        if not has_room(free, need_m):
            waiting.clear()
        elif start <= last and free & ~before:
            waiting.append(start)
        before = free
    yield from waiting


@lru_cache(maxsize=100_000)
def has_room(free: int, need_m: int) -> bool:
    """Say whether a mask of free metres has a run of so many. Folding doubles the length looked for at each step."""
    length = 1
    while length < need_m and free:
        step = min(length, need_m - length)
        free &= free >> step
        length += step
    return bool(free)


def _flush(free: int, need_m: int) -> Iterator[tuple[int, int]]:
    """Yield `(run_m, from_m)` at both ends of each run that is long enough; once if they are one place."""
    for low, high in runs(free):
        if high - low >= need_m:
            yield high - low, low
            if high - low > need_m:
                yield high - low, high - need_m


class _Window:
    """The slices that `[start, start + lasts)` touches, for rising starts, and their OR.

    The ORs of all windows that begin before a turn and end after it are kept as two lists, built when a start passes
    the turn before. So each slice is ORed twice, however many windows it lies in.

    slices   ... │ a │ b │ c │ d │ e │ f │ ...
                           turn
    front     abc, bc, c       back: 0, d, de, def
    """

    __slots__ = ("_back", "_front", "_left", "_right", "_turn", "_turns_at", "lasts", "slices")

    def __init__(self, track: Track) -> None:
        self.slices, self.lasts = track.slices, track.lasts
        self._left = self._right = self._turn = 0
        self._turns_at = ALWAYS
        self._front: list[int] = []
        self._back: list[int] = []

    def move(self, start: int) -> tuple[int, int]:
        """Give the metres blocked at any instant of `[start, start + lasts)`, and those blocked just before it.

        A start never goes back.
        """
        if start >= self._turns_at:
            self._turn_at(start)
        starts, left, right, end = self.slices.starts, self._left, self._right, start + self.lasts
        while starts[left + 1] <= start:
            left += 1
        while starts[right] < end:
            right += 1
        self._left, self._right = left, right
        before = left - 1 if starts[left] == start else left
        return self._front[self._turn - left - 1] | self._back[right - self._turn], self.slices.masks[before]

    def latest(self, place: int, last: int) -> int:
        """Give the last start, not after `last`, up to which the metres of a place stay clear."""
        return self.slices.next_blocked(place, self._right, last + self.lasts) - self.lasts

    def _turn_at(self, start: int) -> None:
        """Make the end of the window of a start the next turn."""
        starts, masks = self.slices.starts, self.slices.masks
        self._left = self.slices.at(start)
        self._turn = self._right = bisect_left(starts, start + self.lasts)
        self._turns_at = starts[self._turn]
        last = bisect_left(starts, self._turns_at + self.lasts)
        self._front = list(accumulate(reversed(masks[self._left : self._turn]), or_))
        self._back = list(accumulate(masks[self._turn : last], or_, initial=0))

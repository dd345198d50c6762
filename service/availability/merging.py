"""The earliest offers of many places, without working out more of them than are wanted."""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import chain, islice
from typing import Any, TypeVar

P = TypeVar("P")
S = TypeVar("S")


def merged(
    offers: Iterable[tuple[P, Iterator[S]]], order: Callable[[S], tuple[Any, ...]], limit: int
) -> tuple[list[S], list[P]]:
    """Merge the offers of places, each in order by itself, and tell the places that have none.

    Only the first offer of each place is worked out for certain; the others as the merge gets to them.
    """
    lines: list[Iterator[S]] = []
    without: list[P] = []
    for place, slots in offers:
        first = next(slots, None)
        if first is None:
            without.append(place)
        else:
            lines.append(chain((first,), slots))
    return list(islice(merge(*lines, key=order), limit)), without

"""Bookings that have lost their places, placed anew together: no two in one slot, none earlier, all as early as may be.

    metres │ ░░A░░                A, B: where they stood; the quay is closed there
           │ ░░░B░░░
           ├────────────────
           │ ▓▓▓▓▓ A' ▓▓▓▓ B'    A', B': where they go, both within the tolerance
           └───────────────────► time

A booking moves whole or not at all. Of its legs those go that must. A leg that stays would stand before the end of one
that it came after: it goes too, later by as much. What came before a leg that goes stays where it is.
"""

from collections.abc import Iterable, Sequence

from service.availability.moves import Havens, Moves, Touched
from service.availability.trial import Trial

_NEIGHBOURS = 4  # others that a booking tries to change turns with
_TURNS = 2  # for each booking placed, changes of turns that are tried at most


def placed(touched: Iterable[Touched], havens: Havens, tolerance: int, now: int, *, improve: bool = True) -> Moves:
    """Give, by booking, the new spots of the legs that go, by leg; a booking that is left out can't be moved.

    `tolerance` (microseconds) is the most by which a leg may start later. The earliest booking chooses first; then two
    change turns where that leaves fewer without a place, or makes less delay in all. The same world gives the same
    answer. The timetables of the havens are changed: they hold the moves afterwards.
    """
    trial = Trial(havens, tolerance, now)
    order = sorted(touched, key=lambda each: (each.start, each.booking))
    for each in order:
        trial.settle(each)
    for each in order:
        trial.move(each)
    if improve:
        _improved(trial, order)
    return trial.moves


def _improved(trial: Trial, order: Sequence[Touched]) -> None:
    """Let bookings that are late or without a place change turns with others near them, while that makes it better."""
    turns = _TURNS * len(order)
    better = True
    while better and turns > 0:
        better = False
        for late in [each for each in order if trial.cost(each) > (0, 0)]:
            for other in _near(trial, late, order):
                turns -= 1
                if turns < 0:
                    return
                if trial.change_turns(late, other):
                    better = True
                    break


def _near(trial: Trial, late: Touched, order: Sequence[Touched]) -> list[Touched]:
    """Give the moved bookings that stand where a late one might have stood, the least late first."""
    wanted = [(stay.start, stay.end) for stay in late.stays if stay.must_go]
    near = [
        each
        for each in order
        if each is not late
        and any(
            spot.start < end and start < spot.end
            for spot in trial.moves.get(each.booking, {}).values()
            for start, end in wanted
        )
    ]
    return sorted(near, key=lambda each: (trial.cost(each), each.start, each.booking))[:_NEIGHBOURS]

"""The least change of a stay or a window that leaves any start at all, whatever is asked for."""

from dataclasses import dataclass

from service.availability.places import Terms
from service.availability.reasons import NO_GAP, STAY_TOO_LONG, STAY_TOO_SHORT, TOO_EARLY


@dataclass(frozen=True, slots=True)
class Reachable:
    """A stay that leaves a start in the window `[.., end)`, and the codes of the rules that changed them.

    `within` is the stay nearest to the one asked that is within bounds, whether or not the window has room for it.
    """

    stay: int
    end: int
    within: int
    stay_codes: tuple[str, ...] = ()
    end_codes: tuple[str, ...] = ()


def reachable(stay: int, start: int, end: int, terms: Terms, now: int) -> Reachable:
    """Give a stay within bounds and cut to the window, or if no stay fits into it a longer window.

    asked      ├──────┤ end                    asked        ├──┤ end
    stay       ├───────────────┤               shortest     ├──────┤
    stay now   ├──────┤                        window now   ├──────┤ end
    """
    first = max(start, now + terms.least_notice)
    within = min(max(stay, terms.shortest_stay), terms.longest_stay)
    codes = (STAY_TOO_SHORT,) if within > stay else (STAY_TOO_LONG,) if within < stay else ()
    if end - first >= terms.shortest_stay:
        return Reachable(min(within, end - first), end, within, codes)
    return Reachable(within, first + within, within, codes, (TOO_EARLY if end <= first else NO_GAP,))

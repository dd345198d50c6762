"""How a ship must change so that something passes: the fewest facts, and each as little as possible.

`passes` judges one ship. Numbers are settled one after the other, those before already replaced and those after open.
So no number can be raised again afterwards, whatever the others.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import combinations, product

from service.availability.facts import FACTS, LISTED, MEASURED, changed, largest, least, listed
from service.availability.places import Quay, Ship
from service.availability.reasons import UNKNOWN


def variants(quay: Quay, ship: Ship, fields: Collection[str]) -> Iterator[Ship]:
    """Yield ships of which one passes if any does that differs in these fields only, measured ones no larger."""
    choices = [listed(quay, field) if field in LISTED else least(quay, ship, field) for field in fields]
    for values in product(*choices):
        yield changed(ship, **dict(zip(fields, values, strict=True)))


def fewest(
    quay: Quay, ship: Ship, met: Collection[str], passes: Callable[[Ship, tuple[str, ...]], bool]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Give the fewest facts that must change, and the rules to be forgiven; None if even all of them are not enough.

    Rules that the ship has `met` as it is come first: a shorter ship may slip into a band of other limits, but whom the
    draught keeps out is told of the draught. Of equally few the first in the order of FACTS. The one rule that no fact
    of the ship satisfies, and that may therefore be forgiven, is `limit-unknown`; `passes` is told whether it is.
    """
    codes = (*(code for code, field in FACTS.items() if getattr(ship, field) is not None), UNKNOWN)

    def enough(yielding: tuple[str, ...]) -> bool:
        fields, forgiven = _parted(yielding)
        return any(passes(other, forgiven) for other in variants(quay, ship, fields))

    if not enough(codes):
        return None
    known = tuple(code for code in codes if code in met)
    subsets = (
        subset for some in (known, codes) for size in range(len(some) + 1) for subset in combinations(some, size)
    )
    return _parted(next((subset for subset in subsets if enough(subset)), codes))


def measured(quay: Quay, ship: Ship, fields: Collection[str], passes: Callable[[Ship], bool]) -> Ship:
    """Give the ship with the measured ones of these fields at the largest values that pass; some `variants` must."""

    def some(one: Ship, *, still_open: Collection[str]) -> bool:
        return any(map(passes, variants(quay, one, still_open)))

    still_open = set(fields)
    for field in (field for field in MEASURED if field in fields):
        still_open.discard(field)
        most = largest(quay, ship, field, partial(some, still_open=frozenset(still_open)))
        ship = ship if most is None else changed(ship, **{field: most})
    return ship


def choices(ships: Iterable[Ship], asked: Ship) -> tuple[tuple[str | None, ...], tuple[str | None, ...]]:
    """Give the cargoes and the hazard classes of these ships that go together in every combination.

    What was asked stands alone where it will do.
    """
    pairs = [(ship.cargo, ship.hazard_class) for ship in ships]
    cargoes = list(dict.fromkeys(cargo for cargo, _ in pairs))
    some_cargo = asked.cargo if asked.cargo in cargoes else cargoes[0]
    hazards = [hazard for cargo, hazard in pairs if cargo == some_cargo]
    if asked.hazard_class in hazards:
        hazards = [asked.hazard_class]
    cargoes = [cargo for cargo in cargoes if all((cargo, hazard) in pairs for hazard in hazards)]
    return ((asked.cargo,) if asked.cargo in cargoes else tuple(cargoes)), tuple(hazards)


def _parted(codes: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the facts of which some rules speak, and the rules that speak of none."""
    return tuple(FACTS[code] for code in codes if code in FACTS), tuple(code for code in codes if code not in FACTS)

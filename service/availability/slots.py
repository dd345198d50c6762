"""What is asked, and what is offered."""

from dataclasses import dataclass
from datetime import date

from service.availability.places import Quay, Ship, Warehouse


@dataclass(frozen=True, slots=True)
class BerthAsk:
    """A ship looks for a stay of `stay` microseconds that lies whole inside `[start, end)`.

    `by` is the organisation that asks: what is kept for it is free to it.
    """

    ship: Ship
    stay: int
    start: int
    end: int
    by: str | None = None


@dataclass(frozen=True, slots=True)
class BerthSlot:
    """A place on offer: the metres `[from_m, to_m)`, clearance included, for the stay `[start, end)`.

    Every start from `start` to `latest_start`, both included, passes at the same metres. `run_m` is the length of the
    free stretch around the place at `start`: the shorter, the tighter the fit.

                   start                latest_start
    starts      ────├──────────────────────┤────
    stay            ├────────────┤ end
    """

    quay: Quay
    berths: tuple[str, ...]
    from_m: int
    to_m: int
    start: int
    end: int
    latest_start: int
    run_m: int


@dataclass(frozen=True, slots=True)
class StorageAsk:
    """Goods look for `quantity` of floor for `stay` microseconds inside `[start, end)`; what is None is not judged.

    `by` is the organisation that asks: what is kept for it is free to it. Of goods that are there, each part that has
    `gone` needs no floor from a local day on.
    """

    quantity: int
    unit: str | None
    bonded: bool | None
    hazard_class: str | None
    stay: int
    start: int
    end: int
    by: str | None = None
    gone: tuple[tuple[date, int], ...] = ()


@dataclass(frozen=True, slots=True)
class StorageSlot:
    """Floor on offer for `[start, end)`, that is on the local days `[first_on, last_on)`.

    `free` is the least quantity free on any of those days, the quantity asked for included. Every start from `start`
    to `latest_start`, both included, passes.
    """

    warehouse: Warehouse
    quantity: int
    free: int
    start: int
    end: int
    latest_start: int
    first_on: date
    last_on: date

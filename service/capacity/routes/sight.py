"""What a question looks at, and for whom."""

from collections.abc import Sequence
from typing import Literal

from fastapi import Request

from service.auth import Forwarder, Principal
from service.availability import Ship
from service.capacity.operations import Sight, Timetables
from service.capacity.schemas import ShipFacts, Vessel
from service.errors import Fault, Unfit
from service.ports.operations import Rulebook
from service.problems import InvalidRequest


class PortUnknown(Unfit):
    """The search names a port that is not served.

    `GET /v1/ports` lists the ports with their UN/LOCODEs.
    """


async def sight_of(request: Request, ports: Sequence[str], asked_at: str, kind: str | None = None) -> Sight:
    """Give the places of these ports, of one kind or both; `asked_at` points at where the request names the ports."""
    timetables: Timetables = request.app.state.timetables
    sight = await timetables.look(ports, kind)
    served = {place.port for place, _ in (*sight.quays, *sight.warehouses)}
    faults = [Fault(asked_at, "port-unknown", f"{port} is not served.") for port in ports if port not in served]
    if faults:
        raise PortUnknown(faults[0].message, faults=faults)
    return sight


async def sight_of_place(request: Request, kind: Literal["quay", "warehouse"], code: str) -> Sight:
    """Give one place alone; `kind` is also the name under which the query asks for it."""
    rulebook: Rulebook = request.app.state.rulebook
    timetables: Timetables = request.app.state.timetables
    place = (await rulebook.of([code])).get(code)
    if place is None or place.kind != kind:
        raise InvalidRequest(faults=[Fault(f"?{kind}", "place-unknown", f"There is no {kind} {code}.")])
    return (await timetables.look([place.port], kind)).only(place.id)


def ship_of(facts: ShipFacts | Vessel, cargo: str | None, hazard_class: str | None) -> Ship:
    """Give a ship as the engine judges it."""
    return Ship.in_metres(
        facts.loa_m, facts.beam_m, facts.draught_m, dwt_t=facts.dwt_t, cargo=cargo, hazard_class=hazard_class
    )


def for_whom(by: Principal) -> str | None:
    """Give the organisation that would own what is booked: what is kept for it is free to it."""
    return by.organisation_id if isinstance(by, Forwarder) else None

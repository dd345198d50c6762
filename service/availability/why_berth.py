"""Why a quay has no berth for a ship: every rule that stands in the way, and what would satisfy it."""

from collections.abc import Iterator
from dataclasses import replace

from service.availability.facts import FACTS, LISTED, changed
from service.availability.fitting import choices
from service.availability.inquiry import Answer, Inquiry
from service.availability.places import Quay, Ship
from service.availability.reachable import Reachable, reachable
from service.availability.reasons import KEPT, NO_GAP, NOT_BOOKABLE, TOO_FAR_AHEAD, Need, Reason
from service.availability.rules import barred_to_ship
from service.availability.slots import BerthAsk
from service.availability.timetable import QuayTimetable


def why_no_berth(quay: Quay, timetable: QuayTimetable, ask: BerthAsk, now: int) -> list[Reason]:
    """Give every rule that stands in the way of an ask for which `berth_slots` yields nothing.

    All needs merged into the ask pass; a number or time moved back towards what was asked fails again. A rule that no
    change of the query satisfies has no need.
    """
    if not any(berth.bookable for berth in quay.berths):
        return [Reason(NOT_BOOKABLE)]
    if ask.start > now + quay.terms.horizon:
        return [Reason(TOO_FAR_AHEAD)]
    window = reachable(ask.stay, ask.start, ask.end, quay.terms, now)
    inquiry = Inquiry(quay, timetable, ask, now, window)
    answers = (inquiry.answer(ship) for ship in _judged_less(ask.ship))
    answer = next((answer for answer in answers if answer is not None), None)
    reasons = _reasons(ask, window, answer) if answer else _hopeless(inquiry)
    return [replace(reason, released_at=inquiry.released_at()) if reason.code == KEPT else reason for reason in reasons]


def _judged_less(ship: Ship) -> Iterator[Ship]:
    """Yield the ship, then what is left of it if no hazard class or no cargo that a berth takes can help."""
    yield ship
    if ship.hazard_class is not None:
        yield changed(ship, hazard_class=None)
    if ship.cargo is not None:
        yield changed(ship, cargo=None)
    if ship.hazard_class is not None and ship.cargo is not None:
        yield changed(ship, hazard_class=None, cargo=None)


def _reasons(ask: BerthAsk, window: Reachable, answer: Answer) -> Iterator[Reason]:
    for code in window.stay_codes:
        yield Reason(code, Need("duration", answer.stay))
    yield from _facts_changed(ask.ship, answer.ships)
    for code in answer.end_codes:
        yield Reason(code, Need("to", answer.end) if answer.end != ask.end else None)
    if answer.stay < window.within:
        yield Reason(NO_GAP, Need("duration", answer.stay))


def _facts_changed(asked: Ship, ships: tuple[Ship, ...]) -> Iterator[Reason]:
    listed = dict(zip(LISTED, choices(ships, asked), strict=True))
    for code, field in FACTS.items():
        before = getattr(asked, field)
        if field in LISTED and listed[field] != (before,):
            values = tuple(value for value in listed[field] if value is not None)
            yield Reason(code, Need(field, values) if values else None)
        elif field not in LISTED and getattr(ships[0], field) != before:
            yield Reason(code, Need(field, getattr(ships[0], field)))


def _hopeless(inquiry: Inquiry) -> Iterator[Reason]:
    """Yield what stands in the way where no change of the query up to the horizon would pass."""
    near = inquiry.near
    for ship in _judged_less(near.ship):
        fit = inquiry.fit(ship)
        if fit is not None:
            yield from _facts_changed(near.ship, fit.ships)
            yield from map(Reason, inquiry.blocked_by(fit.ships, fit.forgiven))
            return
    bars = barred_to_ship(inquiry.quay, near.ship, near.start, near.end)
    yield from map(Reason, dict.fromkeys(bar.code for bar in bars if bar.start < near.end and near.start < bar.end))

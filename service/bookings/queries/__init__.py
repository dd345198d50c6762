"""SQL of bookings: made, changed, listed."""

from service.bookings.queries.history import Entry, history
from service.bookings.queries.lists import ORDERS, Filters, Order, listed, one
from service.bookings.queries.making import Booked, book, first_answer
from service.bookings.queries.standing import (
    Standing,
    Terms,
    firm_up,
    give_back,
    lock_places,
    locked,
    next_lapsed,
    record,
    shown,
    standing,
    store,
    terms,
)

__all__ = [
    "ORDERS",
    "Booked",
    "Entry",
    "Filters",
    "Order",
    "Standing",
    "Terms",
    "book",
    "firm_up",
    "first_answer",
    "give_back",
    "history",
    "listed",
    "lock_places",
    "locked",
    "next_lapsed",
    "one",
    "record",
    "shown",
    "standing",
    "store",
    "terms",
]

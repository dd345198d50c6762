"""The types of events that the service writes: what each one says has happened, and what its `current` is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event: what it says has happened, in a line, and the kind of thing that its `current` is."""

    name: str
    kind: str
    meaning: str


def _types(kind: str, **meanings: str) -> list[EventType]:
    """Give the types of one subject; `hold_extended` is `booking.hold-extended` where the kind is `booking`."""
    return [EventType(f"{kind}.{each.replace('_', '-')}", kind, meaning) for each, meaning in meanings.items()]


_LISTED = [
    *_types(
        "booking",
        held="A reservation hold was made.",
        pending="A booking waits for the approval of an operator.",
        confirmed="A booking is firm.",
        hold_extended="A reservation hold lasts longer.",
        expired="A reservation hold, or a booking that waited for approval, has lapsed.",
        amended="The forwarder has changed the booking.",
        shifted="The operator has moved a leg along the quay, to another place or in time.",
        moved="A change of the rules, such as a closure, has moved the booking.",
        approved="An operator has said yes; `awaits` names those who have yet to.",
        rejected="An operator has said no before the booking was confirmed.",
        declined="An operator has taken a confirmed booking back.",
        displaced="A change of the rules, such as a closure, has left the booking no place.",
        cancelled="The forwarder has given the booking up.",
        change_requested="A change waits beside the booking for the approval of an operator.",
        change_approved="The change that waited has been made.",
        change_declined="The change that waited will not be made; the booking stands as it was.",
        change_lapsed="Nobody approved the change in time, or it came too late; the booking stands as it was.",
        arrived="A ship is alongside, or goods are in.",
        completed="A ship has sailed, or the goods of a leg are out.",
        gated_in="Goods of a leg came into a warehouse, a part or all.",
        gated_out="Goods of a leg left a warehouse, a part or all.",
        discrepancy="The gate found what is not as it was declared.",
        customs_references_added="The goods travel under more customs references.",
        no_show="Nobody came for a leg in time.",
        overstay="A leg has not left by the end of its window, or goods lie longer than they may.",
        hindered="A booking that is to come meets one that has not left.",
    ),
    *_types(
        "customs",
        not_declared="Nothing that customs has said of a reference stands any more.",
        declared="The goods under a reference are declared.",
        examination="Customs wants to scan or inspect the goods under a reference.",
        held="Customs holds the goods under a reference, or has placed or lifted one of several holds.",
        released="Customs has released the goods under a reference.",
        gated_out="All goods under a reference have left, released.",
        exited="The goods under a reference have crossed the border.",
        discharged="Customs has released what has crossed the border: the transit is over.",
        cancelled="The declaration under a reference is cancelled.",
    ),
    EventType(
        "customs.discrepancy",
        "customs-discrepancy",
        "What customs declares of goods is not what is booked; for operators and customs.",
    ),
    *_types("customs-event", received="Customs has sent an event; for the sender alone."),
    *_types("customs-batch", received="Customs has sent several events under one key; for nobody but admins."),
    *_types("customs-movement", validated="Customs has asked whether goods are as declared; for the asker alone."),
    *_types("closure", made="A place, or a part of it, is closed.", lifted="A closure ends sooner than it said."),
    *_types("draught-notice", published="There are other limits of draught."),
    *_types("tidal-windows", published="There are other tidal windows of a port."),
    *_types("partner-group", made="There is a group of partners.", changed="A group of partners has changed."),
    *_types(
        "berth-window",
        made="A stretch of quay is kept for partners.",
        released="A stretch of quay that was kept for partners is free for all.",
    ),
    *_types(
        "allotment",
        made="A part of a floor is kept for partners.",
        released="A part of a floor that was kept for partners is free for all.",
    ),
    *_types("port", opened="There is a new port."),
    *(
        each
        for kind, it in {
            "terminal": "terminal",
            "free-zone": "free zone",
            "quay": "quay",
            "berth": "berth",
            "warehouse": "warehouse",
        }.items()
        for each in _types(
            kind, created=f"There is a new {it}.", changed=f"A {it} has changed.", retired=f"A {it} is booked no more."
        )
    ),
    *_types(
        "organisation",
        created="There is a new organisation.",
        mandated="An operator may act on further facilities.",
    ),
    *_types("key", created="A key was made; never the key itself.", revoked="A key was revoked."),
    *_types(
        "webhook-endpoint",
        created="There is a new webhook endpoint; never its secret.",
        changed="Its owner has changed a webhook endpoint.",
        secret_rotated="A webhook endpoint has a new secret; the one before signs for a day, too.",  # noqa: S106  it is none
        failing="A webhook endpoint has failed for long, and is disabled if the next try fails too.",
        disabled="Nothing more is sent to a webhook endpoint: it is gone, or has failed too long.",
        deleted="A webhook endpoint was deleted.",
    ),
    *_types("webhook-delivery", resent="A delivery was put up once more."),
    *_types("webhook-replay", requested="A part of the feed is delivered to a webhook endpoint again."),
    *_types("webhook", ping="A webhook endpoint is tried out; delivered to that one alone."),
    *_types("ledger", reconciled="Counters of capacity that were not what is claimed have been mended."),
]
TYPES: dict[str, EventType] = {each.name: each for each in _LISTED}

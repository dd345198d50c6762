"""What is said of a port, or of a thing in it, that can't be shown, made or changed."""

from service.errors import Conflict, NotFound, Outdated, Unfit


class PortNotFound(NotFound):
    """There is no such port here.

    `GET /v1/ports` lists the ports of this installation by their UN/LOCODE: PKKHI, PKGWD.
    """


class FacilityNotFound(NotFound):
    """There is no such terminal or free zone, or it is not yours to change.

    `GET /v1/ports/{unlocode}` lists the terminals and free zones of a port. Whoever runs the installation makes new
    ones, and gives your organisation the mandate for them. A mandate takes up to 5 s to be known.
    """


class PlaceNotFound(NotFound):
    """There is no such quay, berth or warehouse, or it is not yours to change.

    `GET /v1/ports/{unlocode}` lists them by facility. All may look; only the operator of the facility makes changes.
    """


class CodeTaken(Conflict):
    """Something has this code already.

    Codes are for ever: also what has been retired keeps its own. Choose another.
    """


class CodeElsewhere(Unfit):
    """A code begins with that of the port, and a berth's with that of its quay.

    `KZAAU-T1` is at `KZAAU`, and `KZAAU-Q1-1` at the quay `KZAAU-Q1`.
    """


class TimeZoneUnknown(Unfit):
    """The database has no rules for this time zone.

    Use another name for it from the IANA time zone database, such as Asia/Aqtau.
    """


class PlaceChanged(Outdated):
    """It has been changed since you read it.

    `version` is what it is now. Read it again, and send its new ETag with `If-Match`.
    """


class PlaceRetired(Conflict):
    """It has been retired, and nothing of it changes any more.

    `retired_at` says when. What is retired stays in the history and is never booked; make a new one under another code.
    """


class BerthsOverlap(Unfit):
    """Two berths of a quay can't share a part of it.

    `berths` names them. Leave `from_m` out, and a new berth begins where the last one ends.
    """


class QuayTooLong(Unfit):
    """A quay ends within 10 km.

    Check `from_m` and `length_m`, which are metres; make a second quay if there is one.
    """


class TermsAtOdds(Unfit):
    """Two parameters of the place don't go together.

    `errors` says which must not be longer than which, with those that stay as they are. Change both at once.
    """


class UnitFixed(Conflict):
    """The floor has been booked in another unit.

    Its history is told in that unit. Retire the warehouse, and make a new one.
    """


class FloorKeptForPartners(Conflict):
    """More of this floor is kept for partners than it would have.

    `kept` is the most that is kept on any day. End an allotment first.
    """

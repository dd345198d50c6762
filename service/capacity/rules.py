"""The refusals of places: one for each rule that the engine judges, and for capacity that has gone."""

from service.errors import Conflict, Refusal, Unfit, every_refusal


class SlotTaken(Conflict):
    """The stretch of quay has been taken for that time.

    `alternatives` are slots that were free a moment ago; each can be sent back as a leg as it stands.
    """


class StorageFull(Conflict):
    """The floor has not so much left on every day of that window.

    `alternatives` are slots that were free a moment ago. In a search: `needs` says how much would fit.
    """


class Closed(Conflict):
    """The place is closed for a part of that time.

    `alternatives` are slots beside or after the closure. In a search: `needs` says how far the window must reach.
    """


class Full(Conflict):
    """Every stretch of quay that is long enough is taken in that window.

    `needs` says how far the window must reach for the ship to find a place.
    """


class NoGapLongEnough(Conflict):
    """There is room in that window, and nowhere for so long.

    `needs` says the longest stay that would fit.
    """


class KeptForPartners(Conflict):
    """The place is kept for partners of its operator for a part of that time.

    `released_at` says when the first of it is open to all, unless they have taken it. In a search: `needs` says how far
    the window must reach to do without.
    """


class NoJointWindow(Conflict):
    """No berth and floor of the port go together in that window.

    `needs` says how long after one another they would be, or how far the window must reach.
    """


class NotBookable(Unfit):
    """The place is shown for information and can't be booked.

    Its measures are not known well enough, or it serves the port's own craft. Choose another place.
    """


class OffTheQuay(Unfit):
    """The stretch of quay reaches past its ends.

    A ship blocks its length and its mooring clearance: `from_m` and that must lie on the quay.
    """


class CargoNotHandled(Unfit):
    """The berths do not handle this class of cargo.

    `needs` lists the classes that they do.
    """


class HazardNotApproved(Unfit):
    """The place is not approved for goods of this hazard class.

    `needs` lists the IMDG classes that it is approved for. Hazardous goods go only where an area is approved for them.
    """


class VesselTooLong(Unfit):
    """The ship is longer than the place allows.

    `needs` says the greatest length over all.
    """


class VesselTooWide(Unfit):
    """The ship is wider than the place allows.

    `needs` says the greatest beam.
    """


class VesselTooHeavy(Unfit):
    """The ship's deadweight is more than the place allows.

    `needs` says the greatest DWT in tonnes.
    """


class DraughtExceeded(Unfit):
    """The ship draws more than the notices in force permit during the stay.

    `needs` says the greatest draught. Notices are dated: another window may permit more.
    """


class NoTide(Unfit):
    """The ship draws so much that it must come and go with the tide, and this stay does not.

    Both its start and its end must each lie inside a tidal window of the port. In a search: `needs` says how far the
    window must reach for that. With less draught it need not wait.
    """


class LimitUnknown(Unfit):
    """No notice says what the berths permit for a part of the stay.

    What nobody has vouched for is not offered. `needs` says when notices cover the stay.
    """


class UnitNotOffered(Unfit):
    """The warehouse is measured in another unit.

    `needs` lists its unit.
    """


class NotBonded(Unfit):
    """The warehouse is not bonded.

    Goods under customs control need a bonded warehouse.
    """


class StayTooShort(Unfit):
    """The stay is shorter than the place accepts.

    `needs` says the shortest stay.
    """


class StayTooLong(Unfit):
    """The stay is longer than the place accepts.

    `needs` says the longest stay.
    """


class StartsInThePast(Unfit):
    """The stay would start in the past, or sooner than the place's least notice.

    `server_time` is the service's clock.
    """


class TooFarAhead(Unfit):
    """The stay would start later than the place takes bookings for.

    Bookings open 550 days ahead unless the place says otherwise.
    """


def refusal_of(code: str) -> type[Refusal]:
    """Give the refusal for an engine's reason: `draught-exceeded` -> DraughtExceeded."""
    return _BY_CODE[code]


EVERY_RULE = tuple(each for each in every_refusal() if each.__module__ == __name__)
_BY_CODE = {each.code(): each for each in EVERY_RULE}

"""What examples show under the name of a field: one ship, one booking and its places, the same on every route.

A name has one meaning everywhere (docs/glossary.md). Where it has several, the fields have `examples` of their own, or
their model is named here before the field.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Like:
    """Stands for the example of a model."""

    model: str


_ID = "01kb3v7x9ef6wvq0m8y3k2n5ra"
_START, _END = "2026-12-01T06:00:00Z", "2026-12-02T18:00:00Z"
_SLOT = {
    "kind": "berth",
    "port": "PKGWD",
    "quay": "PKGWD-MPT",
    "berths": ["PKGWD-MPT-1", "PKGWD-MPT-2"],
    "from_m": 0,
    "to_m": 209,
    "window": {"start": _START, "end": _END},
    "time_zone": "Asia/Karachi",
}
_STORING = {"start": _END, "end": "2026-12-12T18:00:00Z"}
_LATER = {"start": "2026-12-01T12:00:00Z", "end": "2026-12-03T00:00:00Z"}
_VESSEL = {"name": "CASPIAN TRADER", "imo": "9074729", "loa_m": 190.0, "beam_m": 28.0, "draught_m": 10.5}
_CARGO = {"class": "general", "hs_code": "7202", "weight_t": 24000, "packages": 1200, "transit_regime": "TIR"}
_REFERENCE = {"type": "GD", "country": "PK", "value": "KAPW-HC-22012-18-08-2022"}

WHO: dict[str, Any] = {
    "organisation_id": f"org_{_ID}",
    "organisations": [f"org_{_ID}"],
    "on_behalf_of": f"org_{_ID}",
    "key_id": f"key_{_ID}",
    "key": "psk_test_...",
    "hint": "w3Qk",
    "scopes": ["bookings:read", "bookings:write", "slots:read"],
    "role": "forwarder",
    "rate_per_s": 500,
    "expires_at": "2026-11-25T09:15:00Z",
    "revoked_at": None,
    "last_used_at": "2026-11-25T09:01:10Z",
    "by": "Gwadar Marine Terminal",
    "By.name": "Steppe Forwarding",
    "authority": "Gwadar Port Authority",
    "operator": "Gwadar International Terminals",
}
WHERE: dict[str, Any] = {
    "unlocode": "PKGWD",
    "port": "PKGWD",
    "country": "PK",
    "Shipper.country": "KZ",
    "time_zone": "Asia/Karachi",
    "latitude": 25.11,
    "longitude": 62.33,
    "facility": "PKGWD-GMT",
    "facilities": ["PKGWD-GMT", "PKGWD-FZS"],
    "terminal": "PKGWD-GMT",
    "free_zone": "PKGWD-FZS",
    "smdg": "GWD",
    "quay": "PKGWD-MPT",
    "place": "PKGWD-MPT",
    "berth": "PKGWD-MPT-1",
    "berths": ["PKGWD-MPT-1", "PKGWD-MPT-2"],
    "warehouse": "PKGWD-FZS-W1",
    "from_m": 0,
    "to_m": 209,
    "length_m": 602,
    "unit": "m2",
    "capacity": 12000,
    "quantity": 2500,
    "free": 9500,
    "bonded": True,
    "temperature": "ambient",
    "clearance_least_m": 10,
    "clearance_percent": 10,
    "hazard_classes": ["3", "9"],
    "max_dwt_t": 50000,
    "max_loa_m": 200,
    "max_beam_m": None,
    "draught_with_tide_m": 12.5,
    "source": "notice to mariners of the port authority",
    "as_of": "2026-11-01",
    "confidence": "stated",
    "terms_confidence": "assumed",
    "hazard_confidence": "assumed",
    "note": None,
    "notice": f"dn_{_ID}",
    "rules_version": 4,
    "retired_at": None,
    "bookable": True,
    "asks_approval": False,
}
WHEN: dict[str, Any] = {
    "start": _START,
    "end": _END,
    "from": _START,
    "to": "2026-12-20T00:00:00Z",
    "latest_start": "2026-12-03T02:00:00Z",
    "first_on": "2026-12-01",
    "last_on": "2026-12-11",
    "on": "2026-12-01",
    "until": "2027-06-01T00:00:00Z",
    "at": "2026-11-25T09:00:00Z",
    "time": "2026-11-25T09:00:00.120000Z",
    "created_at": "2026-11-25T09:00:00Z",
    "made_at": "2026-11-25T09:00:00Z",
    "updated_at": "2026-11-25T09:00:00Z",
    "updated_since": "2026-11-25T09:00:00Z",
    "published_at": "2026-11-25T09:00:00Z",
    "changed_at": "2026-11-25T09:00:00Z",
    "checked_at": "2026-11-25T09:00:00Z",
    "placed_at": "2026-11-25T09:00:00Z",
    "ran_at": "2026-11-25T09:00:00Z",
    "lifted_at": None,
    "released_at": None,
    "KeptOut.released_at": "2026-11-28T06:00:00Z",
    "arrived_at": None,
    "ended_at": None,
    "every_days": 7,
}
WHAT: dict[str, Any] = {
    "booking_id": f"bkg_{_ID}",
    "booking": f"bkg_{_ID}",
    "leg": f"leg_{_ID}",
    "group": f"pgr_{_ID}",
    "group_id": f"pgr_{_ID}",
    "window_id": f"bwn_{_ID}",
    "allotment_id": f"alt_{_ID}",
    "closure_id": f"cls_{_ID}",
    "closure": f"cls_{_ID}",
    "client_reference": "ALA-2026-118",
    "hold": True,
    "version": 1,
    "vessel": _VESSEL,
    "shipper": {"name": "Steppe Metals", "country": "KZ", "bin": "020240000555"},
    "cargo": _CARGO,
    "contact": {"name": "Aigerim", "email": "desk@steppe.example", "phone": "+7 727 000 00 00"},
    "vessel_name": "CASPIAN TRADER",
    "call_sign": "UNAB1",
    "mmsi": "436000123",
    "gt": 20000,
    "dwt_t": 32000,
    "beam_m": 28,
    "draught_m": 10.5,
    "class": "general",
    "hs_code": "7202",
    "weight_t": 24000,
    "packages": 1200,
    "hazard_class": None,
    "bin": "020240000555",
    "email": "desk@steppe.example",
    "phone": "+7 727 000 00 00",
    "remark": "two gangs wanted",
    "Booking.change": None,
    "Booking.overrides": None,
    "awaits": [],
    "reason": "dredging along the quay",
    "Cancellation.reason": "the ship has been sold",
    "Approval.reason": "the pier is free",
    "Refused.reason": "the pier is out of order",
    "Report.reason": "as planned",
    "Shift.reason": "silt at the bow",
    "Shift.from_m": 50,
    "Retirement.reason": "worn out",
    "Override.reason": "the pilot agrees",
    "on_conflict": "move",
    "tolerance": "PT12H",
    "cause": None,
    "previous": None,
    "Change.current": Like("Booking"),
    "Entry.current": Like("Booking"),
    "needs": {"to": "2026-12-22T00:00:00Z"},
    "message": "It is closed in that time. A window that reaches to 2026-12-22T00:00:00Z would do.",
    "plan": "3f8a4c1d9b7e2a60",
    "TouchedOut.from": _SLOT,
    "TouchedOut.to": _SLOT | {"window": _LATER},
    "delay": "PT6H",
    "longest_delay": "PT6H",
    "customs_reference": "KAPW-HC-22012-18-08-2022",
    "customs_references": [_REFERENCE],
    "reference": _REFERENCE,
    "value": "KAPW-HC-22012-18-08-2022",
    "event_id": "weboc-2026-000118",
    "event_type": "HOLD",
    "event_time": "2026-11-25T08:58:00Z",
    "hold_code": "X-RAY",
    "/livez.": {"status": "alive"},
    "problem": "slot-taken",
    "subject": f"bkg_{_ID}",
    "after": "0000000000000041",
    "Last-Event-ID": "0000000000000041",
    "next": None,
    "Idempotency-Key": "ala-118-first-try",
    "if-match": '"4"',
}
COUNTS: dict[str, Any] = {
    "bookings": 1,
    "moved": 1,
    "displaced": 0,
    "kept": 0,
    "touched": 1,
    "change_dropped": 0,
    "published": 706,
    "replaced": 0,
    "count": 0,
    "lapsed_claims": 0,
    "taken": 2500,
    "closed": 0,
    "yours": 0,
}
WORDS: dict[str, Any] = WHO | WHERE | WHEN | WHAT | COUNTS
# Models whose fields belong together in one way or another; a list shows all that stand here.
_LEG = {"id": f"leg_{_ID}", "kind": "berth", "state": "planned"}
SHAPES: dict[str, list[dict[str, Any]]] = {
    "BerthLeg": [{"kind": "berth", "quay": "PKGWD-MPT", "from_m": 0, "window": _SLOT["window"]}],
    "StorageLeg": [{"kind": "storage", "warehouse": "PKGWD-FZS-W1", "quantity": 2500, "window": _STORING}],
    "LegOut": [
        _LEG | _SLOT,
        _LEG | {
            "id": f"leg_{_ID[:-1]}b", "kind": "storage", "port": "PKGWD", "warehouse": "PKGWD-FZS-W1", "quantity": 2500,
            "unit": "m2", "bonded": True, "window": _STORING, "first_on": "2026-12-02", "last_on": "2026-12-13",
            "time_zone": "Asia/Karachi",
        },
    ],
}  # fmt: skip
# What an operation's answer shows otherwise than all others, since that is what it is for.
ANSWERS: dict[str, dict[str, Any]] = {
    "POST /v1/bookings/{booking_id}/confirm": {"state": "confirmed", "expires_at": None, "version": 2},
    "POST /v1/bookings/{booking_id}/extend-hold": {"expires_at": "2026-11-25T09:30:00Z", "version": 2},
    "POST /v1/bookings/{booking_id}/amend": {"state": "confirmed", "expires_at": None, "version": 3},
    "POST /v1/bookings/{booking_id}/shift": {"state": "confirmed", "expires_at": None, "version": 3},
    "POST /v1/bookings/{booking_id}/approve": {"state": "confirmed", "expires_at": None, "version": 3},
    "POST /v1/bookings/{booking_id}/decline": {"state": "rejected", "expires_at": None, "version": 3},
    "POST /v1/bookings/{booking_id}/cancel": {"state": "cancelled", "expires_at": None, "version": 3},
    "POST /v1/bookings/{booking_id}/arrive": {"state": "arrived", "expires_at": None, "version": 3},
    "POST /v1/bookings/{booking_id}/complete": {"state": "completed", "expires_at": None, "version": 4},
    "POST /v1/bookings/{booking_id}/no-show": {"state": "no_show", "expires_at": None, "version": 3},
    "POST /v1/closures/{closure_id}/lift": {"state": "lifted", "lifted_at": "2026-12-01T18:00:00Z"},
    "POST /v1/berth-windows/{window_id}/release": {"released_at": "2026-11-25T09:00:00Z"},
    "POST /v1/allotments/{allotment_id}/release": {"released_at": "2026-11-25T09:00:00Z"},
    "POST /v1/keys/{key_id}/revoke": {"revoked_at": "2026-11-25T09:00:00Z"},
    "POST /v1/admin/keys/{key_id}/revoke": {"revoked_at": "2026-11-25T09:00:00Z"},
    **{
        f"POST /v1/{each}/{{code}}/retire": {"retired_at": "2026-11-25T09:00:00Z"}
        for each in ("terminals", "free-zones", "quays", "berths", "warehouses")
    },
}
# Fields that examples leave out: they are for few, or one excludes another.
LEFT_OUT = frozenset({
    "NewBooking.on_behalf_of", "NewBooking.override", "Shipper.iin", "Shipper.ntn",
    "Amendment.legs", "Amendment.vessel", "Amendment.shipper", "Amendment.contact",
    "Shift.window", "Shift.quay", "Shift.warehouse", "Shift.override",
    "NewClosure.berth", "NewClosure.warehouse", "NewClosure.quantity", "NewClosure.places",
    "ClosedPlace.berth", "ClosedPlace.warehouse", "ClosedPlace.quantity",
    "ClosedPlaceOut.berth", "ClosedPlaceOut.warehouse", "ClosedPlaceOut.quantity", "ClosedPlaceOut.unit",
    "NewDraughtNotice.berth", "NewDraughtNotice.loa_band",
})  # fmt: skip

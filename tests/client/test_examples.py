"""The programs of `examples/` meet more than the tour plays: others book at the same port, each in their own way."""

from examples import customs

GD = "KAPW-HC-22012-18-08-2022"


def confirmed(booking: str, references):
    current = {"id": booking, "customs_references": references}
    return {"type": "booking.confirmed", "subject": booking, "data": {"current": current}}


def test_customs_passes_over_bookings_that_travel_under_no_reference_or_another():
    other = {**customs.reference(GD), "value": "KAPS-HC-36035-06-09-2024"}
    happens = iter(
        [
            confirmed("none", None),
            confirmed("another", [other]),
            confirmed("both", [other, customs.reference(GD)]),
        ]
    )
    assert customs.await_event(happens, "booking.confirmed", GD)["id"] == "both"

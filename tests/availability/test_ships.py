"""A ship's measures, from metres as people write them to whole centimetres."""

from decimal import Decimal

import pytest

from service.availability import Ship


@pytest.mark.parametrize("metres", ["190", "190.5", "1.15", "8.29", "600.00", "0.29"])
def test_metres_to_the_centimetre_are_exact(metres):
    exact = Decimal(metres)
    ship = Ship.in_metres(exact, exact, exact, dwt_t=1, cargo="general", hazard_class="3")
    assert {ship.loa_cm, ship.beam_cm, ship.draught_cm} == {exact.scaleb(2)}
    assert (ship.dwt_t, ship.cargo, ship.hazard_class) == (1, "general", "3")


def test_what_is_not_said_of_a_ship_is_not_judged():
    ship = Ship.in_metres(Decimal(90), None, None, dwt_t=None, cargo=None, hazard_class=None)
    assert ship == Ship(9_000)

"""Random lives of many bookings, closures and notices over HTTP, against the plain model of `port.py`.

After each step the database must hold every invariant, and every booking must be what the model believes.
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from service.app import create_app
from tests.asking import ahead, booking, rfc
from tests.conftest import TEMPLATE, settings_for
from tests.crowd import Crowd
from tests.stateful.port import FLOOR, QUAY, Booked, Goods, Port, Ship, Shut, Stay

ZERO = ahead(20)  # 00:00 UTC, 05:00 at Gwadar: a stay of whole days from here touches one day more
CAPACITY = 12_000

ships = st.builds(Ship, st.sampled_from([90, 180, 290]), st.sampled_from([60, 100, 115]))
stays = st.builds(
    lambda from_m, start, length: Stay(from_m, start, start + length),
    st.sampled_from([0, 100, 200, 300, 400]), st.integers(0, 40), st.integers(4, 24),
)  # fmt: skip
goods = st.builds(
    lambda quantity, first, length: Goods(quantity, first, first + length),
    st.sampled_from([2_000, 5_000, 9_000]), st.integers(0, 6), st.integers(2, 5),
)  # fmt: skip


def hour(at: int) -> str:
    return rfc(ZERO + timedelta(hours=at))


def window_of(stay: Stay) -> dict[str, str]:
    return {"start": hour(stay.start), "end": hour(stay.end)}


def days_of(of: Goods) -> dict[str, str]:
    """The window, from 05:00 to 05:00 at Gwadar less five hours, that touches just these local days."""
    return {"start": hour(24 * of.first), "end": rfc(ZERO + timedelta(hours=24 * of.last - 5))}


def legs_of(stay: Stay | None, of: Goods | None) -> list[dict[str, Any]]:
    berth = {"kind": "berth", "quay": QUAY, "from_m": stay.from_m, "window": window_of(stay)} if stay else None
    floor = {"kind": "storage", "warehouse": FLOOR, "quantity": of.quantity, "window": days_of(of)} if of else None
    return [leg for leg in (berth, floor) if leg]


class Lives(RuleBasedStateMachine):
    """What forwarders and the operator of Gwadar do to each other in a day."""

    server: Any
    keys: dict[str, str]
    _numbers = iter(range(10**9))
    bookings = Bundle("bookings")
    closures = Bundle("closures")

    @initialize()
    def open_port(self) -> None:
        self.model = Port(CAPACITY)
        self.loop = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.crowd = self.loop.run(self._opened())

    async def _opened(self) -> Crowd:
        self.name = f"lives_{next(self._numbers)}"
        await self._control(f"CREATE DATABASE {self.name} TEMPLATE {TEMPLATE}")
        url = self.server.dsn_of(self.name)
        app = create_app(settings_for(url))
        await self.stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://slotway.test", timeout=30)
        await self.stack.enter_async_context(client)
        return Crowd([client], url, self.keys)

    async def _control(self, statement: str) -> None:
        connection = await asyncpg.connect(self.server.dsn)
        await connection.execute(statement)
        await connection.close()

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run(self.stack.aclose())
            self.loop.run(self._control(f"DROP DATABASE {self.name} WITH (FORCE)"))
            self.loop.close()

    def post(self, path: str, body: object = None, **more: Any) -> httpx.Response:
        return self.loop.run(self.crowd.post(path, body, **more))

    @rule(target=bookings, ship=ships, stay=st.none() | stays, of=st.none() | goods, hold=st.booleans())
    def book(self, *, ship: Ship, stay: Stay | None, of: Goods | None, hold: bool) -> str | None:
        if stay is None and of is None:
            return None
        vessel = {"name": "ANY", "loa_m": ship.loa_m, "beam_m": 20, "draught_m": ship.draught_dm / 10}
        answer = self.post("/v1/bookings", booking(*legs_of(stay, of), hold=hold, vessel=vessel))
        expected = self.model.rules_allow(ship, stay, of) and self.model.is_free(ship, stay, of)
        assert (answer.status_code == 201) == expected, answer.text
        if not expected:
            assert answer.status_code in {409, 422}, answer.text
            return None
        made = answer.json()
        state = "held" if hold else "confirmed"
        self.model.booked[made["id"]] = Booked(made["id"], 1, state, ship, stay, of)
        return str(made["id"])

    @rule(booked=bookings)
    def confirm(self, booked: str | None) -> None:
        if booked is None:
            return
        answer = self.post(f"/v1/bookings/{booked}/confirm")
        assert (answer.status_code == 200) == (self.model.booked[booked].state == "held"), answer.text
        if answer.status_code == 200:
            self.model.put(booked, state="confirmed")

    @rule(booked=bookings)
    def cancel(self, booked: str | None) -> None:
        if booked is None:
            return
        answer = self.post(f"/v1/bookings/{booked}/cancel")
        assert (answer.status_code == 200) == self.model.booked[booked].stands, answer.text
        if answer.status_code == 200:
            self.model.put(booked, state="cancelled")

    @rule(booked=bookings)
    def lapse(self, booked: str | None) -> None:
        if booked is not None and self.model.booked[booked].state == "held":
            self.loop.run(self.crowd.lapse(booked))
            self.model.booked[booked] = Booked(**{**vars_of(self.model.booked[booked]), "state": "expired"})

    @rule(booked=bookings, stay=st.none() | stays, of=st.none() | goods)
    def amend(self, booked: str | None, stay: Stay | None, of: Goods | None) -> None:
        if booked is None or (stay is None and of is None):
            return
        known = self.model.booked[booked]
        headers = {"If-Match": f'"{known.version}"'}
        answer = self.post(f"/v1/bookings/{booked}/amend", {"legs": legs_of(stay, of)}, **headers)
        expected = (
            known.stands
            and self.model.rules_allow(known.ship, stay, of)
            and self.model.is_free(known.ship, stay, of, besides=booked)
        )
        assert (answer.status_code == 200) == expected, answer.text
        if expected:
            self.model.put(booked, stay=stay, goods=of)

    @rule(booked=bookings, stay=stays)
    def shift(self, booked: str | None, stay: Stay) -> None:
        known = self.model.booked[booked] if booked else None
        if known is None or known.stay is None or not known.stands:
            return
        shown = self.loop.run(self.crowd.get(f"/v1/bookings/{booked}")).json()
        if known.stay == stay:
            return
        leg = next(each for each in shown["legs"] if each["kind"] == "berth")
        wish = {"leg": leg["id"], "from_m": stay.from_m, "window": window_of(stay), "reason": "another comes first"}
        headers = {"If-Match": f'"{known.version}"'}
        answer = self.post(f"/v1/bookings/{booked}/shift", wish, role="operator_pkgwd", **headers)
        expected = self.model.rules_allow(known.ship, stay, None) and self.model.is_free(
            known.ship, stay, None, booked or ""
        )
        assert (answer.status_code == 200) == expected, answer.text
        if expected:
            self.model.put(known.id, stay=stay)

    @rule(
        target=closures, low=st.sampled_from([0, 150, 300]), length=st.sampled_from([100, 302]),
        start=st.integers(0, 40), lasts=st.none() | st.integers(4, 30),
        policy=st.sampled_from(["refuse", "displace", "move"]),
    )  # fmt: skip
    def close_quay(self, low: int, length: int, start: int, lasts: int | None, policy: str) -> str | None:
        end = None if lasts is None else start + lasts
        body = {
            "quay": QUAY, "from_m": low, "to_m": low + length, "kind": "planned", "reason": "silt", "on_conflict": policy,
            "window": {"start": hour(start), "end": None if end is None else hour(end)}, "tolerance": "PT24H",
        }  # fmt: skip
        return self._closed(body, Shut("", low, low + length, start, end), on_quay=True)

    @rule(
        target=closures, quantity=st.sampled_from([3_000, 10_000]), start=st.integers(0, 6), lasts=st.integers(1, 4),
        policy=st.sampled_from(["refuse", "displace", "move"]),
    )  # fmt: skip
    def close_floor(self, quantity: int, start: int, lasts: int, policy: str) -> str | None:
        window = days_of(Goods(quantity, start, start + lasts))
        body = {
            "warehouse": FLOOR, "quantity": quantity, "kind": "emergency", "reason": "the roof leaks",
            "on_conflict": policy, "window": window, "tolerance": "P2D",
        }  # fmt: skip
        return self._closed(body, Shut("", 0, quantity, start, start + lasts), on_quay=False)

    def _closed(self, body: dict[str, Any], shut: Shut, *, on_quay: bool) -> str | None:
        preview = self.post("/v1/closures?validate_only=true", body, role="operator_pkgwd")
        assert preview.status_code == 200, preview.text
        ripple = preview.json()
        headers = {"If-Match": f'"{ripple["plan"]}"'} if ripple["touched"] and body["on_conflict"] != "refuse" else {}
        answer = self.post("/v1/closures", body, role="operator_pkgwd", **headers)
        refused = bool(ripple["touched"]) and body["on_conflict"] == "refuse"
        assert answer.status_code == (409 if refused else 201), answer.text
        self._touched_rightly(shut, {each["booking"] for each in ripple["touched"]}, on_quay=on_quay)
        if refused:
            return None
        made = answer.json()
        (self.model.quay_shut if on_quay else self.model.floor_shut).append(Shut(made["id"], *vars_of(shut)["rest"]))
        self._as_planned(ripple["touched"])
        return str(made["id"])

    def _touched_rightly(self, shut: Shut, touched: set[str], *, on_quay: bool) -> None:
        """Every booking that the closure lies over is touched, and of a quay no other."""
        if on_quay:
            hit = {
                each.id
                for each in self.model.booked.values()
                if each.stands
                and each.stay is not None
                and each.stay.from_m < shut.high
                and shut.low < each.stay.from_m + each.ship.need_m
                and shut.during(each.stay.start, each.stay.end + 2)
            }
            already = {each for each in hit if not self._lay_rightly(each)}
            assert hit - already <= touched <= hit

    def _lay_rightly(self, booking_id: str) -> bool:
        """Whether the rules allowed a booking as it stands: a notice may have come after it."""
        each = self.model.booked[booking_id]
        return self.model.rules_allow(each.ship, each.stay, None)

    def _as_planned(self, touched: list[dict[str, Any]]) -> None:
        """Take what became of the touched bookings over into the model; that it is sound, the invariants judge."""
        for booking_id in {each["booking"] for each in touched}:
            known = self.model.booked[booking_id]
            shown = self.loop.run(self.crowd.get(f"/v1/bookings/{booking_id}")).json()
            if shown["state"] == "displaced":
                self.model.put(booking_id, state="displaced")
                continue
            stay, of = known.stay, known.goods
            for leg in shown["legs"]:
                if leg["kind"] == "berth":
                    assert leg["quay"] == QUAY, leg
                    stay = Stay(leg["from_m"], *hours_of(leg["window"]))
                else:
                    assert leg["warehouse"] == FLOOR, leg
                    of = Goods(leg["quantity"], *days_in(leg))
            self.model.put(booking_id, stay=stay, goods=of)

    @rule(closure=closures)
    def lift(self, closure: str | None) -> None:
        for shut in (self.model.quay_shut, self.model.floor_shut):
            for each in [one for one in shut if one.id == closure]:
                answer = self.post(f"/v1/closures/{closure}/lift", {"reason": "dredged"}, role="operator_pkgwd")
                assert answer.status_code == 200, answer.text
                shut.remove(each)

    @rule(start=st.integers(0, 40), lasts=st.none() | st.integers(4, 30), draught_dm=st.sampled_from([90, 110, 116]))
    def publish(self, start: int, lasts: int | None, draught_dm: int) -> None:
        end = None if lasts is None else start + lasts
        body = {
            "quay": QUAY, "draught_m": draught_dm / 10, "reference": "N", "source": "test",
            "window": {"start": hour(start), "end": None if end is None else hour(end)},
        }  # fmt: skip
        assert self.post("/v1/draught-notices", body, role="operator_pkgwd").status_code == 201
        self.model.notices.append((start, end, draught_dm))

    @invariant()
    def the_database_is_sound(self) -> None:
        if hasattr(self, "crowd"):
            assert self.loop.run(self.crowd.broken()) == {}

    @invariant()
    def every_booking_is_what_the_model_believes(self) -> None:
        if not hasattr(self, "crowd"):
            return
        listed = self.loop.run(self.crowd.get("/v1/bookings", limit=200)).json()["items"]
        found = {each["id"]: (each["state"], each["version"]) for each in listed}
        assert found == {each.id: (each.state, each.version) for each in self.model.booked.values()}
        for shown in listed:
            known = self.model.booked[shown["id"]]
            if known.stands:
                berths = [
                    Stay(leg["from_m"], *hours_of(leg["window"])) for leg in shown["legs"] if leg["kind"] == "berth"
                ]
                floors = [Goods(leg["quantity"], *days_in(leg)) for leg in shown["legs"] if leg["kind"] == "storage"]
                assert berths == ([known.stay] if known.stay else [])
                assert floors == ([known.goods] if known.goods else [])


def vars_of(thing: Any) -> dict[str, Any]:
    if isinstance(thing, Shut):
        return {"rest": (thing.low, thing.high, thing.start, thing.end)}
    return {name: getattr(thing, name) for name in thing.__dataclass_fields__}


def hours_of(window: dict[str, str]) -> tuple[int, int]:
    ends = (asked_at(window["start"]), asked_at(window["end"]))
    return ends[0], ends[1]


def asked_at(text: str) -> int:
    return int((datetime.fromisoformat(text) - ZERO) / timedelta(hours=1))


def days_in(leg: dict[str, Any]) -> tuple[int, int]:
    first, last = date.fromisoformat(leg["first_on"]), date.fromisoformat(leg["last_on"])
    return (first - ZERO.date()).days, (last - ZERO.date()).days


@pytest.mark.usefixtures("template")
def test_random_lives_of_bookings_closures_and_notices_are_those_of_the_model(server, keys):
    kind = type("LivesHere", (Lives,), {"server": server, "keys": keys})
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

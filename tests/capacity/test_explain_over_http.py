"""One wished slot explained over HTTP: every rule, what it needs sent back as it stands, and nobody's name."""

import time
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from service.fields import duration
from tests.asking import SHIP, ahead, berth, booking, rfc, storage
from tests.capacity.test_needs_over_http import closed, noticed

BERTHS, FLOORS = "/v1/berth-slots/explain", "/v1/storage-slots/explain"
OF_BERTHS = {
    "not-bookable", "off-the-quay", "stay-too-short", "stay-too-long", "starts-in-the-past", "too-far-ahead", "cargo-not-handled",
    "hazard-not-approved", "vessel-too-long", "vessel-too-wide", "vessel-too-heavy", "draught-exceeded", "no-tide", "limit-unknown",
    "closed", "kept-for-partners", "full",
}  # fmt: skip
OF_FLOORS = {
    "not-bookable", "unit-not-offered", "not-bonded", "hazard-not-approved", "stay-too-short", "stay-too-long",
    "starts-in-the-past", "too-far-ahead", "closed", "kept-for-partners", "storage-full",
}  # fmt: skip


def at_berth(start: float = 10, hours: float = 36, **more: Any) -> dict[str, Any]:
    window = {"start": rfc(ahead(start)), "end": rfc(ahead(start, hours))}
    return (
        {"quay": "PKGWD-MPT", "from_m": 0, "loa_m": 190, "beam_m": 28, "draught_m": 10.5, "cargo": "general"}
        | window
        | more
    )


def in_store(start: float = 10, days: float = 10, **more: Any) -> dict[str, Any]:
    window = {"start": rfc(ahead(start)), "end": rfc(ahead(start + days))}
    return {"warehouse": "PKGWD-FZS-W1", "quantity": 2500, "unit": "m2"} | window | more


async def explained(crowd, path: str, query: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await crowd.get(path, **query, **more)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    rules = {rule["code"]: rule for rule in said["rules"]}
    assert rules.keys() == (OF_BERTHS if path == BERTHS else OF_FLOORS)
    assert said["passes"] == all(rule["passes"] for rule in rules.values())
    assert all(rule["message"] for rule in rules.values())
    assert all(rule["needs"] is None for rule in rules.values() if rule["passes"])
    return said | {"rules": rules}


async def bookable(crowd, path: str, query: dict[str, Any]) -> bool:
    """Whether just this can be booked."""
    window = {"start": query["start"], "end": query["end"]}
    if path == FLOORS:
        leg = {"kind": "storage", "window": window} | {name: query[name] for name in ("warehouse", "quantity", "unit")}
        made = await crowd.post("/v1/bookings", booking(leg, vessel=None))
    else:
        vessel = SHIP | {name: query[name] for name in ("loa_m", "beam_m", "draught_m")}
        leg = {"kind": "berth", "quay": query["quay"], "from_m": query["from_m"], "window": window}
        made = await crowd.post("/v1/bookings", booking(leg, vessel=vessel, cargo={"class": query["cargo"]}))
    if made.status_code == 201:
        assert (await crowd.post(f"/v1/bookings/{made.json()['id']}/cancel")).status_code == 200
    return bool(made.status_code == 201)


async def there(crowd) -> dict[str, Any]:
    made = await crowd.post(
        "/v1/bookings", booking(berth(10, hours=60, from_m=0), storage(10, quantity=11_000)), role="rival"
    )
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def nothing(_) -> None:
    pass


CASES: dict[str, tuple[str, Any, dict[str, Any], set[str]]] = {
    "free": (BERTHS, nothing, at_berth(), set()),
    "taken": (BERTHS, there, at_berth(), {"full"}),
    "too deep": (BERTHS, nothing, at_berth(draught_m=15), {"draught-exceeded"}),
    "too deep and taken": (BERTHS, there, at_berth(draught_m=15), {"draught-exceeded", "full"}),
    "off the quay": (BERTHS, nothing, at_berth(from_m=500), {"off-the-quay"}),
    "too short": (BERTHS, nothing, at_berth(hours=1), {"stay-too-short"}),
    "closed": (BERTHS, lambda crowd: closed(crowd, "PKGWD-MPT", ahead(9), ahead(20)), at_berth(), {"closed"}),
    "too long": (BERTHS, lambda crowd: noticed(crowd, max_loa_m=150), at_berth(), {"vessel-too-long"}),
    "in the past": (BERTHS, nothing, at_berth(-4), {"starts-in-the-past"}),
    "far ahead": (BERTHS, nothing, at_berth(600), {"too-far-ahead"}),
    "cargo": (BERTHS, nothing, at_berth(cargo="liquid_bulk"), {"cargo-not-handled"}),
    "floor": (FLOORS, nothing, in_store(), set()),
    "floor taken": (FLOORS, there, in_store(), {"storage-full"}),
    "more than there is": (FLOORS, nothing, in_store(quantity=13_000), {"storage-full"}),
    "floor closed": (FLOORS, lambda crowd: closed(crowd, "PKGWD-FZS-W1", ahead(9), ahead(12), quantity=12_000), in_store(), {"closed"}),
    "another unit": (FLOORS, nothing, in_store(unit="pallet"), {"unit-not-offered"}),
    "floor for an hour": (FLOORS, nothing, in_store(days=1 / 24), {"stay-too-short"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_it_passes_just_if_it_can_be_booked_and_each_need_alone_helps(crowd, case):
    path, stage, query, codes = CASES[case]
    await stage(crowd)
    said = await explained(crowd, path, query)
    before = {code for code, rule in said["rules"].items() if not rule["passes"]}
    assert before == codes
    assert await bookable(crowd, path, query) == said["passes"] == (not codes)
    for code in before:
        needs = said["rules"][code]["needs"]
        if needs is None or "ask" in needs:
            continue
        lists = {name: value[0] for name, value in needs.items() if isinstance(value, list)}
        after = (await explained(crowd, path, query | needs | lists))["rules"]
        assert {other for other, rule in after.items() if not rule["passes"]} <= before - {code}
        if len(before) == 1:
            assert await bookable(crowd, path, query | needs | lists)


async def test_margins_and_needs_are_told_in_the_words_of_the_query(crowd):
    await there(crowd)
    rules = (await explained(crowd, BERTHS, at_berth()))["rules"]
    assert rules["full"]["margin"] == {"start": "-PT62H"}
    assert rules["full"]["needs"] == {"from_m": 209}
    assert rules["draught-exceeded"]["margin"] == {"draught_m": 1.1}
    assert rules["vessel-too-heavy"]["margin"] is None
    assert duration(rules["starts-in-the-past"]["margin"]["start"]) > timedelta(days=10)
    only_here = (await explained(crowd, BERTHS, at_berth(loa_m=500)))["rules"]["full"]["needs"]
    assert only_here == {"start": rfc(ahead(10, 62)), "end": rfc(ahead(10, 98))}
    deep = (await explained(crowd, BERTHS, at_berth(draught_m=12)))["rules"]["draught-exceeded"]
    assert (deep["margin"], deep["needs"]) == ({"draught_m": -0.4}, {"draught_m": 11.6})
    assert deep["message"].endswith("A draught of 11.6 m would pass.")
    odd = (await explained(crowd, BERTHS, at_berth(cargo="livestock")))["rules"]["cargo-not-handled"]
    assert (odd["needs"], odd["message"].endswith("Ask the operator.")) == ({"ask": "operator"}, True)
    floor = (await explained(crowd, FLOORS, in_store()))["rules"]["storage-full"]
    assert (floor["margin"], floor["needs"]) == ({"quantity": -1500}, {"quantity": 1000})


async def test_without_a_place_the_best_one_is_explained(crowd):
    held = await there(crowd)
    query = {name: value for name, value in at_berth().items() if name != "from_m"}
    said = await explained(crowd, BERTHS, query)
    assert said["passes"]
    assert said["from_m"] >= held["legs"][0]["to_m"]
    leg = {name: said[name] for name in ("quay", "from_m", "to_m", "berths", "window")} | {"kind": "berth"}
    assert (await crowd.post("/v1/bookings", booking(leg))).status_code == 201
    assert (await explained(crowd, BERTHS, query | {"loa_m": 700}))["from_m"] == 0


async def test_nobody_learns_who_has_a_place(crowd):
    held = await there(crowd)
    for path, query in ((BERTHS, at_berth()), (FLOORS, in_store())):
        answer = await crowd.get(path, **query)
        for fact in (held["id"], held["client_reference"], held["legs"][0]["id"], "CASPIAN", "org_"):
            assert fact not in answer.text


async def test_what_was_seen_before_is_answered_304_until_the_place_has_moved(crowd, monkeypatch):
    asked: list[str] = []
    execute = asyncpg.Connection._execute

    async def counted(self, query, *rest, **more):
        asked.append(query)
        return await execute(self, query, *rest, **more)

    monkeypatch.setattr(asyncpg.Connection, "_execute", counted)
    key = {"Authorization": f"Bearer {crowd.keys['forwarder']}"}
    for path, query in ((BERTHS, at_berth(20)), (FLOORS, in_store(20))):
        first = await crowd.clients[0].get(path, params=query, headers=key)
        headers = key | {"If-None-Match": first.headers["etag"]}
        await crowd.clients[1].get(path, params=query, headers=key)
        asked.clear()
        again = await crowd.clients[1].get(path, params=query, headers=headers)
        assert (again.status_code, again.content, len(asked)) == (304, b"", 1)
        assert (
            await crowd.post("/v1/bookings", booking(berth(20, from_m=0), storage(20, quantity=11_000)))
        ).status_code == 201
        moved = await crowd.clients[1].get(path, params=query, headers=headers)
        assert (moved.status_code, moved.json()["passes"]) == (200, False)
        await crowd.post(f"/v1/bookings/{(await crowd.get('/v1/bookings')).json()['items'][0]['id']}/cancel")


ODD_BERTHS: dict[str, tuple[str, ...]] = {
    "quay": ("", "PKGWD-NIL", "PKGWD-FZS-W1", "%00", "x" * 300), "from_m": ("", "-1", "1.5", "100001", "9" * 30, "NaN"),
    "start": ("", "tomorrow", "2027-01-01T00:00:00", "0001-01-01T00:00:00Z"), "end": ("", rfc(ahead(10)), rfc(ahead(9))),
    "loa_m": ("", "0", "-1", "190.001", "1e3"), "draught_m": ("", "NaN"), "dwt_t": ("0", "1.5"), "cargo": ("", "%00"),
    "port": ("PKGWD",), "limit": ("5",), "duration": ("PT36H",), "warehouse": ("PKGWD-FZS-W1",),
}  # fmt: skip
ODD_FLOORS: dict[str, tuple[str, ...]] = {
    "warehouse": ("", "PKGWD-NIL", "PKGWD-MPT"), "quantity": ("", "0", "-1", "2.5", "2147483648"), "bonded": ("1", "TRUE"),
    "unit": ("", "x" * 201), "end": (rfc(ahead(9)),), "loa_m": ("190",),
}  # fmt: skip


@pytest.mark.parametrize(("path", "query", "odd"), [(BERTHS, at_berth(), ODD_BERTHS), (FLOORS, in_store(), ODD_FLOORS)])
async def test_queries_that_cannot_be_meant_are_refused_where_they_go_wrong(crowd, path, query, odd):
    wrong = {}
    for name, values in odd.items():
        for value in values:
            answer = await crowd.get(path, **query | {name: value.replace("%00", "\0")})
            places = [fault["pointer"] for fault in answer.json().get("errors", ())]
            if answer.status_code != 422 or places != [f"?{name}"]:
                wrong[name, value[:20]] = answer.status_code, places
    assert wrong == {}


async def test_a_wish_for_a_century_is_answered_at_once(crowd):
    century = {"start": rfc(ahead(0)), "end": "2200-12-31T00:00:00Z"}
    began = time.monotonic()
    for path, query in ((BERTHS, at_berth()), (FLOORS, in_store()), (BERTHS, at_berth(loa_m=9_999, from_m=100_000))):
        said = await explained(crowd, path, query | century)
        assert not said["passes"]
        assert not said["rules"]["stay-too-long"]["passes"]
    assert time.monotonic() - began < 3

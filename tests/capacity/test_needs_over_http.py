"""What a search says it `needs`, sent back over HTTP: it passes, and a tenth of the way back it fails again."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from service.fields import duration as parsed
from service.fields import duration_text
from tests.asking import SMALL_SHIP, ahead, berth, booking, rfc, storage
from tests.ports.partnering import ALLOTMENTS, WINDOWS, grouped, kept, quantity, stretch

QUAY, FLOOR = "PKGWD-MPT", "PKGWD-FZS-W1"
BERTH = {"loa_m": 190, "beam_m": 28, "draught_m": 10.5, "dwt_t": 40_000, "cargo": "general", "duration": "PT36H"}
STORAGE = {"quantity": 2500, "duration": "P10D"}
STEPS = {"loa_m": 0.01, "beam_m": 0.01, "draught_m": 0.01, "dwt_t": 1, "quantity": 1}
LATER, LAST = ahead(40), ahead(50)
EVER = f"[{rfc(ahead(-900))},)"


def between(start: datetime, end: datetime, **more: Any) -> dict[str, Any]:
    return {"port": "PKGWD", "from": rfc(start), "to": rfc(end), **more}


async def closed(crowd, place: str, start: datetime, end: datetime, *, quantity: int | None = None) -> None:
    """Close a quay, or so much of a floor, as an operator's closure will: a row, and the rules' version raised."""
    await crowd.sql(
        """INSERT INTO closures (id, closure, kind, made_by, place_id, during, metres, quantity, reason)
           SELECT 'clo_' || gen_random_uuid(), 'cls_1', 'planned', (SELECT min(id) FROM organisations WHERE role = 'operator'), id, tstzrange($2, $3), CASE WHEN kind = 'quay' THEN int4range(0, 602) END, $4, 'silt'
           FROM places WHERE code = $1""",
        place, start, end, quantity,
    )  # fmt: skip
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1 WHERE code = $1", place)


async def filled(crowd, start: float, days: float) -> None:
    """Take the whole quay, three ships of 200 m abreast, from `ahead(start)` on."""
    ship = SMALL_SHIP | {"loa_m": 181, "beam_m": 20}
    for metre in (0, 200, 402):
        made = await crowd.post(
            "/v1/bookings", booking(berth(start, hours=days * 24, from_m=metre), vessel=ship), role="rival"
        )
        assert made.status_code == 201, made.text


async def stored(crowd, start: float, days: float, quantity: int) -> None:
    body = booking(storage(start, length=days, quantity=quantity), vessel=None)
    assert (await crowd.post("/v1/bookings", body, role="rival")).status_code == 201


async def noticed(crowd, **limits: Any) -> None:
    body = {"quay": QUAY, "window": {"start": rfc(ahead(-1)), "end": rfc(ahead(300))}, "draught_m": 11.6,
            "reference": "NtM 7", "source": "test", **limits}  # fmt: skip
    assert (await crowd.post("/v1/draught-notices", body, role="operator_pkgwd")).status_code == 201


async def unvouched(crowd, until: datetime) -> None:
    await crowd.sql("UPDATE berth_limits SET valid = tstzrange($1, NULL) WHERE berth LIKE 'PKGWD-MPT%'", until)
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1 WHERE code = $1", QUAY)


async def tidal(crowd, *floods: float) -> None:
    """A notice by which ships of more than 9 m wait for the tide, and windows of six hours from these days on."""
    always = {"start": rfc(ahead(-1)), "end": rfc(ahead(900))}
    await noticed(crowd, window=always, draught_m=9, draught_with_tide_m=11.6)
    windows = [{"start": rfc(ahead(day)), "end": rfc(ahead(day, 6))} for day in floods]
    if windows:
        body = {"port": "PKGWD", "windows": windows, "source": "test"}
        assert (await crowd.post("/v1/tidal-windows", body, role="operator_pkgwd")).status_code == 201


async def kept_quay(crowd) -> None:
    group = await grouped(crowd, "rival", facility="PKGWD-GMT")
    await kept(crowd, WINDOWS, stretch(group, 38, 20 * 24, to_m=602, every_days=0))


async def kept_floor(crowd) -> None:
    await kept(crowd, ALLOTMENTS, quantity(await grouped(crowd, "rival"), 38, 20, 11_000))


async def nothing(_) -> None:
    pass


BERTHS: dict[str, tuple[Any, dict[str, Any], set[str]]] = {
    "too long": (nothing, {"loa_m": 601.5}, {"vessel-too-long"}),
    "too long for the notice": (lambda crowd: noticed(crowd, max_loa_m=150), {}, {"vessel-too-long"}),
    "too wide": (lambda crowd: noticed(crowd, max_beam_m=22.5), {}, {"vessel-too-wide"}),
    "too heavy": (nothing, {"dwt_t": 75_001}, {"vessel-too-heavy"}),
    "too deep": (nothing, {"draught_m": 14.5}, {"draught-exceeded"}),
    "a step too deep": (nothing, {"draught_m": 11.61}, {"draught-exceeded"}),
    "cargo": (nothing, {"cargo": "liquid_bulk"}, {"cargo-not-handled"}),
    "hazard": (nothing, {"hazard_class": "1.1"}, {"hazard-not-approved"}),
    "closed": (lambda crowd: closed(crowd, QUAY, ahead(38), ahead(55)), {}, {"closed"}),
    "full": (lambda crowd: filled(crowd, 38, 20), {}, {"full"}),
    "no notice": (lambda crowd: unvouched(crowd, ahead(60)), {}, {"limit-unknown"}),
    "no tide": (lambda crowd: tidal(crowd, 39, 40, 52.75, 54.25), {}, {"no-tide"}),
    "never a tide": (lambda crowd: tidal(crowd, 39), {}, {"draught-exceeded"}),
    "no tide is known": (tidal, {}, {"draught-exceeded"}),
    "kept": (kept_quay, {}, {"kept-for-partners"}),
    "no gap": (lambda crowd: filled(crowd, 45, 20), {"duration": "P8D"}, {"no-gap-long-enough"}),
    "no gap before a closure": (
        lambda crowd: closed(crowd, QUAY, ahead(45), ahead(70)), {"duration": "P8D"}, {"no-gap-long-enough"}),
    "a window too short": (nothing, {"duration": "P29D"}, {"no-gap-long-enough"}),
    "too long a stay": (nothing, {"duration": "P31D", "to": rfc(ahead(90))}, {"stay-too-long"}),
    "too short a stay": (nothing, {"duration": "PT1H"}, {"stay-too-short"}),
    "all of the ship": (
        nothing, {"loa_m": 620, "draught_m": 13, "dwt_t": 60_000, "cargo": "roro", "hazard_class": "7"},
        {"vessel-too-long", "draught-exceeded", "vessel-too-heavy", "cargo-not-handled", "hazard-not-approved"}),
    "deep and closed": (
        lambda crowd: closed(crowd, QUAY, ahead(38), ahead(55)), {"draught_m": 13, "loa_m": 590},
        {"draught-exceeded", "vessel-too-long", "closed"}),
    "wide, long stay, full": (
        lambda crowd: filled(crowd, 38, 8.5), {"duration": "P4D", "dwt_t": 99_999}, {"vessel-too-heavy", "no-gap-long-enough"}),
}  # fmt: skip

STORAGES: dict[str, tuple[Any, dict[str, Any], set[str]]] = {
    "unit": (nothing, {"unit": "pallet"}, {"unit-not-offered"}),
    "more than there is": (nothing, {"quantity": 13_000}, {"storage-full"}),
    "some taken": (lambda crowd: stored(crowd, 38, 30, 10_000), {}, {"storage-full"}),
    "all taken": (lambda crowd: stored(crowd, 38, 30, 12_000), {}, {"storage-full"}),
    "kept": (kept_floor, {}, {"kept-for-partners"}),
    "all closed": (lambda crowd: closed(crowd, FLOOR, ahead(38), ahead(55), quantity=12_000), {}, {"closed"}),
    "all taken of a part": (lambda crowd: stored(crowd, 45, 30, 12_000), {"duration": "P7D"}, {"storage-full"}),
    "a window too short": (nothing, {"duration": "P20D"}, {"no-gap-long-enough"}),
    "too long a stay": (nothing, {"duration": "P731D", "to": rfc(ahead(900))}, {"stay-too-long"}),
    "too short a stay": (nothing, {"duration": "PT23H"}, {"stay-too-short"}),
    "unit and quantity": (nothing, {"unit": "teu", "quantity": 99_999}, {"unit-not-offered", "storage-full"}),
}


async def reasons(crowd, path: str, place: str, query: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Give why a place yields nothing, or None if it is offered."""
    answer = (await crowd.get(path, **query)).json()
    found = {each.get("quay") or each.get("warehouse"): each["reasons"] for each in answer["unavailable"]}
    offered = {slot.get("quay") or slot.get("warehouse") for slot in answer["slots"]}
    assert (place in found) != (place in offered)
    return found.get(place)


def queries(query: dict[str, Any], needs: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the query with the needs merged, once for every choice of a list."""
    lists = [name for name, value in needs.items() if isinstance(value, list)]
    return [
        query | needs | dict(zip(lists, values, strict=True))
        for values in itertools.product(*(needs[n] for n in lists))
    ]


def back(name: str, asked: Any, needed: Any) -> Any:
    """Move what is needed back towards what was asked by a tenth of the way, at least one step."""
    if name == "duration":
        was, now = parsed(asked), parsed(needed)
        step = max(abs(was - now) / 10, timedelta(microseconds=1))
        return duration_text(now + step if was > now else now - step)
    if name == "to":
        moved = datetime.fromisoformat(needed)
        return rfc(moved - max((moved - datetime.fromisoformat(asked)) / 10, timedelta(microseconds=1)))
    moved = needed + max((asked - needed) / 10, STEPS[name])
    return round(moved, 2) if STEPS[name] < 1 else -int(-moved // 1)


async def check(crowd, path: str, place: str, query: dict[str, Any], codes: set[str]) -> None:
    found = await reasons(crowd, path, place, query)
    assert found is not None
    assert {reason["code"] for reason in found} == codes
    needs: dict[str, Any] = {}
    for reason in found:
        for name, value in reason["needs"].items():
            assert needs.setdefault(name, value) == value
    for merged in queries(query, needs):
        assert await reasons(crowd, path, place, merged) is None, (merged, found)
        for name, value in needs.items():
            if not isinstance(value, list):
                spoilt = merged | {name: back(name, query[name], value)}
                assert await reasons(crowd, path, place, spoilt) is not None, (spoilt, found)


@pytest.mark.parametrize("case", BERTHS)
async def test_what_a_quay_needs_passes_and_a_tenth_less_fails(crowd, case):
    stage, asked, codes = BERTHS[case]
    await stage(crowd)
    await check(crowd, "/v1/berth-slots", QUAY, between(LATER, LAST) | BERTH | asked, codes)


@pytest.mark.parametrize("case", STORAGES)
async def test_what_a_warehouse_needs_passes_and_a_tenth_less_fails(crowd, case):
    stage, asked, codes = STORAGES[case]
    await stage(crowd)
    await check(crowd, "/v1/storage-slots", FLOOR, between(LATER, LAST) | STORAGE | asked, codes)


async def test_goods_that_want_a_bonded_floor_are_told_what_is_allowed(crowd):
    await crowd.sql(
        "UPDATE warehouses SET bonded = false WHERE place_id = (SELECT id FROM places WHERE code = $1)", FLOOR
    )
    await check(crowd, "/v1/storage-slots", FLOOR, between(LATER, LAST, bonded="true") | STORAGE, {"not-bonded"})


async def test_hazardous_goods_are_told_what_an_approved_floor_takes(crowd):
    query = between(LATER, LAST, hazard_class="7") | STORAGE | {"quantity": 5}
    await check(crowd, "/v1/storage-slots", "PKGWD-FZS-H1", query, {"hazard-not-approved"})
    found = await reasons(crowd, "/v1/storage-slots", FLOOR, query)
    assert [(reason["code"], reason["needs"]) for reason in found or ()] == [("hazard-not-approved", None)]


async def test_a_quay_that_is_shown_only_needs_nothing_that_would_help(crowd):
    found = await reasons(crowd, "/v1/berth-slots", "PKGWD-RORO", between(LATER, LAST) | BERTH)
    assert [(reason["code"], reason["needs"]) for reason in found or ()] == [("not-bookable", None)]

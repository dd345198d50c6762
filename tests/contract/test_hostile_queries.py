"""Hostile headers, queries, cursors and paths: always a problem, never a 5xx, no trace left. Bodies: tests/edges."""

import base64
import json
from typing import Any

import pytest

from service import ids
from service.bookings.queries import Filters
from service.paging import fits
from tests.asking import ahead, berth, booking, rfc, window
from tests.contract.attacker import attacking, said


@pytest.fixture
async def attack(url, as_):
    async with attacking(url, as_) as attacker:
        yield attacker


async def test_idempotency_keys_that_cannot_be_read_are_refused(attack):
    keys = {
        "empty": "", "spaces": "   ", "a space inside": "a b", "256 letters": "k" * 256, "megabyte": "k" * 100_000,
        "half quoted": '"abc', "empty quotes": '""', "umlaut": b"schl\xfcssel", "cyrillic": "ключ".encode(),
        "tab": "a\tb", "not UTF-8": b"\xff\xfe", "a list": '"a", "b"',
    }  # fmt: skip
    found = {name: (await attack.book(booking(berth()), **{"Idempotency-Key": key}))[:2] for name, key in keys.items()}
    assert found == dict.fromkeys(keys, (400, "idempotency-key-malformed"))
    twice = [
        ("Authorization", attack.as_("forwarder")["Authorization"]),
        ("Idempotency-Key", "a"),
        ("Idempotency-Key", "b"),
    ]
    assert said(await attack.client.post("/v1/bookings", json=booking(berth()), headers=twice))[1] == (
        "idempotency-key-malformed"
    )


async def test_a_request_id_that_is_odd_is_not_repeated(attack):
    for odd in (
        "",
        "x" * 5000,
        "a\r\nSet-Cookie: b".replace("\r\n", " "),
        b"\xe4\xf6",
        b"\xff\xfe",
        '{"a": 1}',
        "<script>",
    ):
        answer = await attack.client.get("/v1/nowhere", headers={"X-Request-ID": odd})
        assert said(answer)[0] == 404
        assert answer.headers["x-request-id"] not in (odd, "")
        assert answer.headers["x-request-id"].isascii()


async def test_keys_of_odd_form_are_strangers(attack):
    oddities = ("", "Bearer", "Bearer ", "Basic YTpi", b"Bearer \xff\xfe", "Bearer ключ".encode(), "Bearer " + "x" * 60_000,
                "bearer psk_test_", "Bearer psk_test_" + "A" * 43, "Bearer psk_test_\x01", "Bearer psk_live_" + "A" * 43,
                "Bearer a b c", "Bearer NULL", "Bearer psk__" + "A" * 43)  # fmt: skip
    for odd in oddities:
        answer = await attack.client.get("/v1/bookings", headers={"Authorization": odd})
        assert (said(answer)[0], answer.headers["www-authenticate"]) == (401, "Bearer"), odd


SEARCH = f"port=PKGWD&loa_m=190&duration=PT36H&from={rfc(ahead(1))}&to={rfc(ahead(9))}"
FLOOR = f"port=PKGWD&quantity=5&duration=P3D&from={rfc(ahead(1))}&to={rfc(ahead(9))}"


def without(query: str, name: str, instead: str = "") -> str:
    parts = [part for part in query.split("&") if not part.startswith(name + "=")]
    return "&".join(parts + [instead] * bool(instead))


async def test_searches_that_cannot_be_meant_are_refused_where_they_go_wrong(attack):
    later = rfc(ahead(9))
    odd = {
        "loa_m": ("", "abc", "NaN", "inf", "1e3", "-1", "0", "190.001", "1" * 5000, "%00", "%FF", "10000", "١٩٠", "0x10", "1_0"),
        "beam_m": ("", "-1", "NaN"),
        "draught_m": ("", "-0.0", "1e400"),
        "dwt_t": ("", "0", "1.5", "2147483648", "9" * 400),
        "duration": ("", "36", "P", "PT", "PT-1H", "P1Y", "P1M", "P999999999D", "PT0S", "P1DT", "PT1.0000001S", "pt36h"),
        "from": ("", "tomorrow", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2027-01-01", "2027-01-01T00:00:00", later,
                 "2027-01-01T00:00:00+05:00"),
        "port": ("", "XX", "PKGWD%00", "P" * 300, "DEHAM", "PKGWD,PKKHI"),
        "limit": ("", "0", "-1", "101", "1.5", "1e1", "all", "9" * 30),
        "cargo": ("", "%00", "a%0Ab", "x" * 201),
        "hazard_class": ("", "%00", "x" * 201),
        "unknown": ("1",), "loa_M": ("190",), "_": ("",), "": ("x",), "bonded": ("true",),
    }  # fmt: skip
    wrong = {}
    for name, values in odd.items():
        for value in values:
            answer = await attack.client.get(
                f"/v1/berth-slots?{without(SEARCH, name, f'{name}={value}')}", headers=attack.as_("forwarder")
            )
            status, _, places = (200, 0, ()) if answer.status_code == 200 else said(answer)
            if status != 422 or not any(place.startswith(f"?{name}") or place == "?to" for place in places):
                wrong[name, value[:20]] = status, places
    assert wrong == {}


async def test_searches_for_floor_that_cannot_be_meant_are_refused(attack):
    odd = {
        "quantity": ("", "0", "-5", "2.5", "1e3", "2147483648", "NaN", "%00"),
        "unit": ("", "%00", "x" * 201),
        "bonded": ("", "1", "yes", "TRUE", "null", "%00"),
        "duration": ("P36501D", "PT1M1H"),
        "loa_m": ("190",),
    }
    wrong = {}
    for name, values in odd.items():
        for value in values:
            status, _, places = await attack.get(f"/v1/storage-slots?{without(FLOOR, name, f'{name}={value}')}")
            if (status, places) != (422, (f"?{name}",)):
                wrong[name, value[:20]] = status, places
    assert wrong == {}


async def test_a_parameter_that_is_given_twice_or_not_at_all_is_named(attack):
    for name in ("loa_m", "duration", "from", "to"):
        value = next(part for part in SEARCH.split("&") if part.startswith(name))
        assert await attack.get(f"/v1/berth-slots?{SEARCH}&{value}") == (422, "unknown-parameter", (f"?{name}",))
        assert await attack.get(f"/v1/berth-slots?{without(SEARCH, name)}") == (422, "invalid-request", (f"?{name}",))
    assert (await attack.get("/v1/berth-slots?" + "port=PKGWD&" * 21 + SEARCH))[2] == ("?port",)
    assert (await attack.get("/v1/berth-slots?" + "&".join(f"p{n}=1" for n in range(5000))))[0] == 422


async def test_bookings_are_not_listed_by_filters_that_are_none(attack):
    odd = ("state=lost", "state=", "port=", "place=%00", "client_reference=", "from=now", f"from={rfc(ahead(9))}&to={rfc(ahead(1))}",
           "limit=0", "limit=201", "limit=2147483648", "limit=NaN", "cursor=" + "A" * 1025, "organisation_id=org_1", "after=0")  # fmt: skip
    for query in odd:
        status, _, places = await attack.get(f"/v1/bookings?{query}")
        assert (status, bool(places)) == (422, True), query


async def test_cursors_that_are_garbage_or_forged_are_refused(attack):
    def coded(document: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")

    keys = await attack.client.get("/v1/keys", headers=attack.as_("forwarder"))
    own = fits("/v1/bookings", [Filters(), "newest"], keys.json()["items"][0]["organisation_id"])
    garbage = ("", "x", "null", "....", "=" * 20, "ÿ", coded([]), coded({}), coded(None), coded(7), coded([1, 2]),
               coded([own]), coded([own, "1"]), coded([own, 1.5]), coded([own, True]), coded([own, 2**63]), coded([own, 1, 2]),
               coded([own, None]), coded([own, [1]]), coded([own, {"a": 1}]), "W10" * 300, "WzFd" + "A" * 900)  # fmt: skip
    found = {each: (await attack.get(f"/v1/bookings?cursor={each}"))[:2] for each in garbage}
    assert {each: said for each, said in found.items() if said != (400, "cursor-malformed")} == {}
    assert (await attack.get(f"/v1/bookings?state=held&cursor={coded([own, 1])}"))[:2] == (422, "cursor-does-not-fit")
    path = "/v1/draught-notices?limit=1"
    following = (await attack.client.get(path, headers=attack.as_("forwarder"))).json()["next"]
    assert (await attack.get(f"{path}&cursor={following}", "rival"))[:2] == (422, "cursor-does-not-fit")
    assert (await attack.get(f"/v1/bookings?cursor={following}"))[:2] == (422, "cursor-does-not-fit")
    digest = json.loads(base64.urlsafe_b64decode(following + "=="))[0]
    for value in (1, None, "\0", "\ud800", [], True):
        assert (await attack.get(f"{path}&cursor={coded([digest, value])}"))[0] == 400, value


async def test_paths_that_lead_nowhere_are_not_found(attack):
    unknown = ids.new("bkg")
    odd = ("%00", "a%00b", "..", "%2e%2e%2f", "bkg_", "BKG_" + unknown[4:], unknown[:-1], unknown + "0", "bkg_" + "z" * 26,
           "x" * 50_000, "%FF", "%F0%9F%9A%A2", "bkg_%D9%A1" + "0" * 25, unknown + "%2Fhistory", unknown + "/", unknown + "%20",
           "1 OR 1=1", "';DROP TABLE bookings--", "{booking_id}", unknown)  # fmt: skip
    for each in odd:
        for path, method in ((f"/v1/bookings/{each}", "GET"), (f"/v1/bookings/{each}/confirm", "POST"),
                             (f"/v1/bookings/{each}/cancel", "POST"), (f"/v1/ports/{each}", "GET"),
                             (f"/v1/keys/{each}/revoke", "POST"), (f"/problems/{each}", "GET")):  # fmt: skip
            if each == ".." and method == "GET":
                continue  # an HTTP client resolves it before it sends it
            answer = await attack.client.request(method, path, headers=attack.as_("forwarder"))
            assert said(answer)[0] in (404, 405), (method, path[:80])
    for path in (
        "/V1/bookings",
        "/v1/bookings/",
        "//v1/bookings",
        "/v1//bookings",
        "/v1/bookings%00",
        "/v1;a=b/bookings",
        "/v2/bookings",
    ):
        assert (await attack.get(path))[0] == 404, path


async def test_a_method_that_a_path_has_not_is_refused_with_those_it_has(attack):
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "QUERY", "B\x00"[:1]):
        answer = await attack.client.request(method, "/v1/bookings", headers=attack.as_("forwarder"))
        assert said(answer)[:2] == (405, "method-not-allowed")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_notices_that_cannot_be_are_refused_where_they_go_wrong(attack):
    good = {"quay": "PKGWD-MPT", "window": window(10), "draught_m": 9.0, "reference": "NtM 1", "source": "test"}
    odd: dict[str, Any] = {
        "draught_m": (0, -1, "9", None, 1e20, 9.001, True),
        "window": (
            None,
            {},
            {"start": rfc(ahead(2)), "end": rfc(ahead(1))},
            {"start": "2027-01-01T00:00:00", "end": None},
        ),
        "reference": ("", " ", "a\u0000b"[:1] + "\x07", "x" * 5000, None, 7),
        "source": ("", None, []),
        "loa_band": ({"from_m": 5, "to_m": 5}, {"from_m": 9, "to_m": 5}, {"from_m": -1}, {"to_m": 1e9}, 7),
        "berth": ("", "PKGWD-MPT-1", 7),
        "max_loa_m": (0, -1, 1e9, "x"),
        "port": ("PKGWD",),
    }
    wrong = {}
    for name, values in odd.items():
        for value in values:
            status, _, places = await attack.post("/v1/draught-notices", good | {name: value}, "operator_pkgwd")
            if status != 422 or not (
                places and all(each in ("", f"/{name}") or each.startswith(f"/{name}/") for each in places)
            ):
                wrong[name, str(value)[:20]] = status, places
    assert wrong == {}
    assert (await attack.post("/v1/draught-notices", good | {"quay": "PKKHI-EWN"}, "operator_pkgwd"))[0] == 404

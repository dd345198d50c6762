"""Hostile input against the real service: always a problem that says what is wrong and where, never a 5xx, no trace left."""

import base64
import json
from typing import Any

import asyncpg
import httpx
import pytest

from service import ids
from service.app import create_app
from service.bookings.queries import Filters
from service.paging import fits
from service.schema import metadata
from tests.asking import SHIP, ahead, berth, booking, new_key, rfc, storage, window
from tests.conftest import settings_for

MIB = 1_048_576


async def trace(url: str) -> dict[str, Any]:
    """Give what could change by a write: the rows of each table, and the sum of all places' versions."""
    connection = await asyncpg.connect(url)
    try:
        counted = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in metadata.tables}
        return counted | {"versions": await connection.fetchval("SELECT sum(version + rules_version) FROM places")}
    finally:
        await connection.close()


@pytest.fixture(autouse=True)
async def nothing_is_written(url):
    before = await trace(url)
    yield
    assert await trace(url) == before


class Attacker:
    """Sends what no client of ours would, and gives (status, code, pointers) of the problem that comes back."""

    def __init__(self, client, as_) -> None:
        self.client = client
        self.as_ = as_

    async def book(self, body: Any, **headers: Any) -> tuple[int, str, tuple[str, ...]]:
        """Post a booking: a document, or the bytes of one."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = self.as_("forwarder", **{"Idempotency-Key": new_key(), "Content-Type": "application/json"} | headers)
        return said(await self.client.post("/v1/bookings", content=content, headers=sent))

    async def get(self, path: str, who: str = "forwarder", **headers: Any) -> tuple[int, str, tuple[str, ...]]:
        return said(await self.client.get(path, headers=self.as_(who, **headers)))

    async def post(self, path: str, body: Any = None, who: str = "forwarder", **headers: Any):
        return said(await self.client.post(path, json=body, headers=self.as_(who, **headers)))


def said(answer) -> tuple[int, str, tuple[str, ...]]:
    """Hold an answer to be a problem of the 4xx kind in the one shape, and give what it says."""
    shown = f"{answer.status_code} {answer.headers.get('content-type')} {answer.text[:300]}"
    assert 400 <= answer.status_code < 500, shown
    assert answer.headers["content-type"] == "application/problem+json", shown
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= problem.keys(), shown
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["x-request-id"]
    for inside in ("Traceback", "asyncpg", "psycopg", "SELECT ", "site-packages", 'File "'):
        assert inside not in answer.text, shown
    return answer.status_code, problem["code"], tuple(fault["pointer"] for fault in problem.get("errors", ()))


@pytest.fixture
async def attack(url, as_):
    made = create_app(settings_for(url))
    transport = httpx.ASGITransport(made, raise_app_exceptions=False)
    async with (
        made.router.lifespan_context(made),
        httpx.AsyncClient(transport=transport, base_url="http://slotway.test") as client,
    ):
        yield Attacker(client, as_)


def raw(**parts: bytes) -> bytes:
    """Give a booking as bytes, some of whose values are not what `json.dumps` would write."""
    text = json.dumps(booking(berth(from_m="FROM"), vessel=SHIP | {"loa_m": "LOA"}, remark="REMARK"))
    content = text.encode()
    for name, default in (("FROM", b"0"), ("LOA", b"190"), ("REMARK", b'"calm"')):
        content = content.replace(b'"' + name.encode() + b'"', parts.get(name, default))
    return content


async def test_numbers_that_are_none_or_too_long_are_refused(attack):
    sent = {
        "NaN": raw(LOA=b"NaN"),
        "Infinity": raw(LOA=b"Infinity"),
        "-Infinity": raw(FROM=b"-Infinity"),
        "5,000 digits": raw(LOA=b"1" * 5000),
        "5,000 digits below": raw(LOA=b"0." + b"1" * 5000),
        "a huge exponent": raw(LOA=b"1e999999999"),
        "a tiny exponent": raw(LOA=b"1e-999999999"),
        "a huge exponent of zero": raw(LOA=b"0e999999999"),
        "an exponent beyond Decimal": raw(LOA=b"1e99999999999999999999"),
        "hexadecimal": raw(LOA=b"0xBE"),
        "a leading zero": raw(LOA=b"0190"),
        "a plus": raw(LOA=b"+190"),
    }
    assert {name: (await attack.book(body))[:2] for name, body in sent.items()} == dict.fromkeys(
        sent, (400, "malformed-json")
    )


async def test_numbers_out_of_bounds_are_refused_where_they_stand(attack):
    loa, from_m = "/vessel/loa_m", "/legs/0/from_m"
    sent = {
        "no length": (raw(LOA=b"0"), loa),
        "minus zero": (raw(LOA=b"-0"), loa),
        "negative": (raw(LOA=b"-190"), loa),
        "half a millimetre": (raw(LOA=b"190.0005"), loa),
        "longer than any ship": (raw(LOA=b"601"), loa),
        "1e20 m": (raw(LOA=b"1e20"), loa),
        "text": (raw(LOA=b'"190"'), loa),
        "true": (raw(LOA=b"true"), loa),
        "null": (raw(LOA=b"null"), loa),
        "a list": (raw(LOA=b"[190]"), loa),
        "half a metre of quay": (raw(FROM=b"0.5"), from_m),
        "a negative place": (raw(FROM=b"-1"), from_m),
        "beyond int4": (raw(FROM=b"2147483648"), from_m),
        "beyond int8": (raw(FROM=b"9223372036854775808"), from_m),
        "yes": (raw(FROM=b"true"), from_m),
    }
    found = {name: await attack.book(body) for name, (body, _) in sent.items()}
    assert found == {name: (422, "invalid-request", (place,)) for name, (_, place) in sent.items()}


async def test_places_and_quantities_that_fit_the_type_and_not_the_place_are_refused(attack):
    most = 2**31 - 1
    sent = {
        "int4 of quay": (booking(berth(from_m=most)), "off-the-quay"),
        "past the end": (booking(berth(from_m=394)), "off-the-quay"),
        "no quantity": (booking(storage(quantity=0)), "invalid-request"),
        "a negative quantity": (booking(storage(quantity=-5)), "invalid-request"),
        "half a metre of floor": (booking(storage(quantity=2.5)), "invalid-request"),
        "a quantity beyond int4": (booking(storage(quantity=most + 1)), "invalid-request"),
        "to_m of int4": (booking(berth(from_m=0, to_m=most)), "slot-contradicted"),
        "to_m beyond int4": (booking(berth(from_m=0, to_m=most + 1)), "invalid-request"),
        "a quay that is none": (booking(berth(quay="PKGWD-NIL")), "place-unknown"),
        "a warehouse for a quay": (booking(berth(quay="PKGWD-FZS-W1")), "place-unknown"),
        "a quay of 200 letters": (booking(berth(quay="Q" * 200)), "place-unknown"),
        "a quay of 201 letters": (booking(berth(quay="Q" * 201)), "invalid-request"),
        "two ports": (booking(berth(), berth(30, quay="PKKHI-EWN")), "more-than-one-port"),
    }
    found = {name: (await attack.book(body))[:2] for name, (body, _) in sent.items()}
    assert found == {name: (422, code) for name, (_, code) in sent.items()}
    full = await attack.book(booking(storage(quantity=most)))
    assert full[1] == "storage-full"
    # The sum of two legs is beyond int4, which the ledger counts in.
    assert (await attack.book(booking(storage(quantity=most), storage(quantity=most))))[1] == "storage-full"


def at(start: str, end: str, **more: Any) -> dict[str, Any]:
    return booking({"kind": "berth", "quay": "PKGWD-MPT", "window": {"start": start, "end": end}, **more})


async def test_windows_that_cannot_be_are_refused(attack):
    start, later = rfc(ahead(10)), rfc(ahead(11))
    leg, first, last = "/legs/0", "/legs/0/window/start", "/legs/0/window/end"
    sent = {
        "in the past": (at("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"), "starts-in-the-past", leg),
        "backwards": (at(later, start), "invalid-request", "/legs/0/window"),
        "empty": (at(start, start), "invalid-request", "/legs/0/window"),
        "too short": (booking(berth(hours=1)), "stay-too-short", leg),
        "too long": (booking(berth(hours=31 * 24)), "stay-too-long", leg),
        "off the horizon": (booking(berth(560)), "too-far-ahead", leg),
        "a floor off the horizon": (booking(storage(560)), "too-far-ahead", leg),
        "a floor for three years": (booking(storage(length=3 * 365)), "stay-too-long", leg),
        "a floor for an hour": (booking(storage(length=1 / 24)), "stay-too-short", leg),
        "year 1": (at("0001-01-01T00:00:00Z", later), "invalid-request", first),
        "year 1 east of Greenwich": (at("0001-01-01T00:00:00+14:00", later), "invalid-request", first),
        "year 0": (at("0000-01-01T00:00:00Z", later), "invalid-request", first),
        "year 9999": (at(start, "9999-12-31T23:59:59Z"), "invalid-request", last),
        "year 9999 west of Greenwich": (at(start, "9999-12-31T23:59:59-14:00"), "invalid-request", last),
        "year 12026": (at(start, "12026-12-01T00:00:00Z"), "invalid-request", last),
        "naive": (at(start.rstrip("Z"), later), "invalid-request", first),
        "a day": (at(start[:10], later), "invalid-request", first),
        "the 30th of February": (at("2027-02-30T00:00:00Z", later), "invalid-request", first),
        "a leap second": (at(start, "2026-12-31T23:59:60Z"), "invalid-request", last),
        "a nanosecond": (at(start.replace("Z", ".000000001Z"), later), "invalid-request", first),
        "an offset of 99 hours": (at(start.replace("Z", "+99:00"), later), "invalid-request", first),
        "a number": (at(1796083200, later), "invalid-request", first),  # type: ignore[arg-type]
        "arabic digits": (at(start.replace("2", "٢"), later), "invalid-request", first),
        "infinity": (at(start, "infinity"), "invalid-request", last),
    }
    found = {name: await attack.book(body) for name, (body, _, _) in sent.items()}
    assert found == {name: (422, code, (place,)) for name, (_, code, place) in sent.items()}


async def test_documents_of_an_ill_form_are_refused(attack):
    plain = json.dumps(booking(berth())).encode()
    sent = {
        "nothing": b"",
        "half": plain[:-20],
        "two": plain + plain,
        "deep lists": b"[" * 100_000 + b"]" * 100_000,
        "deep objects": b'{"legs":' * 50_000 + b"1" + b"}" * 50_000,
        "deep inside a field": plain[:-1] + b',"remark":' + b"[" * 40 + b"]" * 40 + b"}",
        "a key twice": plain[:-1] + b',"hold":false}',
        "a key twice, once escaped": plain[:-1] + b',"h\\u006fld":false}',
        "a key twice inside": plain.replace(b'"kind"', b'"kind":"berth","kind"'),
        "not UTF-8": plain.replace(b"REF-", b"\xff\xfe"),
        "UTF-16": plain.decode().encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf" + plain,
        "NUL": plain.replace(b"REF-", b"R\\u0000"),
        "a lone high surrogate": plain.replace(b"REF-", b"R\\ud800"),
        "a lone low surrogate": plain.replace(b"REF-", b"R\\udc00"),
        "surrogates in the wrong order": plain.replace(b"REF-", b"R\\udc00\\ud800"),
        "a lone surrogate in a key": plain[:-1] + b',"\\ud800":1}',
        "an encoded surrogate": plain.replace(b"REF-", b"R\xed\xa0\x80"),
        "a raw NUL": plain.replace(b"REF-", b"R\x00"),
        "501 keys": plain[:-1] + b"".join(b',"k%d":1' % number for number in range(501)) + b"}",
        "a comment": b"/* hello */" + plain,
        "single quotes": plain.replace(b'"', b"'"),
        "a comma too many": plain[:-1] + b",}",
    }
    found = {name: (await attack.book(body))[:2] for name, body in sent.items()}
    expected = dict.fromkeys(sent, (400, "malformed-json")) | {"nothing": (422, "invalid-request")}
    assert found == expected


async def test_documents_of_another_shape_are_refused(attack):
    sent: dict[str, tuple[Any, tuple[str, ...]]] = {
        "a list": ([booking(berth())], ("",)),
        "text": ("book", ("",)),
        "null": (None, ("",)),
        "a number": (7, ("",)),
        "an unknown field": (booking(berth(), remarks="x"), ("/remarks",)),
        "an unknown field of a leg": (booking(berth(metres=7)), ("/legs/0/metres",)),
        "an unknown field of a window": (
            booking(berth() | {"window": window(10) | {"tz": "x"}}),
            ("/legs/0/window/tz",),
        ),
        "a field of the answer": (booking(berth(), state="confirmed"), ("/state",)),
        "a kind that is none": (booking(berth(kind="airship")), ("/legs/0",)),
        "no kind": (booking({"quay": "PKGWD-MPT", "window": window(10)}), ("/legs/0",)),
        "no legs": (booking(), ("/legs",)),
        "legs that are none": (booking() | {"legs": {}}, ("/legs",)),
        "a leg that is text": (booking("berth"), ("/legs/0",)),  # type: ignore[arg-type]
        "a floor's field at a berth": (booking(berth(quantity=5)), ("/legs/0/quantity",)),
        "a slash in a key": (booking(berth(), **{"a/b~c": 1}), ("/a~1b~0c",)),
        "hold as text": (booking(berth()) | {"hold": "true"}, ("/hold",)),
        "hold as a number": (booking(berth()) | {"hold": 1}, ("/hold",)),
        "a reference of spaces": (booking(berth()) | {"client_reference": "   "}, ("/client_reference",)),
        "a reference of 101 letters": (booking(berth()) | {"client_reference": "x" * 101}, ("/client_reference",)),
        "a line break in a reference": (booking(berth()) | {"client_reference": "a\nb"}, ("/client_reference",)),
        "an escape in a reference": (booking(berth()) | {"client_reference": "a\x1b[31m"}, ("/client_reference",)),
        "an IMO number that is none": (booking(berth(), vessel=SHIP | {"imo": "9074728"}), ("/vessel/imo",)),
        "an IMO number in arabic": (booking(berth(), vessel=SHIP | {"imo": "٩٠٧٤٧٢٩"}), ("/vessel/imo",)),
        "a ship without a name": (
            booking(berth(), vessel={k: SHIP[k] for k in SHIP if k.endswith("_m")}),
            ("/vessel",),
        ),
        "no ship": (booking(berth(), vessel=None), ("/vessel",)),
        "a BIN that is none": (booking(berth(), shipper={"name": "x", "bin": "1"}), ("/shipper/bin",)),
        "a wrong hazard class": (booking(berth(), cargo={"hazard_class": "99"}), ("/cargo/hazard_class",)),
        "1,000 packages short of none": (booking(berth(), cargo={"packages": -1000}), ("/cargo/packages",)),
    }
    found = {name: await attack.book(body) for name, (body, _) in sent.items()}
    assert {name: (status, places) for name, (status, _, places) in found.items()} == {
        name: (422, places) for name, (_, places) in sent.items()
    }


async def test_a_thousand_legs_are_too_many(attack):
    status, code, places = await attack.book(booking(*(berth(day, from_m=0) for day in range(10, 510, 2)), vessel=SHIP))
    assert (status, code, places) == (422, "invalid-request", ("/legs",))


async def test_a_body_over_a_mebibyte_is_refused_with_and_without_its_length(attack):
    large = json.dumps(booking(berth(), remark="x" * MIB)).encode()
    within = large[: MIB - 2] + b'"}'

    async def chunks():
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    headers = attack.as_("forwarder", **{"Idempotency-Key": new_key(), "Content-Type": "application/json"})
    chunked = await attack.client.post("/v1/bookings", content=chunks(), headers=headers)
    assert said(chunked)[:2] == (413, "body-too-large")
    assert (await attack.book(large))[:2] == (413, "body-too-large")
    assert len(within) == MIB
    assert await attack.book(within) == (422, "invalid-request", ("/remark",))


async def test_bodies_declared_as_something_else_are_refused(attack):
    types = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/xml",
             "application/json; charset=latin-1", "application/jsonx", "text/json", "application/json; charset=utf-7",
             "application/json, text/plain", b"\xe4pplication/json")  # fmt: skip
    found = {each: (await attack.book(booking(berth()), **{"Content-Type": each}))[:2] for each in types}
    assert found == dict.fromkeys(types, (415, "unsupported-media-type"))


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
    own = fits("/v1/bookings", Filters(), keys.json()["items"][0]["organisation_id"])
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

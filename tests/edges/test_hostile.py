"""Hostile bodies against the real service: always a problem that says what is wrong and where, never a 5xx, no trace left."""

import json
import time
from typing import Any

import pytest

from tests.asking import SHIP, ahead, berth, booking, new_key, rfc, storage, window
from tests.contract.attacker import attacking, said

MIB = 1_048_576


@pytest.fixture
async def attack(url, as_):
    async with attacking(url, as_) as attacker:
        yield attacker


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


async def test_a_mebibyte_made_to_cost_time_is_refused_soon_and_in_few_words(attack):
    def filled(unit: bytes) -> bytes:
        return b'{"legs":[' + b",".join([unit] * (1_000_000 // (len(unit) + 1))) + b"]}"

    sent = {
        "legs with an unknown field": filled(json.dumps(berth(bogus=1)).encode()),
        "empty legs": filled(b"{}"),
        "numbers": filled(b"1.5"),
        "many keys": b"{" + b",".join(b'"k%d":1' % number for number in range(80_000)) + b"}",
        "escapes and brackets": b'{"a":"' + b'\\"[{' * 260_000,
    }
    for name, body in sent.items():
        began = time.perf_counter()
        status, _, places = await attack.book(body)
        assert (status in (400, 422), len(places) <= 50) == (True, True), name
        assert time.perf_counter() - began < 2, name

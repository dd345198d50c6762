"""Tidal windows over HTTP, on real rows."""

import asyncio
import json
from datetime import timedelta

import pytest

from service import clock
from tests.asking import ahead, berth, booking, new_key, rfc
from tests.bookings.on_the_ground import operator_of

TIDES = "/v1/tidal-windows"


def tide(days: float, hours: float = 3) -> dict[str, str]:
    return {"start": rfc(ahead(days)), "end": rfc(ahead(days, hours))}


def table(*windows: dict[str, str], **more: object) -> dict[str, object]:
    return {"port": "PKGWD", "windows": list(windows), "source": "Pakistan Navy tide tables", **more}


async def published(crowd, *windows: dict[str, str], **more: object):
    return await crowd.post(TIDES, table(*windows, **more), role="operator_pkgwd")


async def versions(crowd) -> dict[str, int]:
    return dict(await crowd.sql("SELECT code, rules_version FROM places"))


async def listed(crowd, **query: object) -> list[dict[str, str]]:
    answer = await crowd.get(TIDES, role="rival", **query)
    assert answer.status_code == 200, answer.text
    return [each["window"] for each in answer.json()["items"]]


async def test_a_table_is_published_in_one_and_all_can_read_it(crowd):
    windows = [tide(20), tide(20.5), tide(21)]
    answer = await published(crowd, *windows, reference="PN 2027")
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert said == {
        "port": "PKGWD", "published": 3, "replaced": 0, "source": "Pakistan Navy tide tables", "reference": "PN 2027",
        "window": {"start": windows[0]["start"], "end": windows[2]["end"]},
        "touched": [], "plan": said["plan"], "totals": said["totals"],
    }  # fmt: skip
    assert await listed(crowd, port="PKGWD") == windows
    assert await listed(crowd, port="PKKHI") == []
    assert await listed(crowd, **{"from": windows[0]["end"], "to": windows[2]["start"]}) == windows[1:2]


async def test_a_year_of_tides_fits_into_one_request_and_no_more_than_two_thousand(crowd):
    year = [tide(20 + number / 2) for number in range(2_000)]
    assert (await published(crowd, *year)).json()["published"] == 2_000
    assert (await published(crowd, *year, tide(1100))).status_code == 422
    assert (await published(crowd)).status_code == 422


async def test_a_list_goes_on_from_page_to_page_without_gap_or_repetition(crowd):
    windows = [tide(20 + number) for number in range(7)]
    await published(crowd, *windows[::-1])
    seen, cursor = [], {}
    while True:
        page = (await crowd.get(TIDES, limit=3, **cursor)).json()
        seen += [each["window"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == windows


async def test_windows_that_overlap_each_other_are_refused_by_name_and_those_that_touch_are_not(crowd):
    answer = await published(crowd, tide(21), tide(20, 36), tide(20, 6))
    assert (answer.status_code, answer.json()["code"]) == (422, "tidal-windows-overlap")
    assert {each["pointer"] for each in answer.json()["errors"]} == {"/windows/0", "/windows/1"}
    assert await crowd.sql("SELECT 1 FROM tidal_windows") == []
    assert (await published(crowd, tide(20, 6), tide(20.25, 6))).status_code == 201


async def test_windows_that_overlap_what_stands_are_refused_and_what_stands_is_named(crowd):
    await published(crowd, tide(20), tide(21), tide(22))
    answer = await published(crowd, tide(20.9, 12), tide(30))
    assert (answer.status_code, answer.json()["code"]) == (409, "tidal-window-stands")
    assert answer.json()["overlaps"] == [tide(21)]
    assert await listed(crowd) == [tide(20), tide(21), tide(22)]


async def test_a_table_that_is_published_again_replaces_what_lies_inside_the_span_and_leaves_the_rest(crowd):
    await published(crowd, tide(20), tide(21), tide(22), tide(23))
    span = {"start": tide(21)["start"], "end": tide(23)["start"]}
    answer = await published(crowd, tide(21.1), tide(22.1), replace=span)
    assert (answer.status_code, answer.json()["replaced"]) == (201, 2)
    assert await listed(crowd) == [tide(20), tide(21.1), tide(22.1), tide(23)]


async def test_a_window_that_only_reaches_into_the_replaced_span_still_stands_in_the_way(crowd):
    await published(crowd, tide(20, 12))
    span = {"start": tide(20, 6)["end"], "end": tide(30)["start"]}
    assert (await published(crowd, tide(20.4), replace=span)).status_code == 409


async def test_publishing_moves_the_rules_of_every_quay_of_the_port_and_of_no_other_place(crowd):
    before = await versions(crowd)
    await published(crowd, tide(20))
    moved = {code for code, version in (await versions(crowd)).items() if version != before[code]}
    quays = await crowd.sql("SELECT code FROM places WHERE kind = 'quay' AND port = 'PKGWD'")
    assert moved == {row["code"] for row in quays} != set()


async def test_only_who_runs_a_terminal_with_a_quay_at_the_port_publishes_its_tides(crowd):
    theirs = await crowd.post(TIDES, table(tide(20)), role="operator_pkkhi")
    nobodys = await crowd.post(TIDES, table(tide(20)) | {"port": "DEHAM"}, role="operator_pkkhi")
    zone = await crowd.post(TIDES, table(tide(20)), role=await operator_of(crowd, "zone", "PKGWD-FZS"))
    for answer in (theirs, nobodys, zone):
        assert (answer.status_code, answer.json()["code"]) == (404, "port-not-yours")
    for role in ("forwarder", "customs", "admin"):
        assert (await crowd.post(TIDES, table(tide(20)), role=role)).status_code == 403
    assert await crowd.sql("SELECT 1 FROM tidal_windows") == []


async def test_a_rehearsal_answers_the_same_and_publishes_nothing(crowd):
    before = await versions(crowd)
    answer = await crowd.post(f"{TIDES}?validate_only=true", table(tide(20)), role="operator_pkgwd")
    assert (answer.status_code, answer.json()["published"]) == (200, 1)
    assert (await crowd.sql("SELECT 1 FROM tidal_windows"), await versions(crowd)) == ([], before)
    assert await crowd.sql("SELECT 1 FROM events WHERE type ~ '^tidal'") == []


async def test_a_repeated_request_is_answered_as_the_first_and_publishes_once(crowd):
    key = new_key()
    first = await crowd.post(TIDES, table(tide(20)), role="operator_pkgwd", key=key)
    again = await crowd.post(TIDES, table(tide(20)), role="operator_pkgwd", key=key)
    assert (again.status_code, again.text, again.headers["idempotency-replayed"]) == (201, first.text, "true")
    other = await crowd.post(TIDES, table(tide(25)), role="operator_pkgwd", key=key)
    assert other.json()["code"] == "idempotency-key-reused"
    events = await crowd.sql(
        "SELECT subject, facilities, current::text FROM events WHERE type = 'tidal-windows.published'"
    )
    assert [(each["subject"], each["current"]) for each in events] == [("PKGWD", first.text)]
    assert events[0]["facilities"] == ["PKGWD-GMT"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"windows": [{"start": rfc(ahead(20)), "end": rfc(ahead(20))}]},
        {"windows": [{"start": rfc(ahead(21)), "end": rfc(ahead(20))}]},
        {"windows": [{"start": "2027-01-01T00:00:00", "end": "2027-01-01T03:00:00Z"}]},
        {"windows": [{"start": rfc(ahead(20)), "end": None}]},
        {"windows": [{"start": rfc(ahead(20)), "end": rfc(ahead(20, 1)), "height_m": 2}]},
        {"windows": "all"},
        {"source": ""},
        {"source": "a\u0007b"},
        {"port": "GWADAR"},
        {"port": None},
        {"replace": {"start": rfc(ahead(21)), "end": rfc(ahead(20))}},
        {"on_conflict": "ignore"},
        {"tolerance": "P61D"},
        {"surely": True},
    ],
)
async def test_a_table_that_is_not_well_formed_is_refused_with_a_pointer(crowd, wrong):
    answer = await crowd.post(TIDES, table(tide(20)) | wrong, role="operator_pkgwd")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "query", [{"from": rfc(ahead(2)), "to": rfc(ahead(1))}, {"port": "x"}, {"at": "now"}, {"limit": 0}]
)
async def test_a_list_asked_for_amiss_is_refused(crowd, query):
    assert (await crowd.get(TIDES, **query)).status_code == 422


async def test_of_two_who_publish_overlapping_tables_at_once_one_is_told_of_the_other(crowd):
    answers = await asyncio.gather(*(published(crowd, tide(20), tide(21 + number)) for number in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"tidal-window-stands"}
    assert await crowd.broken() == {}


# A ship that draws 12.5 m at Gwadar, where 11.6 m are permitted without the tide, and 13 m with it.
DEEP = {"name": "DEEP ONE", "loa_m": 100.0, "beam_m": 20.0, "draught_m": 12.5}


@pytest.fixture
async def tidal(crowd):
    notice = {
        "quay": "PKGWD-MPT", "window": {"start": rfc(clock.now() - timedelta(days=1)), "end": None}, "draught_m": 11.6,
        "draught_with_tide_m": 13, "reference": "GPA/1", "source": "harbour master",
    }  # fmt: skip
    assert (await crowd.post("/v1/draught-notices", notice, role="operator_pkgwd")).status_code == 201
    return crowd


async def deep(crowd, days: float, hours: float):
    return await crowd.post(
        "/v1/bookings?validate_only=true", booking(berth(days, hours=hours, from_m=0), vessel=DEEP, hold=False)
    )


async def test_a_ship_that_needs_the_tide_is_admitted_where_start_and_end_lie_inside_windows_at_once(tidal):
    refused = await deep(tidal, 20, 24)
    assert refused.json()["code"] == "no-tide", refused.text
    await published(tidal, tide(20), tide(21))
    assert (await deep(tidal, 20, 24)).status_code == 200
    for days, hours in ((20, 12), (20.5, 12), (20 + 3 / 24, 24), (20, 27)):
        assert (await deep(tidal, days, hours)).json()["code"] == "no-tide", (days, hours)
    shallow = await tidal.post("/v1/bookings?validate_only=true", booking(berth(20.3, hours=8), hold=False))
    assert shallow.status_code == 200


async def test_a_search_offers_the_starts_inside_the_window_and_says_until_when_it_must_reach(tidal):
    await published(tidal, tide(20), tide(21))
    query = {"port": "PKGWD", "loa_m": 100, "draught_m": 12.5, "duration": "PT24H", "from": rfc(ahead(19))}
    found = (await tidal.get("/v1/berth-slots", to=rfc(ahead(22)), **query)).json()
    slot = next(each for each in found["slots"] if each["quay"] == "PKGWD-MPT")
    assert slot["window"] == {"start": rfc(ahead(20)), "end": rfc(ahead(21))}
    assert slot["latest_start"] < rfc(ahead(20, 3))
    none = (await tidal.get("/v1/berth-slots", to=rfc(ahead(20.9)), **query)).json()
    why = next(each for each in none["unavailable"] if each["quay"] == "PKGWD-MPT")["reasons"]
    assert [(each["code"], each["needs"]) for each in why] == [("no-tide", {"to": rfc(ahead(21))})]


async def test_every_booking_precedes_the_new_table_or_obeys_it(tidal):
    """The tide of each day is replaced by one twelve hours later; deep ships race for the old ones."""
    await published(tidal, *(tide(20 + day) for day in range(6)))

    async def replaced(day: int):
        span = {"start": tide(20 + day)["start"], "end": tide(21 + day)["start"]}
        return await published(tidal, tide(20.5 + day), replace=span)

    def booked(day: int):
        return tidal.post("/v1/bookings", booking(berth(20 + day, hours=2, from_m=0), vessel=DEEP, hold=False))

    answers = await asyncio.gather(*(act(day) for day in range(6) for act in (booked, replaced, booked)))
    assert {answer.status_code for answer in answers} <= {201, 409, 422}
    assert {a.json()["code"] for a in answers if a.status_code == 422} <= {"no-tide"}
    gone: set[str] = set()
    for event in await tidal.sql("SELECT type, current FROM events WHERE type ~ '^(tidal|booking)' ORDER BY id"):
        current = json.loads(event["current"])
        if event["type"] == "tidal-windows.published":
            gone |= {rfc(ahead(20 + day)) for day in range(6) if current["window"] == tide(20.5 + day)}
        else:
            assert current["legs"][0]["window"]["start"] not in gone
    assert len(gone) == 6
    assert await tidal.broken() == {}

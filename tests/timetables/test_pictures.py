"""A timetable as a picture: well-formed whatever names are in it, drawn to scale, and only if it is asked for."""

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from tests.asking import SHIP, ahead, berth, booking, rfc, storage

QUAY, FLOOR = "/v1/quays/PKGWD-MPT/timetable", "/v1/warehouses/PKGWD-FZS-W1/timetable"
WINDOW = {"from": rfc(ahead(8)), "to": rfc(ahead(22))}
SVG = "{http://www.w3.org/2000/svg}"


async def picture(crowd, path: str, role: str = "forwarder", accept: str = "image/svg+xml", **params: str):
    headers = {"Authorization": f"Bearer {crowd.keys[role]}", "Accept": accept}
    return await crowd.clients[0].get(path, params=WINDOW | params, headers=headers)


async def drawn(crowd, path: str, role: str = "forwarder", **params: str) -> ET.Element:
    answer = await picture(crowd, path, role, **params)
    assert answer.status_code == 200, answer.text
    return ET.fromstring(answer.content)


def boxes(svg: ET.Element, kind: str) -> list[dict[str, float]]:
    """The rectangles of a kind, but for that of the legend."""
    found = [
        each for each in svg.iter(f"{SVG}rect") if each.get("class") == kind and each.find(f"{SVG}title") is not None
    ]
    return [{name: float(each.get(name, "")) for name in ("x", "y", "width", "height")} for each in found]


def words(svg: ET.Element) -> list[str]:
    return [each.text or "" for each in svg.iter(f"{SVG}text")]


async def test_a_booking_is_drawn_to_scale_and_by_name(crowd):
    await crowd.post("/v1/bookings", booking(berth(10, from_m=0, hours=46), hold=False))
    svg = await drawn(crowd, QUAY)
    ground = next(each for each in svg.iter(f"{SVG}rect") if each.get("class") == "ground")
    x, y, width, height = (float(ground.get(name, "")) for name in ("x", "y", "width", "height"))
    (box,) = boxes(svg, "own")
    assert box["x"] == pytest.approx(x + width * 2 / 14, abs=0.2)
    assert box["width"] == pytest.approx(width * 2 / 14, abs=0.2)  # 46 h and 2 h of turnaround
    assert box["height"] == pytest.approx(height * 209 / 602, abs=0.2)
    assert box["y"] + box["height"] == pytest.approx(y + height, abs=0.2)
    assert {"CASPIAN TRADER", "berth 1", "berth 2", "berth 3", "PKGWD-MPT"} <= set(words(svg))


async def test_a_load_is_drawn_under_the_line_of_the_capacity(crowd):
    await crowd.post("/v1/bookings", booking(storage(12, quantity=2500, length=3), hold=False))
    svg = await drawn(crowd, FLOOR)
    bars = boxes(svg, "own")
    assert len(bars) == 4 + 1  # four local days, and the booking below
    line = next(each for each in svg.iter(f"{SVG}line") if each.get("class") == "capacity")
    top = float(line.get("y1", ""))
    assert all(bar["y"] > top for bar in bars)
    assert "CASPIAN TRADER · 2500 m2" in words(svg)


@pytest.mark.parametrize(
    "name",
    [
        "</text><script>alert(1)</script>", '"><image href="http://elsewhere.invalid/x"/>', "A & B < C > D",
        "]]>", "&lt;", "\ufffe\uffff", "مریم", "\u202enamuh", "🚢🚢🚢", "x" * 50,
    ],
)  # fmt: skip
async def test_a_name_can_do_nothing_to_the_picture(crowd, name: str):
    answer = await crowd.post(
        "/v1/bookings", booking(berth(10, hours=100), storage(), vessel=SHIP | {"name": name}, client_reference=name + "'"),
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    for path in (QUAY, FLOOR):
        svg = await drawn(crowd, path)
        tags = {each.tag.removeprefix(SVG) for each in svg.iter()}
        assert tags == {"svg", "title", "style", "defs", "pattern", "rect", "circle", "line", "text"}
        assert not {name for each in svg.iter() for name in each.attrib if "href" in name or name.startswith("on")}
        shown = name.strip().replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
        assert any(shown[:8] in (each.text or "") for each in svg.iter(f"{SVG}title"))


async def test_a_picture_brings_nothing_from_elsewhere_and_may_not(crowd):
    for path in (QUAY, FLOOR):
        answer = await picture(crowd, path)
        assert re.fullmatch(
            r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; frame-ancestors 'none'",
            answer.headers["content-security-policy"],
        )
        assert set(re.findall(r"https?://[^\"<]+", answer.text)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize(
    ("accept", "gives"),
    [
        ("image/svg+xml", "svg"), ("image/*", "svg"), ("*/*", "json"), ("", "json"), ("application/json", "json"),
        ("image/svg+xml;q=0.5, application/json;q=0.4", "svg"), ("image/svg+xml;q=0.4, application/json;q=0.5", "json"),
        ("image/svg+xml;q=0, */*;q=0.1", "json"), ("application/json;q=0, */*", "svg"),
        ("text/html,image/avif,image/svg+xml,image/*,*/*;q=0.8", "svg"), ("text/html", None), ("image/png", None),
        ("application/json;q=0", None), ("IMAGE/SVG+XML ; Q=1.000", "svg"),
    ],
)  # fmt: skip
async def test_the_form_that_is_sent_is_the_one_that_is_liked_best(crowd, accept: str, gives: str | None):
    answer = await picture(crowd, QUAY, accept=accept)
    if gives is None:
        assert answer.status_code == 406
        assert answer.headers["content-type"] == "application/problem+json"
        said = answer.json()
        assert (said["code"], said["offered"]) == ("not-acceptable", ["application/json", "image/svg+xml"])
    else:
        assert gives in answer.headers["content-type"]


@pytest.mark.parametrize("days", [1 / 24, 1, 14, 30, 92])
async def test_every_length_of_window_can_be_drawn_and_read(crowd, days: float):
    for path in (QUAY, FLOOR):
        svg = await drawn(crowd, path, to=rfc(ahead(8 + days)))
        names = [each for each in svg.iter(f"{SVG}text") if re.fullmatch(r"\w{3} \d+( \w{3})?", each.text or "")]
        places = [float(each.get("x", "")) for each in names]
        assert names
        assert all(later - x >= 60 for x, later in pairwise(places))

"""Timetables as a person's browser draws them: whole, by day and by night, and no name can do anything in it."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Route

from service import embedded
from tests.asking import SHIP, ahead, berth, booking, new_key, rfc, storage
from tests.browser.test_pages import CHROMIUM, READABLE, Watched, browser, contrast, luminance
from tests.conftest import TEMPLATE
from tests.serving import served

__all__ = ["browser"]

PATHS = ["/v1/quays/PKGWD-MPT/timetable", "/v1/warehouses/PKGWD-FZS-W1/timetable"]
WINDOW = f"?from={rfc(ahead(8))}&to={rfc(ahead(22))}"
HOSTILE = "</title></text><script>document.title='broken'</script>"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="the browser tests drive Debian's chromium, which is not installed"
)


def post(address: str, key: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": new_key(), "Content-Type": "application/json"}
    asked = urllib.request.Request(f"{address}/v1/bookings", json.dumps(body).encode(), headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=10) as answer:
        assert answer.status == 201


@pytest.fixture(scope="module")
def address(server: embedded.Server, template: dict[str, str]) -> Iterator[str]:
    """A service with a few bookings: held, firm and a rival's, one of a ship with a hostile name."""
    server.psql(f"CREATE DATABASE pictured TEMPLATE {TEMPLATE}")
    with served(server.dsn_of("pictured")) as where:
        for days, who, hold, name in (
            (10, "forwarder", False, "CASPIAN TRADER"), (13, "forwarder", True, HOSTILE[:50]), (16, "rival", False, "X")
        ):  # fmt: skip
            body = booking(berth(days), storage(days), hold=hold, vessel=SHIP | {"name": name})
            post(where, template[who], body)
        yield where
    server.psql("DROP DATABASE pictured WITH (FORCE)")


@pytest.fixture
async def shown(browser: Browser, address: str, keys: dict[str, str]):
    """Gives a browser's page with a picture on it, asked for as the forwarder, and what the browser complained of."""

    async def show(path: str, scheme: str = "light") -> Watched:
        page = await browser.new_page(color_scheme=scheme, viewport={"width": 1220, "height": 640})

        async def as_forwarder(route: Route) -> None:
            asking = {"authorization": f"Bearer {keys['forwarder']}", "accept": "image/svg+xml"}
            await route.fulfill(response=await route.fetch(headers={**route.request.headers, **asking}))

        await page.route("**/timetable*", as_forwarder)
        watched = Watched(page)
        answer = await page.goto(f"{address}{path}{WINDOW}")
        assert answer is not None
        assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "image/svg+xml")
        return watched

    return show


async def texts(page: Page) -> list[tuple[str, str, str]]:
    """Each text with its colour and that of the lowest mark under its middle that is painted evenly."""
    found: list[tuple[str, str, str]] = await page.evaluate(UNDER_TEXTS)
    return found


async def test_a_picture_shows_itself_without_complaint_and_asks_nobody_else(shown, address: str):
    for path in PATHS:
        watched = await shown(path)
        assert watched.complaints == []
        assert watched.hosts == {urlsplit(address).netloc}
        assert "CASPIAN TRADER" in await watched.page.locator("svg").first.text_content()


async def test_the_name_of_a_ship_runs_nothing_in_a_browser(shown):
    for path in PATHS:
        watched = await shown(path)
        assert await watched.page.evaluate("document.querySelectorAll('script').length") == 0
        assert "broken" not in await watched.page.title()
        assert HOSTILE[:20] in await watched.page.locator("svg").first.text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_of_a_picture_is_readable_by_day_and_by_night(shown, scheme: str):
    for path in PATHS:
        found = await texts((await shown(path, scheme)).page)
        assert len(found) > 20
        faint = [(text, ink, paper) for text, ink, paper in found if contrast(ink, paper) < READABLE]
        assert faint == [], path
        papers = [paper for text, _, paper in found if text.startswith("PKGWD")]
        assert all((luminance(paper) < 0.1) is (scheme == "dark") for paper in papers)


async def test_no_text_leaves_the_picture(shown):
    for path in PATHS:
        assert await (await shown(path)).page.evaluate(OUTSIDE) == [], path


UNDER_TEXTS = """() => [...document.querySelectorAll('text')].filter((each) => each.textContent.trim()).map((each) => {
  const spot = each.getBoundingClientRect();
  const under = document.elementsFromPoint(spot.x + 2, spot.y + spot.height / 2)
    .find((below) => below.tagName === 'rect' && getComputedStyle(below).fill.startsWith('rgb'));
  return [each.textContent, getComputedStyle(each).fill, under ? getComputedStyle(under).fill : 'none'];
})"""
OUTSIDE = """() => {
  const paper = document.querySelector('.paper').getBoundingClientRect();
  return [...document.querySelectorAll('text')].filter((each) => {
    const spot = each.getBoundingClientRect();
    const cut = each.ownerSVGElement !== document.documentElement;
    return !cut && (spot.x < paper.x || spot.right > paper.right + 1 || spot.bottom > paper.bottom + 1);
  }).map((each) => each.textContent);
}"""

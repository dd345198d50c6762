"""The pages as a person's browser shows them: whole, without a word of complaint, and without help from elsewhere."""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Request, async_playwright

from service import embedded
from tests.conftest import TEMPLATE
from tests.serving import served

CHROMIUM = shutil.which("chromium")
# As root the browser has no sandbox; in a container /dev/shm is too small for it.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
READABLE = 4.5  # contrast of text, WCAG 2.2, 1.4.3
PAGES = ["/", "/docs", "/problems/", "/problems/slot-taken"]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="the browser tests drive Debian's chromium, which is not installed"
)


@dataclass
class Watched:
    """A page of a browser, what it complained of, and where it asked."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", self._broke)
        self.page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _broke(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _asked(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).netloc)


@pytest.fixture(scope="module")
def address(server: embedded.Server, template: dict[str, str]) -> Iterator[str]:  # noqa: ARG001  cloned by name
    """One service for all of these tests: they only look."""
    server.psql(f"CREATE DATABASE browsed TEMPLATE {TEMPLATE}")
    with served(server.dsn_of("browsed")) as where:
        yield where
    server.psql("DROP DATABASE browsed WITH (FORCE)")


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        await opened.close()


async def shown(page: Page, address: str, path: str) -> None:
    """Go to a page, and wait until it is whole: the script of /docs puts its list there."""
    answer = await page.goto(f"{address}{path}")
    assert answer is not None
    assert answer.status == 200
    if path == "/docs":
        await page.locator("details").first.wait_for()


async def test_every_page_shows_itself_without_complaint_and_asks_nobody_else(browser: Browser, address: str):
    for path in PAGES:
        watched = Watched(await browser.new_page())
        await shown(watched.page, address, path)
        assert await watched.page.locator("main h1").inner_text() != ""
        assert watched.complaints == [], path
        assert watched.hosts == {urlsplit(address).netloc}, path


async def test_a_complaint_and_a_request_to_elsewhere_would_be_noticed(browser: Browser, address: str):
    watched = Watched(await browser.new_page())
    await watched.page.goto(address)
    await watched.page.evaluate("fetch('http://elsewhere.invalid/').catch(() => console.error('in vain'))")
    assert "in vain" in watched.complaints
    await watched.page.goto("data:text/html,<img src='http://elsewhere.invalid/picture'>")
    assert "elsewhere.invalid" in watched.hosts


async def test_the_links_of_the_front_page_lead_to_pages(browser: Browser, address: str):
    page = await browser.new_page()
    await page.goto(address)
    links = {await link.get_attribute("href") for link in await page.locator("a[href^='/']").all()}
    assert {"/docs", "/problems/", "/readyz"} <= links
    for link in links - {"/v1/ports"}:
        assert (await page.request.get(f"{address}{link}")).status == 200
    assert (await page.request.get(f"{address}/v1/ports")).status == 401


async def test_the_api_page_lists_every_operation_of_the_document(browser: Browser, address: str):
    page = await browser.new_page()
    await shown(page, address, "/docs")
    names = await page.locator("details > summary:has(b)").evaluate_all(
        "all => all.map(each => [...each.children].slice(0, 2).map(part => part.textContent).join(' '))"
    )
    said = await page.locator("details > summary:has(b) > small").all_inner_texts()
    assert len(said) == len(names)
    assert "" not in said
    document = await (await page.request.get(f"{address}/openapi.json")).json()
    assert sorted(names) == sorted(
        [f"{method.upper()} {path}" for path, said in document["paths"].items() for method in said]
        + [f"EVENT {type_}" for type_ in document["webhooks"]]
    )
    booking = page.locator("details", has_text="POST/v1/bookings").first
    assert not await booking.locator("table").first.is_visible()
    await booking.locator("summary").first.click()
    assert "slot-taken" in await booking.inner_text()
    assert "bookings:write" in await booking.inner_text()
    example = booking.locator("details", has_text="Example of the body")
    await example.locator("summary").click()
    assert '"client_reference"' in await example.inner_text()
    await page.locator("summary:has(b)", has_text="EVENTbooking.confirmed").click()
    told = page.locator("details:has(> summary > b)[open]").last
    assert "webhook-signature" in await told.inner_text()


async def test_a_problem_is_found_from_the_list_of_problems(browser: Browser, address: str):
    page = await browser.new_page()
    await page.goto(f"{address}/problems/")
    await page.get_by_role("link", name="slot-taken", exact=True).click()
    await page.wait_for_url("**/problems/slot-taken")
    assert "alternatives" in await page.locator("main").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_is_readable_by_day_and_by_night(browser: Browser, address: str, scheme: str):
    page = await browser.new_page(color_scheme=scheme)
    papers = set()
    for path in PAGES:
        await shown(page, address, path)
        texts = await page.evaluate(COLOURS)
        assert len(texts) > 5
        papers |= {paper for _, _, paper in texts}
        faint = [(text, ink, paper) for text, ink, paper in texts if contrast(ink, paper) < READABLE]
        assert faint == [], path
    assert all((luminance(paper) < 0.1) is (scheme == "dark") for paper in papers)


# Each text of a page with its colour, and that of the nearest element behind it that has one.
COLOURS = """() => {
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'none';
  };
  return [...document.querySelectorAll('body *')]
    .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
    .filter((each) => !each.closest('svg, script, style'))
    .map((each) => [each.textContent.slice(0, 40), getComputedStyle(each).color, behind(each)]);
}"""


def contrast(ink: str, paper: str) -> float:
    """Give the contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted((luminance(ink), luminance(paper)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Give how bright a colour `rgb(r, g, b)` is, 0 to 1 (WCAG 2.2, relative luminance)."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_black_on_white_has_the_greatest_contrast_and_white_on_white_none():
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(255, 255, 255)", "rgb(255, 255, 255)") == pytest.approx(1)

"""Pages for people: they stand alone, say where to go, and explain every refusal."""

import re
from base64 import b64encode
from hashlib import sha256

import httpx
import pytest
from fastapi import FastAPI

from service.problem_pages import types

from .test_problems import is_problem

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/", "/docs", "/problems/", "/problems/no-such-path"])
async def test_a_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path, headers=BROWSER)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(r"(src|href)=.?(https?:)?//", response.text)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "prefers-color-scheme: dark" in response.text


async def test_the_policy_lets_in_exactly_the_style_and_script_of_the_page(client: httpx.AsyncClient) -> None:
    response = await client.get("/docs")
    for tag in ("style", "script"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL)
        assert inside
        digest = b64encode(sha256(inside[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in response.headers["content-security-policy"]


async def test_the_front_page_says_where_to_go_to_people_and_programs(client: httpx.AsyncClient) -> None:
    html = (await client.get("/", headers=BROWSER)).text
    links = (await client.get("/", headers={"accept": "application/json"})).json()["links"]
    for address in links.values():
        assert f'href="{address}"' in html
    assert "curl" in html


async def test_the_icon_is_found_where_browsers_look(client: httpx.AsyncClient) -> None:
    for path in ("/favicon.ico", "/favicon.svg"):
        assert (await client.get(path)).headers["content-type"] == "image/svg+xml"


async def test_every_problem_type_has_a_page_that_its_list_links_to(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/problems/")).json()
    html = (await client.get("/problems/", headers=BROWSER)).text
    assert {"no-such-path", "malformed-json", "too-many-requests", "berth-taken"} <= {each["code"] for each in listed}
    assert not {"conflict", "unfit", "outdated", "refusal"} & {each["code"] for each in listed}
    for each in listed:
        assert f'href="{each["type"]}"' in html
        assert (await client.get(each["type"])).json() == each
        assert each["title"] in (await client.get(each["type"], headers=BROWSER)).text.replace("&#x27;", "'")


async def test_the_type_of_a_problem_is_the_address_of_its_page(client: httpx.AsyncClient) -> None:
    refused = is_problem(await client.get("/refuse/asleep"), 503, "quay-asleep")
    explained = (await client.get(str(refused["type"]))).json()
    assert explained["title"] == refused["title"]
    assert explained["advice"] == "Come back later."


async def test_an_unknown_problem_is_one_too(client: httpx.AsyncClient) -> None:
    is_problem(await client.get("/problems/<script>", headers=BROWSER), 404, "no-such-problem")


async def test_backquotes_become_code_and_markup_stays_text(client: httpx.AsyncClient) -> None:
    assert "<code>Retry-After</code>" in (await client.get("/problems/too-many-requests", headers=BROWSER)).text


def test_types_are_listed_once_and_in_order() -> None:
    codes = [each.code for each in types()]
    assert codes == sorted(set(codes))


def test_pages_are_not_part_of_the_api(app: FastAPI) -> None:
    assert not {"/", "/docs", "/favicon.ico", "/metrics"} & set(app.openapi()["paths"])

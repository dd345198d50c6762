"""A walk through pages meets each item once; a cursor that is foreign, old or forged is refused and grants nothing."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Refusal
from service.fields import FIRST, LAST
from service.paging import CursorDoesNotFit, CursorMalformed, Key, Page, cursor, fits

from .test_problems import is_problem

FITS = fits("/v1/bookings", {"state": ["held"]}, "org_a")


def forged(*values: object) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode()


async def test_a_walk_through_the_pages_meets_every_item_once(client: httpx.AsyncClient) -> None:
    met, query = [], "limit=3"
    for _ in range(3):
        page = (await client.get(f"/v1/calls?{query}")).json()
        met += page["items"]
        query = f"limit=3&cursor={page['next']}"
    assert met == list(range(7))
    assert page["next"] is None


async def test_a_page_that_ends_the_list_exactly_has_no_next(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/calls?limit=7")).json()["next"] is None


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.5", "9" * 40, ""])
async def test_a_limit_out_of_bounds_is_refused(client: httpx.AsyncClient, limit: str) -> None:
    body = is_problem(await client.get(f"/v1/calls?limit={limit}"), 422, "invalid-request")
    assert body["errors"][0]["pointer"] == "?limit"  # type: ignore[index]


async def test_a_cursor_of_another_query_does_not_fit(client: httpx.AsyncClient) -> None:
    following = (await client.get("/v1/calls?limit=3")).json()["next"]
    is_problem(await client.get(f"/v1/calls?state=held&cursor={following}"), 422, "cursor-does-not-fit")


@pytest.mark.parametrize("text", ["!", "", "bm90IGpzb24", "é", "a", forged(), "bnVsbA", forged(5, 5)])
async def test_garbage_is_no_cursor(client: httpx.AsyncClient, text: str) -> None:
    is_problem(await client.get("/v1/calls", params={"cursor": text}), 400, "cursor-malformed")


@pytest.mark.parametrize(
    "values",
    [["5"], [True], [None], [1.5], [2**63], [-(2**63) - 1], [5, 5], [], [[5]], [{"a": 5}]],
)
def test_a_forged_cursor_does_not_reach_the_database(values: list[object]) -> None:
    with pytest.raises(CursorMalformed):
        Page(10, forged(FITS, *values)).after(FITS, int)


def test_a_forged_moment_or_text_does_not_reach_the_database() -> None:
    for value in (-1, 2**62, "2026-12-01T00:00:00Z"):
        with pytest.raises(CursorMalformed):
            Page(10, forged(FITS, value)).after(FITS, datetime)
    with pytest.raises(CursorMalformed):
        Page(10, forged(FITS, "a\0b")).after(FITS, str)


def test_a_cursor_fits_only_the_path_the_filters_and_the_organisation_that_gave_it() -> None:
    given_ = cursor(FITS, 5)
    assert Page(10, given_).after(FITS, int) == (5,)
    for other in (
        fits("/v1/events", {"state": ["held"]}, "org_a"),
        fits("/v1/bookings", {"state": ["confirmed"]}, "org_a"),
        fits("/v1/bookings", {"state": ["held"]}, "org_b"),
    ):
        with pytest.raises(CursorDoesNotFit):
            Page(10, given_).after(other, int)


_keys = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50),
    st.datetimes(FIRST.replace(tzinfo=None), datetime(2200, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
)


@given(st.lists(_keys, max_size=4))
def test_a_cursor_brings_back_what_went_in_to_the_microsecond(values: list[Key]) -> None:
    assert Page(10, cursor(FITS, *values)).after(FITS, *map(type, values)) == tuple(values)  # type: ignore[arg-type]
    assert all(not isinstance(each, datetime) or each < LAST for each in values)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader_of_cursors(text: str) -> None:
    with pytest.raises(Refusal):
        Page(10, text).after(FITS, int)

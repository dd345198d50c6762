"""Until when an answer holds, what is remembered of it, and how many ask the database together."""

import asyncio
import gc
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from service.availability import (
    DAY,
    FOREVER,
    HOUR,
    MINUTE,
    Allotment,
    FloorClaim,
    FloorTimetable,
    KeptStretch,
    Quay,
    QuayClaim,
    QuayTimetable,
    Terms,
    Warehouse,
)
from service.capacity.operations import Answered, Kept, Sight, asker_matters, good_until
from service.capacity.operations.search import TO_SAY_YES
from service.capacity.operations.standings import Messenger
from service.ports.rules import BookingTerms, Place
from tests.availability.worlds import KARACHI

AT = 1_000 * DAY
TERMS = Terms(2 * HOUR, 30 * DAY, 550 * DAY)
AN_HOUR = timedelta(hours=1)
BOOKING_TERMS = BookingTerms(
    hold_for=AN_HOUR,
    hold_at_most=AN_HOUR,
    asks_approval=False,
    pending_for=AN_HOUR,
    amend_until=AN_HOUR,
    no_show_after=AN_HOUR,
)
LATER, LAST = AT + 10 * DAY, AT + 20 * DAY


def quay(*lapses: int, terms: Terms = TERMS) -> tuple[Place, QuayTimetable]:
    """A quay with a claim for each of these lapses."""
    rules = Quay("Q", "P", KARACHI, 600, (), (), (), terms)
    claims = [QuayClaim(str(lapse), 0, 100, LATER, LATER + DAY, lapse) for lapse in lapses]
    return Place(1, "Q", "quay", "P", "F", KARACHI, 5, rules, BOOKING_TERMS), QuayTimetable(claims)


def floor(*lapses: int, terms: Terms = TERMS) -> tuple[Place, FloorTimetable]:
    """A warehouse with a claim for each of these lapses."""
    rules = Warehouse("W", "P", KARACHI, "m2", 100, True, frozenset(), True, (), terms)  # noqa: FBT003
    first = date(1972, 10, 8)
    claims = [FloorClaim(str(lapse), first, first + timedelta(days=2), 1, lapse) for lapse in lapses]
    return Place(2, "W", "warehouse", "P", "F", KARACHI, 5, rules, BOOKING_TERMS), FloorTimetable(claims)


def sight(
    quays: Iterable[tuple[Place, QuayTimetable]] = (), floors: Iterable[tuple[Place, FloorTimetable]] = (), at: int = AT
) -> Sight:
    seen = [*quays, *floors]
    return Sight(at, list(quays), list(floors), tuple((place.id, 9, place.rules_version) for place, _ in seen))


def test_an_answer_about_later_on_holds_for_a_minute_at_most():
    assert good_until(sight([quay()], [floor()]), LATER, LAST) == AT + MINUTE


@pytest.mark.parametrize("seen", [sight([quay()]), sight(floors=[floor()])], ids=["quay", "floor"])
def test_an_answer_holds_until_its_first_start_is_too_near_to_say_yes_to(seen):
    assert good_until(seen, AT + TO_SAY_YES + 10, LAST) == AT + 10
    assert good_until(seen, AT + TO_SAY_YES, LAST) == AT


def test_the_longest_notice_of_the_places_in_sight_counts():
    slow = replace(TERMS, least_notice=3 * HOUR)
    for seen in (sight([quay(), quay(terms=slow)]), sight([quay()], [floor(terms=slow)])):
        assert good_until(seen, AT + TO_SAY_YES + 3 * HOUR + 7, LAST) == AT + 7


@pytest.mark.parametrize("made", [quay, floor])
def test_an_answer_holds_until_the_first_hold_in_sight_lapses(made):
    def seen(*lapses: int) -> Sight:
        return sight([made(*lapses)]) if made is quay else sight(floors=[made(*lapses)])

    assert good_until(seen(FOREVER, AT + 30, AT + 20), LATER, LAST) == AT + 20
    assert good_until(seen(FOREVER), LATER, LAST) == AT + MINUTE


def test_an_answer_holds_until_the_first_of_what_is_kept_in_sight_is_released():
    (along, taken), (inland, stored) = quay(), floor()
    kept = KeptStretch(0, 100, AT + DAY + 30, AT + 2 * DAY, 7, FOREVER, DAY, frozenset())
    allotment = Allotment(1, date(1972, 9, 1), date(1973, 1, 1), 10, 19 * HOUR - 40, frozenset())
    # Local days begin at 19:00 UTC, so a notice of 19 hours and a little less ends a little after midnight.
    berths = replace(along, rules=replace(along.quay, kept=(kept,)))
    stores = replace(inland, rules=replace(inland.warehouse, allotments=(allotment,)))
    assert good_until(sight([(berths, taken)]), LATER, LAST) == AT + 30
    assert good_until(sight(floors=[(stores, stored)]), LATER, LAST) == AT + 40
    assert [asker_matters(sight([(each, taken)])) for each in (along, berths)] == [False, True]
    assert [asker_matters(sight(floors=[(each, stored)])) for each in (inland, stores)] == [False, True]


def test_the_first_lapse_of_all_places_counts():
    assert good_until(sight([quay(AT + 40), quay(AT + 30)], [floor(AT + 20)]), LATER, LAST) == AT + 20


def test_an_answer_about_starts_beyond_the_horizon_is_not_kept_as_tomorrow_more_is_open():
    horizon = AT + TERMS.horizon
    assert good_until(sight([quay()], [floor()]), LATER, horizon) == AT + MINUTE
    assert good_until(sight([quay()], [floor()]), LATER, horizon + 1) == AT
    near = replace(TERMS, horizon=DAY)
    assert good_until(sight([quay()], [floor(terms=near)]), LATER, LAST) == AT


def test_an_answer_about_no_place_is_not_kept():
    assert good_until(sight(), LATER, LAST) == AT


def kept(seen: Sight, until: int, body: bytes = b"{}") -> Kept:
    return Kept(body, '"tag"', seen.versions, until)


def test_a_question_has_its_answer_again_until_the_moment_it_may_be_wrong():
    answered, seen = Answered(), sight([quay()])
    first = answered.keep("question", kept(seen, AT + 10))
    assert answered.still("question", seen) is first
    assert answered.still("question", sight([quay()], at=AT + 9)) is first
    assert answered.still("question", sight([quay()], at=AT + 10)) is None
    assert answered.still("another", seen) is None


@pytest.mark.parametrize("versions", [((1, 10, 5),), ((1, 9, 6),), ((2, 9, 5),), (), ((1, 9, 5), (2, 9, 5))])
def test_an_answer_is_forgotten_when_claims_or_rules_or_the_places_in_sight_are_others(versions):
    answered, seen = Answered(), sight([quay()])
    answered.keep("question", kept(seen, AT + 10))
    assert answered.still("question", replace(seen, versions=versions)) is None


def test_a_new_answer_takes_the_place_of_the_old_one():
    answered, seen = Answered(), sight([quay()])
    answered.keep("question", kept(seen, AT + 10))
    second = answered.keep("question", kept(seen, AT + 20, b"[]"))
    assert answered.still("question", seen) is second


def test_what_was_asked_for_lately_is_kept_when_there_is_too_much(monkeypatch):
    monkeypatch.setattr("service.capacity.operations.answered.MOST", 2)
    answered, seen = Answered(), sight([quay()])
    for question in ("first", "second"):
        answered.keep(question, kept(seen, AT + 10))
    assert answered.still("first", seen)
    answered.keep("third", kept(seen, AT + 10))
    assert [bool(answered.still(question, seen)) for question in ("first", "second", "third")] == [True, False, True]


class Slow:
    """A database whose queries are answered, with their number, when the test says so; or fail."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.answers: list[asyncio.Future[int]] = []

    async def read(self, _query: Any, ports: list[str]) -> int:
        self.asked.append(ports)
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]

    def answer(self, error: Exception | None = None) -> None:
        """Answer the last query."""
        if error is None:
            self.answers[-1].set_result(len(self.answers))
        else:
            self.answers[-1].set_exception(error)


async def settled() -> None:
    """Let everything go on that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def asking(messenger: Messenger, *ports: str) -> "asyncio.Task[Any]":
    return asyncio.create_task(messenger.ask(ports))


async def ended(*asked: "asyncio.Task[Any]") -> list[Any]:
    """Give the answers, or failures, of all who asked; whoever still waits would wait for ever."""
    async with asyncio.timeout(1):
        return await asyncio.gather(*asked, return_exceptions=True)


@pytest.fixture
async def complaints():
    """What the event loop has to complain of: failures that nobody looked at among them."""
    loop, said = asyncio.get_running_loop(), []
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: said.append(context["message"]))
    yield said
    loop.set_exception_handler(before)


async def test_many_who_ask_together_cost_one_query():
    db = Slow()
    messenger = Messenger(db)
    many = [asking(messenger, port) for port in ("B", "A", "B")]
    await settled()
    db.answer()
    assert await ended(*many) == [1, 1, 1]
    assert db.asked == [["A", "B"]]


async def test_nobody_gets_the_answer_of_a_query_that_was_sent_before_he_asked():
    db = Slow()
    messenger = Messenger(db)
    first = asking(messenger, "A")
    await settled()
    late = [asking(messenger, "A"), asking(messenger, "B")]
    await settled()
    assert db.asked == [["A"]]
    db.answer()
    assert await ended(first) == [1]
    await settled()
    latest = asking(messenger, "C")
    await settled()
    assert (db.asked, [each.done() for each in late]) == ([["A"], ["A", "B"]], [False, False])
    db.answer()
    assert await ended(*late) == [2, 2]
    await settled()
    db.answer()
    assert (await ended(latest), db.asked[2:]) == ([3], [["C"]])


@pytest.mark.parametrize("sent", [True, False], ids=["after the query was sent", "before it was sent"])
async def test_one_who_gives_up_takes_nobody_along(sent):
    db = Slow()
    messenger = Messenger(db)
    before = None if sent else asking(messenger, "A")
    await settled()
    gone, stays = asking(messenger, "A"), asking(messenger, "A")
    await settled()
    gone.cancel()
    await settled()
    assert gone.cancelled()
    assert len(db.asked) == 1
    if before is not None:
        db.answer()
        assert await ended(before) == [1]
        await settled()
    db.answer()
    assert await ended(stays) == [len(db.asked)]


async def test_a_failure_reaches_all_who_wait_and_the_next_query_is_sent():
    db = Slow()
    messenger = Messenger(db)
    many = [asking(messenger, "A") for _ in range(3)]
    await settled()
    after = asking(messenger, "A")
    await settled()
    db.answer(OSError("away"))
    assert [str(each) for each in await ended(*many)] == ["away"] * 3
    await settled()
    db.answer()
    assert await ended(after) == [2]


async def test_a_failure_that_nobody_waits_for_any_more_is_not_complained_of(complaints):
    db = Slow()
    messenger = Messenger(db)
    many = [asking(messenger, "A") for _ in range(2)]
    await settled()
    for each in many:
        each.cancel()
    await settled()
    db.answer(OSError("away"))
    await settled()
    assert [each.cancelled() for each in many] == [True, True]
    db.answers.clear()
    del messenger
    gc.collect()
    await settled()
    assert complaints == []

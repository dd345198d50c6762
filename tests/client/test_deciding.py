"""What is decided without any connection: when something is sent again, what of a stream is an event, what is refused."""

import json
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotway_client import Changed, Refused, Retries, SlotTaken, Unanswered
from slotway_client.calls import Call
from slotway_client.refusals import refusal
from slotway_client.retries import Attempts, passes_by
from slotway_client.stream import Following

WITH_KEY, WITHOUT = Call.asked("POST", "/x", {}), Call.asked("POST", "/x", {}, idempotency_key=None)
BROKEN, NEVER_SENT = httpx.ReadError("broken"), httpx.ConnectError("nobody there")


def answer(status: int, retry_after: str | None = None, body: bytes = b"{}") -> httpx.Response:
    headers = {} if retry_after is None else {b"Retry-After": retry_after.encode()}
    return httpx.Response(status, headers=headers, content=body)


@pytest.mark.parametrize(
    ("outcome", "with_key", "without"),
    [
        (BROKEN, True, False),
        (httpx.ReadTimeout("slow"), True, False),
        (httpx.RemoteProtocolError("cut"), True, False),
        (NEVER_SENT, True, True),
        (httpx.UnsupportedProtocol("no http"), False, False),
        (answer(429, "1"), True, True),
        (answer(503, "2"), True, False),
        (answer(502), True, False),
        (answer(504), True, False),
        (answer(409, "1"), True, True),
        (answer(409), False, False),
        (answer(500), False, False),
        (answer(422), False, False),
        (answer(412), False, False),
        (answer(401), False, False),
    ],
)
def test_only_what_may_pass_is_sent_again_and_without_a_key_only_what_was_not_done(outcome, with_key, without):
    assert passes_by(outcome, repeatable=WITH_KEY.repeatable) == with_key
    assert passes_by(outcome, repeatable=WITHOUT.repeatable) == without


def test_questions_and_rehearsals_are_repeatable_and_carry_no_key():
    for call in (Call.reading("/x"), Call.asked("GET", "/x"), Call.asked("POST", "/x", {}, validate_only=True)):
        assert (call.repeatable, call.idempotency_key) == (True, None)
    assert WITH_KEY.idempotency_key != Call.asked("POST", "/x", {}).idempotency_key


@given(st.integers(1, 10_000), st.none() | st.floats(0, 60))
def test_a_wait_grows_is_bounded_and_never_shorter_than_asked(failures, asked_s):
    wait_s = Retries(first_wait_s=0.5, longest_wait_s=60).wait_s(failures, asked_s)
    if asked_s is None:
        assert min(0.5 * 2 ** min(failures - 1, 20), 60) / 2 <= wait_s <= 60
    else:
        assert asked_s <= wait_s <= asked_s + 0.5


def test_tries_end_and_say_what_was_the_matter():
    attempts = Attempts(WITH_KEY, Retries(most=2))
    assert attempts.wait_after(BROKEN) > 0
    assert attempts.wait_after(answer(503, "7")) >= 7
    with pytest.raises(Unanswered, match="tries: 3") as lost:
        attempts.wait_after(BROKEN)
    assert (lost.value.__cause__, lost.value.idempotency_key) == (BROKEN, WITH_KEY.idempotency_key)
    with pytest.raises(Refused, match="503 http-503"):
        Attempts(WITH_KEY, Retries(longest_wait_s=5)).wait_after(answer(503, "6"))


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5", "²", "Tue, 24 Nov 2026 22:00:00 GMT"])
def test_a_retry_after_that_is_no_number_of_seconds_counts_as_none(text):
    assert Attempts(WITH_KEY, Retries(first_wait_s=0.1)).wait_after(answer(503, text)) <= 0.1
    assert not passes_by(answer(409, text), repeatable=True)


def test_a_problem_becomes_an_exception_whoever_wrote_it():
    taken = refusal(
        WITH_KEY, answer(409, body=b'{"code": "slot-taken", "alternatives": [{"kind": "berth"}], "new": 1}')
    )
    assert isinstance(taken, SlotTaken)
    assert (taken.alternatives, taken.problem["new"]) == ([{"kind": "berth"}], 1)
    assert type(refusal(WITH_KEY, answer(412))) is Changed
    for body in (b"<html>Bad gateway</html>", b"[1]", b"", b"\xff\xfe"):
        proxied = refusal(WITH_KEY, answer(502, body=body))
        assert (type(proxied), proxied.code, proxied.status) == (Refused, "http-502", 502)


EVENTS = [{"sequence": f"{n:016}", "text": text} for n, text in enumerate(("plain", "a\u2028b", "é口", "x" * 300), 1)]


@given(st.lists(st.integers(1, 700)), st.sampled_from(["\n", "\r\n"]))
def test_a_stream_gives_the_same_events_however_its_bytes_are_cut(cuts, end):
    blocks = [f"data: {json.dumps(each, ensure_ascii=False)}{end}id: {each['sequence']}{end}{end}" for each in EVENTS]
    whole = f"retry: 1500{end}id: 0{end}{end}" + f": ping{end}{end}".join(blocks)
    raw = whole.encode()
    places = [0, *sorted({each for each in cuts if each < len(raw)}), len(raw)]
    following = Following(None, Retries())
    pieces = [raw[here:there] for here, there in pairwise(places)]
    assert [event for piece in pieces for event in following.take(piece)] == EVENTS
    assert following.call().headers["Last-Event-ID"] == EVENTS[-1]["sequence"]
    assert following.wait_after(None) == 1.5


@pytest.mark.parametrize("half", [b'data: {"sequence": "5"}\nid: 5\n', b'data: {"sequ'])
def test_half_an_event_is_forgotten_with_its_connection(half):
    following = Following("4", Retries())
    assert list(following.take(half)) == []
    assert following.call().headers["Last-Event-ID"] == "4"
    assert list(following.take(b"retry: 1500\n\n")) == []
    assert list(following.take(b'data: {"sequence": "5"}\nid: 5\n\n')) == [{"sequence": "5"}]
    assert following.call().headers["Last-Event-ID"] == "5"


def test_a_stream_that_has_been_open_is_tried_for_ever_and_one_that_is_refused_is_not():
    following = Following(None, Retries(most=1))
    following.opened()
    assert [0 < following.wait_after(each) <= 60 for each in [BROKEN, NEVER_SENT, answer(503, "3")] * 50] == [
        True
    ] * 150
    with pytest.raises(Refused, match="401"):
        following.wait_after(answer(401))

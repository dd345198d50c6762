"""The life of a booking over HTTP: every action in every state by every role is what the table says, and nothing else."""

import runpy
from pathlib import Path

import pytest

from service.bookings.jobs import expire
from service.bookings.rules import ALLOWED, TRANSITIONS, Action, Actor, LegState, State, state_of
from tests.asking import ahead, rfc, storage
from tests.bookings.on_the_ground import asks_approval, begun, change_waits, made, report

DOCS = Path(__file__).parents[2] / "docs"
OPERATOR = "operator_pkgwd"
ROLE = {Actor.FORWARDER: "forwarder", Actor.OPERATOR: OPERATOR}
STRANGERS = {"rival": "forwarder", "operator_pkkhi": OPERATOR}  # of the right kind, but nothing of this is theirs
YARD = "PKGWD-FZN-Y1"
# What has no request of its own: a closure displaces, time expires.
REQUESTED = [action for action in Action if action not in (Action.DISPLACE, Action.EXPIRE)]
BEGUN, BESIDE = storage(10, quantity=1, length=40), storage(10, quantity=1, length=40, warehouse="PKGWD-FZS-W2")
LATER = storage(60, quantity=1, length=20, warehouse=YARD)


async def act(crowd, action: Action, on: dict, role: str, *, leg: int = 0):
    """Ask for an action with all that it needs to be said."""
    of_leg = {"leg": on["legs"][leg]["id"]}
    week = {"start": rfc(ahead(90)), "end": rfc(ahead(97))}
    bodies: dict[Action, dict[str, object]] = {
        Action.AMEND: {"remark": "by rail"},
        Action.DECLINE: {"reason": "no"},
        Action.SHIFT: {**of_leg, "window": week, "reason": "room"},
        Action.ARRIVE: of_leg,
        Action.COMPLETE: of_leg,
        Action.NO_SHOW: of_leg,
        Action.GATE_IN: of_leg,
        Action.GATE_OUT: of_leg,
        Action.ADD_REFERENCES: {
            "customs_references": [{"type": "TIR", "country": "KZ", "value": f"XF{on['version']}"}]
        },
    }
    return await crowd.post(f"/v1/bookings/{on['id']}/{action}", bodies.get(action), role=role, **{"If-Match": "*"})


async def requested(crowd, *legs):
    """A booking that waits for the yard's approval; the yard asks for it just then."""
    await asks_approval(crowd, YARD)
    request = await made(crowd, *legs, vessel=None)
    await asks_approval(crowd, YARD, yes=False)
    return request


async def ended(crowd, db, state: State):
    """A booking that has ended so."""
    if state is State.REJECTED:
        request = await requested(crowd, LATER)
        return (await act(crowd, Action.DECLINE, request, OPERATOR)).json()
    if state is State.DISPLACED:
        return await displaced(crowd)
    if state in (State.EXPIRED, State.CANCELLED, State.DECLINED):
        subject = await made(crowd, LATER, vessel=None, hold=state is State.EXPIRED)
        if state is State.EXPIRED:
            await crowd.lapse(subject["id"])
            assert await expire(db) == 1
        else:
            action, role = {State.CANCELLED: (Action.CANCEL, "forwarder")}.get(state, (Action.DECLINE, OPERATOR))
            await act(crowd, action, subject, role)
        return subject
    subject = await begun(crowd, BEGUN, vessel=None, hours=25)
    if state is State.NO_SHOW:
        await act(crowd, Action.NO_SHOW, subject, OPERATOR)
    else:
        await act(crowd, Action.ARRIVE, subject, OPERATOR)
        await act(crowd, Action.COMPLETE, subject, OPERATOR)
    return subject


async def displaced(crowd):
    """A booking whose place has been closed, whoever was there."""
    day = 60 + 30 * len(await crowd.sql("SELECT 1 FROM closures"))
    subject = await made(
        crowd, {**LATER, "window": {"start": rfc(ahead(day)), "end": rfc(ahead(day + 9))}}, vessel=None
    )
    closure = {
        "warehouse": YARD, "window": {"start": rfc(ahead(day)), "end": rfc(ahead(day + 5))}, "reason": "flood",
        "kind": "emergency", "on_conflict": "displace",
    }  # fmt: skip
    plan = (await crowd.post("/v1/closures?validate_only=true", closure, role=OPERATOR)).json()["plan"]
    done = await crowd.post("/v1/closures", closure, role=OPERATOR, **{"If-Match": f'"{plan}"'})
    assert done.status_code < 300, done.text
    return subject


async def reached(crowd, db, state: State, action: Action):
    """A booking in a state, such that the action may be done if the state allows it; and the leg to do it to."""
    waits = action in (Action.APPROVE, Action.DECLINE)
    if state is State.HELD:
        return await made(crowd, LATER, vessel=None, hold=True), 0
    if state is State.PENDING:
        return await requested(crowd, LATER), 0
    if state in (State.CONFIRMED, State.ARRIVED):
        subject = await begun(crowd, BEGUN, BESIDE, LATER, vessel=None, hours=25)
        if state is State.ARRIVED:
            assert (await report(crowd, "arrive", subject)).status_code == 200
            subject = (await crowd.get(f"/v1/bookings/{subject['id']}")).json()
        if waits:
            await change_waits(crowd, subject, YARD, 2, quantity=2)
        leg = {Action.COMPLETE: 0, Action.GATE_OUT: 0, Action.SHIFT: 2}.get(action, 1)
        return subject, leg
    return await ended(crowd, db, state), 0


@pytest.mark.parametrize("state", list(State))
async def test_every_action_in_every_state_by_every_role_is_what_the_table_says(crowd, db, state):
    for action in REQUESTED:
        rows = [each for each in TRANSITIONS if each.action is action]
        actors = {ROLE[actor] for each in rows for actor in each.by if actor in ROLE}
        may = {ROLE[actor] for each in rows if each.state is state for actor in each.by if actor in ROLE}
        leads_to = {each for row in rows if row.state is state for each in row.leads_to}
        subject, leg = await reached(crowd, db, state, action)
        path = f"/v1/bookings/{subject['id']}"
        before = (await crowd.get(path)).json()
        assert before["state"] == state, (action, state)
        for role in ("forwarder", OPERATOR, "rival", "operator_pkkhi", "customs", "admin"):
            if role in may:
                continue
            answer = await act(crowd, action, subject, role, leg=leg)
            said = (role, action, state, answer.text)
            if role in actors:
                code = "hold-expired" if state is State.EXPIRED else "state-forbids"
                assert (answer.status_code, answer.json()["code"]) == (409, code), said
            elif STRANGERS.get(role) in actors:
                assert (answer.status_code, answer.json()["code"]) == (404, "booking-not-found"), said
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "wrong-role"), said
        assert (await crowd.get(path)).json() == before, (action, state)
        for role in may:
            answer = await act(crowd, action, subject, role, leg=leg)
            assert answer.status_code == 200, (role, action, state, answer.text)
            assert answer.json()["state"] in leads_to, (role, action, state)
            assert answer.json()["version"] > before["version"]
    assert await crowd.broken() == {}


def test_the_table_says_each_thing_once_and_nothing_of_what_has_ended():
    said = [(each.action, each.state) for each in TRANSITIONS]
    assert len(said) == len(set(said))
    ends = {
        State.COMPLETED,
        State.EXPIRED,
        State.CANCELLED,
        State.REJECTED,
        State.DECLINED,
        State.DISPLACED,
        State.NO_SHOW,
    }
    assert {each.state for each in TRANSITIONS} == set(State) - ends
    assert {state for each in TRANSITIONS for state in each.leads_to} | {State.HELD, State.PENDING} == set(State)
    assert all(ALLOWED[action] for action in Action)


@pytest.mark.parametrize(
    ("legs", "state"),
    [
        ("planned planned", State.CONFIRMED),
        ("no_show planned", State.CONFIRMED),
        ("arrived planned", State.ARRIVED),
        ("completed planned", State.ARRIVED),
        ("arrived no_show", State.ARRIVED),
        ("completed no_show", State.COMPLETED),
        ("completed completed", State.COMPLETED),
        ("no_show no_show", State.NO_SHOW),
    ],
)
def test_a_booking_is_what_its_legs_are(legs, state):
    assert state_of([LegState(leg) for leg in legs.split()]) is state


def test_the_picture_in_the_docs_is_drawn_from_the_table():
    drawn = runpy.run_path(str(DOCS / "draw_lifecycle.py"))["drawing"]()
    assert (DOCS / "lifecycle.svg").read_text() == drawn, "run: python docs/draw_lifecycle.py"
    for state in State:
        assert f">{state.value}</text>" in drawn

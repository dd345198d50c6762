"""A rule that grows milder counts at once, in every process, though nobody has searched since it refused."""

import pytest

from service.ports.operations.rulebook import Rulebook
from tests.asking import ahead, berth, booking, new_key, rfc, storage
from tests.capacity.test_needs_over_http import closed


async def ask(crowd, instance: int, *legs):
    """Book through one of the two processes; gives the status and the code of a refusal."""
    headers = {"Authorization": f"Bearer {crowd.keys['forwarder']}", "Idempotency-Key": new_key()}
    answer = await crowd.clients[instance].post("/v1/bookings", json=booking(*legs), headers=headers)
    return answer.status_code, answer.json().get("code")


async def publish(crowd, draught_m: float) -> None:
    body = {"quay": "PKGWD-MPT", "window": {"start": rfc(ahead(0)), "end": rfc(ahead(300))}, "draught_m": draught_m,
            "reference": f"NtM {draught_m}", "source": "test"}  # fmt: skip
    assert (await crowd.post("/v1/draught-notices", body, role="operator_pkgwd")).status_code == 201


async def moved(crowd, place: str, change: str) -> None:
    """Change a rule by SQL, as an operator's route will: under the raised version of the place's rules."""
    await crowd.sql(change)
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1 WHERE code = $1", place)


@pytest.mark.parametrize("legs", [[berth(21)], [storage(20)]], ids=["its own place", "another"])
async def test_rules_that_others_let_go_just_as_they_were_read_are_judged_by_all_the_same(crowd, monkeypatch, legs):
    made = (await crowd.post("/v1/bookings", booking(berth(20), hold=False))).json()
    real = Rulebook.of

    async def of(self, codes):
        codes = set(codes)
        self.forget(codes)
        found = await real(self, codes)
        self.forget(codes)
        return found

    monkeypatch.setattr(Rulebook, "of", of)
    await crowd.sql("UPDATE places SET rules_version = rules_version + 1")
    answer = await crowd.post(f"/v1/bookings/{made['id']}/amend", {"legs": legs}, **{"If-Match": "*"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("refused_by", [0, 1])
async def test_a_deeper_draught_is_booked_at_once_by_the_process_that_refused_and_by_the_other(crowd, refused_by):
    await publish(crowd, 9.0)
    for _ in range(2):
        assert await ask(crowd, refused_by, berth(10)) == (422, "draught-exceeded")
    await publish(crowd, 11.6)
    assert await ask(crowd, refused_by, berth(10)) == (201, None)
    assert await ask(crowd, 1 - refused_by, berth(10)) == (201, None)


@pytest.mark.parametrize(("place", "leg"), [("PKGWD-MPT", berth(12, from_m=0)), ("PKGWD-FZS-W1", storage(12))])
async def test_a_place_is_booked_at_once_when_its_closure_has_been_lifted(crowd, place, leg):
    await closed(crowd, place, ahead(10), ahead(40), quantity=None if place == "PKGWD-MPT" else 12_000)
    for instance in (0, 1):
        assert await ask(crowd, instance, leg) == (409, "closed")
    await moved(crowd, place, "DELETE FROM closures")
    assert await ask(crowd, 0, leg) == (201, None)
    later = berth(20) if place == "PKGWD-MPT" else storage(20, quantity=100)
    assert await ask(crowd, 1, later) == (201, None)


@pytest.mark.parametrize(
    ("place", "table", "leg"), [("PKGWD-MPT", "quays", berth), ("PKGWD-FZS-W1", "warehouses", storage)]
)
async def test_a_longer_horizon_is_booked_into_at_once(crowd, place, table, leg):
    for instance in (0, 1):
        assert await ask(crowd, instance, leg(700)) == (422, "too-far-ahead")
    await moved(crowd, place, f"UPDATE {table} SET horizon = '800 days'")
    for instance in (0, 1):
        assert await ask(crowd, instance, leg(700 + 40 * instance)) == (201, None)


async def test_a_rule_that_is_still_in_force_refuses_again(crowd):
    """The look at whether rules have moved must not wear out: they have moved, and refuse still."""
    await publish(crowd, 9.0)
    assert await ask(crowd, 0, berth(10)) == (422, "draught-exceeded")
    await publish(crowd, 10.0)
    for instance in (0, 1, 0):
        assert await ask(crowd, instance, berth(10)) == (422, "draught-exceeded")

"""The fuzz of `test_schemathesis.py` for as long as you like, with the key of one role, on a service of its own on loopback.

    python -m tests.contract.fuzz --role forwarder --minutes 10

Half of what is made up names things that are there, and half of the bodies are the document's example with some fields
made up: who only guesses gets no further than a 404. No worker runs, so no webhook is sent.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from service.tokens import keyfile
from tests.asking import berth, booking, storage
from tests.contract.made_up import CASES, OPERATIONS, hold, sent
from tests.contract.test_roles import EXPECTED, delivered_to_the_forwarder, kept_for_the_forwarder
from tests.crowd import Crowd
from tests.drills.installation import Installation

ROLES = {"forwarder": "forwarder", "rival": "forwarder", "customs": "customs", "admin": "admin",
         "operator_pkgwd": "operator", "operator_pkkhi": "operator"}  # fmt: skip
STREAM = "GET /v1/events/stream"  # it does not end by itself
EXAMPLES = 20  # of one operation, before the next has its turn
CODES = ("PKGWD-MPT", "PKGWD-MPT-1", "PKGWD-FZS-W1", "PKGWD-GMT", "PKGWD-FZS", "PKKHI-SAPT", "no-show-too-early")

Things = dict[str, list[str]]


async def there_is(crowd: Crowd, role: str) -> Things:
    """Make things to name, and give those that there are for each parameter of a path."""
    closing = {"quay": "PKGWD-RORO", "window": berth(50)["window"], "reason": "silt"}
    closed = await crowd.post("/v1/closures", closing, role="operator_pkgwd")
    # A key to revoke, not the one that the fuzz asks with.
    key = await crowd.clients[0].post("/v1/keys", json={"name": "spare"}, headers=as_(crowd, role))
    found = await kept_for_the_forwarder(crowd) | await delivered_to_the_forwarder(crowd, crowd.keys)
    found |= {"closure_id": closed.json()["id"], "key_id": key.json()["id"]}
    found |= {"organisation_id": key.json()["organisation_id"]}
    return {name: [one] for name, one in found.items()} | {"unlocode": ["PKGWD", "PKKHI"], "code": [*CODES]}


async def booked(crowd: Crowd) -> list[str]:
    """Book as long as there is room, a hold and a firm booking; gives the ids."""
    made = [await crowd.post("/v1/bookings", booking(berth(day), storage(day), hold=day < 30)) for day in (10, 30)]
    return [answer.json()["id"] for answer in made if answer.status_code == 201]


def as_(crowd: Crowd, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {crowd.keys[role]}"}


class Fuzz:
    """One role that asks whatever it may, until its time is over."""

    def __init__(self, crowd: Crowd, role: str, loop: asyncio.Runner, seed: int) -> None:
        self._crowd, self._role, self._loop = crowd, role, loop
        self._random = random.Random(seed)
        self.answered: Counter[int] = Counter()
        self.found: dict[
            tuple[str, str], str
        ] = {}  # by operation and what is wrong: a request, and how it was answered

    def run(self, until: float) -> None:
        """Ask every operation in turn, each round of bookings that have just been made."""
        cases = [(label, mode) for label, mode in CASES if label != STREAM and self._may(label)]
        things = self._loop.run(there_is(self._crowd, self._role))
        while time.monotonic() < until:
            things["booking_id"] = self._loop.run(booked(self._crowd)) or things["booking_id"]
            for label, mode in self._random.sample(cases, len(cases)):
                if time.monotonic() >= until:
                    return
                self._ask(label, mode, things)

    def _may(self, label: str) -> bool:
        return label not in EXPECTED or ROLES[self._role] in EXPECTED[label][1]

    def _ask(self, label: str, mode: GenerationMode, things: Things) -> None:
        @hypothesis.seed(self._random.getrandbits(32))
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None,
                  phases=[Phase.generate])  # fmt: skip
        @given(data=st.data())
        def asked(data: st.DataObject) -> None:
            case = data.draw(OPERATIONS[label].as_strategy(generation_mode=mode))
            ground(case, things, data)
            self._judge(label, case)

        with suppress(Unsatisfiable):  # there is nothing wrong that could be sent
            asked()

    def _judge(self, label: str, case: schemathesis.Case) -> None:
        """Send a case and keep what is wrong with its answer: hypothesis would send it again, to a port that has changed."""
        answer = self._loop.run(sent(self._crowd.clients[0], case, self._crowd.keys[self._role]))
        self.answered[answer.status_code] += 1
        try:
            hold(case, answer)
        except (AssertionError, FailureGroup) as wrong:
            lines = [line for line in str(wrong).splitlines() if line.strip()]
            shown = f"{case.as_curl_command()}\n{answer.status_code} {answer.text[:2000]}\n{wrong}"
            self.found.setdefault((label, lines[0] if answer.status_code < 500 else str(answer.status_code)), shown)


def ground(case: schemathesis.Case, things: Things, data: st.DataObject) -> None:
    """Let a case name things that there are, meet the version that they have, and ask for more than it would by chance."""
    for name in case.path_parameters or {}:
        if things.get(name) and data.draw(st.booleans()):
            case.path_parameters[name] = data.draw(st.sampled_from(things[name]))
    if any(each.lower() == "if-match" for each in case.headers or {}) and data.draw(st.booleans()):
        case.headers["if-match"] = "*"
    content = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    example = content.get(case.media_type or "", {}).get("example")
    if isinstance(example, dict) and isinstance(case.body, dict) and data.draw(st.booleans()):
        made_up: dict[str, Any] = {name: case.body[name] for name in case.body if data.draw(st.booleans())}
        case.body = {**example, **made_up}


def fuzz(role: str, minutes: float, seed: int) -> int:
    """Fuzz an installation of its own; print what was found; give how much that is."""
    with tempfile.TemporaryDirectory() as home, asyncio.Runner() as loop:
        keyfile.make(Path(home, "signing-keys.json"))
        installation = Installation(Path(home))
        try:
            api = installation.api(SLOTWAY_SIGNING_KEYS=str(Path(home, "signing-keys.json")), SLOTWAY_LOG_LEVEL="error")
            loop.run(api.reads(200, within_s=30))
            crowd = installation.crowd([api])
            loop.run(crowd.sql("UPDATE organisations SET rate_per_s = NULL"))
            drill = Fuzz(crowd, role, loop, seed)
            drill.run(time.monotonic() + 60 * minutes)
            broken = loop.run(crowd.broken())
            told = [json.loads(line) for line in api.log.read_text().splitlines() if line.startswith("{")]
        finally:
            loop.run(installation.close())
    for (label, wrong), shown in drill.found.items():
        raised = [each["exception"] for each in told if each.get("request_id", "-") in shown and "exception" in each]
        sys.stdout.write("\n".join(["", f"{label}: {wrong}", shown, *raised, ""]))
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(drill.answered.items()))
    sys.stdout.write(f"{role}, seed {seed}: answered {counts}; {len(drill.found)} wrong; broken: {broken}\n")
    return len(drill.found) + len(broken)


def main(arguments: Sequence[str]) -> int:
    """Read what is wanted; give 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.fuzz", description=__doc__)
    parser.add_argument("--role", choices=sorted(ROLES), required=True)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32), help="to ask the same again")
    wanted = parser.parse_args(arguments)
    return min(1, fuzz(wanted.role, wanted.minutes, wanted.seed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

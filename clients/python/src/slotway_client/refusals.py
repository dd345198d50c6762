"""What is raised instead of an answer."""

from typing import Any

import httpx

from slotway_client.calls import Call


class SlotwayError(Exception):
    """The service did not do what was asked, or it is not known whether it did.

    `idempotency_key` is the one that was sent: with it the same request can be repeated later, and is done once.
    """

    idempotency_key: str | None = None


class Unanswered(SlotwayError):
    """No answer came, as often as it was tried. The request may have been done all the same."""

    def __init__(self, call: Call, tries: int) -> None:
        super().__init__(f"{call.method} {call.path} was not answered (tries: {tries})")
        self.idempotency_key = call.idempotency_key


class Refused(SlotwayError):
    """The service said no: decide by `code`, show `detail` to people, quote `request_id` when you ask for help.

    `problem` is all that it said (RFC 9457). What is no problem of the service, such as the page of a proxy, has the
    code `http-<status>`.
    """

    def __init__(self, status: int, problem: dict[str, Any], idempotency_key: str | None = None) -> None:
        self.status = status
        self.problem = problem
        self.idempotency_key = idempotency_key
        self.code: str = problem.get("code", f"http-{status}")
        self.detail: str = problem.get("detail", "")
        self.request_id: str | None = problem.get("request_id")
        self.errors: list[dict[str, Any]] = problem.get("errors", [])
        self.alternatives: list[dict[str, Any]] = problem.get("alternatives", [])
        super().__init__(status, problem, idempotency_key)

    def __str__(self) -> str:
        """Give one line for a log."""
        faults = "".join(f"; {each.get('pointer')}: {each.get('message')}" for each in self.errors)
        return f"{self.status} {self.code}: {self.detail}{faults} ({self.request_id})"


class SlotTaken(Refused):
    """The place has gone, or is closed: `alternatives` are slots that were free a moment ago; send one as a leg."""


class Changed(Refused):
    """The thing, or the plan, is no longer as you have read it: read it again, then decide anew."""


def refusal(call: Call, answer: httpx.Response) -> Refused:
    """Give what an answer that is no success says."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"detail": answer.text[:500]}
    kind: type[Refused] = SlotTaken if "alternatives" in problem else Refused
    if answer.status_code == httpx.codes.PRECONDITION_FAILED:
        kind = Changed
    return kind(answer.status_code, problem, call.idempotency_key)

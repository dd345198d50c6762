"""What the routes that make and change things have in common: what is wished for, and the answer with its ETag."""

import json
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Path, Request, Response
from pydantic import BaseModel
from pydantic_core import to_json

from service import auth, changes
from service.database import PlaceBusy
from service.errors import Refusal
from service.events.operations import Answer
from service.ports.operations import consequences
from service.ports.operations.consequences import OnConflict, Policy
from service.ports.operations.editing import Through
from service.ports.operations.refusals import CodeElsewhere, CodeTaken, PlaceChanged, PlaceRetired
from service.ports.routes.planned import ripple
from service.ports.schemas.places import Consequences

MAKING: tuple[type[Refusal], ...] = (CodeTaken, *changes.REFUSALS, *auth.REFUSALS)
MAKING_WITHIN: tuple[type[Refusal], ...] = (CodeElsewhere, PlaceRetired, PlaceBusy, *MAKING)
CHANGING: tuple[type[Refusal], ...] = (
    PlaceRetired,
    PlaceChanged,
    PlaceBusy,
    changes.VersionMissing,
    *changes.REFUSALS,
    *auth.REFUSALS,
)
RIPPLING: tuple[type[Refusal], ...] = (*consequences.REFUSALS, *CHANGING)

Code = Annotated[str, Path(examples=["PKGWD-MPT"])]


def made(answer: Answer, change: changes.Change) -> Response:
    """Give what was made, with its address and its ETag."""
    where = f"{change.request.url.path}/{json.loads(answer.body)['code']}"
    headers = {"ETag": _tag(json.loads(answer.body)), "Location": where}
    return changes.answered(answer, HTTPStatus.OK if change.rehearsal else HTTPStatus.CREATED, headers)


def changed(answer: Answer) -> Response:
    """Give what has become of something, with its new ETag."""
    return changes.answered(answer, headers={"ETag": _tag(json.loads(answer.body))})


def shown(thing: BaseModel) -> Response:
    """Give something with its ETag. It is never answered 304: limits that are over leave the answer by themselves."""
    tag = _tag(thing.model_dump(include={"version", "rules_version"}))
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    return Response(to_json(thing), headers=headers, media_type="application/json")


def _tag(thing: Mapping[str, Any]) -> str:
    """Give the ETag of a place, or of a facility: the version that an If-Match is compared with."""
    return f'"{thing["rules_version"] if "rules_version" in thing else thing["version"]}"'


def wanted(body: BaseModel) -> dict[str, Any]:
    """Give what a change says shall be different; null where it says so."""
    return body.model_dump(mode="json", exclude_unset=True, exclude=set(Consequences.model_fields))


def described(body: BaseModel) -> dict[str, Any]:
    """Give what is said of a new thing; null only where its terms say so."""
    said = body.model_dump(mode="json", exclude_none=True)
    return said | body.model_dump(mode="json", exclude_unset=True, include={"terms"})


def through(request: Request, change: changes.Change, body: Consequences, thing: dict[str, str]) -> Through:
    """Give how a change goes through the ripple: as its body says, and only as a preview in a rehearsal."""
    policy = Policy(
        on_conflict=OnConflict(body.on_conflict),
        reason=body.reason or "",
        tolerance=body.tolerance or timedelta(0),
        plan=body.plan,
        rehearsal=change.rehearsal,
        alteration=json.dumps(thing | wanted(body), sort_keys=True),
        cause=thing,
    )
    return Through(ripple(request), policy)

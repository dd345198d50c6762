"""The REST face of partner groups: for whom the operator of a facility keeps capacity."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic_core import to_json, to_jsonable_python

from service import auth, changes
from service.answers import conditional
from service.database import PlaceBusy
from service.events.operations import Answer
from service.ids import is_id
from service.intake import StrictRoute
from service.paging import CursorDoesNotFit, CursorMalformed, Listed, Paging, fits
from service.ports.operations.partners import (
    GroupChange,
    PartnerGroupChanged,
    PartnerGroupNameTaken,
    PartnerGroupNotFound,
    PartnerUnknown,
    change_group,
    make_group,
)
from service.ports.operations.refusals import FacilityNotFound
from service.ports.queries import partners
from service.ports.queries.partners import Group
from service.ports.schemas.notices import Code
from service.ports.schemas.partners import NewPartnerGroup, PartnerGroup, PartnerGroupChange
from service.problems import problems

router = APIRouter(route_class=StrictRoute, tags=["partners"])


# Async, though it waits for nothing: what is not goes to a thread, which costs more than all that is done here.
async def _known_id(group_id: Annotated[str, Path(examples=["pgr_01kb3v7x9ef6wvq0m8y3k2n5ra"])]) -> str:
    if not is_id("pgr", group_id):
        raise PartnerGroupNotFound
    return group_id


GroupId = Annotated[str, Depends(_known_id)]


@router.post(
    "/v1/partner-groups",
    status_code=201,
    response_model=PartnerGroup,
    responses=problems(FacilityNotFound, PartnerUnknown, PartnerGroupNameTaken, *changes.REFUSALS, *auth.REFUSALS),
)
async def make(by: auth.PlaceOperator, change: changes.Asked, body: NewPartnerGroup) -> Response:
    """Make a partner group of your terminal or free zone: forwarders for whom you keep quay or floor.

    Keep something for it with `/v1/berth-windows` and `/v1/allotments`.
    """
    answer = await change.once(
        lambda tx: make_group(tx, body.facility, body.name, body.organisations, _shown, by=by), body, by=by
    )
    return _answered(answer, 200 if change.rehearsal else 201)


@router.patch(
    "/v1/partner-groups/{group_id}",
    response_model=PartnerGroup,
    responses=problems(
        PartnerGroupNotFound, PartnerUnknown, PartnerGroupNameTaken, PartnerGroupChanged, changes.VersionMissing,
        PlaceBusy, *changes.REFUSALS, *auth.REFUSALS,
    ),
)  # fmt: skip
async def alter(
    by: auth.PlaceOperator,
    group_id: GroupId,
    change: changes.Asked,
    version: changes.IfMatchRequired,
    body: PartnerGroupChange,
) -> Response:
    """Change the name of a group, or who is in it; `organisations` are all of them, and may be none.

    Who is in it from now on draws on what is kept for it, at once; what those who leave have booked stands.
    """
    said = body.model_dump(exclude_unset=True)
    wanted = GroupChange(group_id, version, said.get("name"), said.get("organisations"))
    answer = await change.once(lambda tx: change_group(tx, wanted, _shown, by=by), body, by=by)
    return _answered(answer)


@router.get(
    "/v1/partner-groups/{group_id}",
    response_model=PartnerGroup,
    responses=problems(PartnerGroupNotFound, *auth.REFUSALS),
)
async def one(by: auth.PlaceReader, group_id: GroupId, request: Request) -> Response:
    """Give a partner group of your facilities, or one that you are in: then of its members only yourself."""
    group = await changes.database(request).read(partners.group, group_id, by)
    if group is None:
        raise PartnerGroupNotFound
    return conditional(request, to_json(PartnerGroup.of(group)), f'"{group.version}"')


@router.get("/v1/partner-groups", responses=problems(CursorMalformed, CursorDoesNotFit, *auth.REFUSALS))
async def listed(
    by: auth.PlaceReader,
    page: Paging,
    request: Request,
    facility: Annotated[Code | None, Query(description="only this terminal's or free zone's")] = None,
) -> Listed[PartnerGroup]:
    """List the partner groups of your facilities, and those that you are in, the newest first."""
    fit = fits("/v1/partner-groups", {"facility": facility}, by.organisation_id)
    last = page.after(fit, str)
    rows = await changes.database(request).read(
        partners.groups, by, facility=facility, before=str(last[0]) if last else None, limit=page.limit + 1
    )
    shown, following = page.cut(rows, fit, key=lambda row: (row.id,))
    return Listed(items=[PartnerGroup.of(each) for each in shown], next=following)


def _answered(answer: Answer, status: int = 200) -> Response:
    headers = {"ETag": f'"{json.loads(answer.body)["version"]}"'}
    return changes.answered(answer, status, headers)


def _shown(group: Group) -> dict[str, Any]:
    shown: dict[str, Any] = to_jsonable_python(PartnerGroup.of(group))
    return shown

"""What routes need that change rules of places: who knows the bookings, and the plan that the client has seen."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from service.ports.operations.consequences import Ripple

_PLAN = re.compile(r'"([0-9a-f]{32})"|([0-9a-f]{32})')
_Declared = Annotated[
    str | None, Header(description="the `plan` of the answer with `validate_only=true`; `*`: whatever it touches")
]


def ripple(request: Request) -> Ripple:
    """Give what does to bookings what a change of rules asks for."""
    found: Ripple = request.app.state.ripple
    return found


async def _plan(if_match: _Declared = None) -> str | None:
    """Give the plan that an If-Match names, `*` for any, None for none; what is no plan of ours fits none."""
    if if_match is None or if_match.strip() == "*":
        return if_match and if_match.strip()
    tag = _PLAN.fullmatch(if_match.strip())
    return (tag[1] or tag[2]) if tag else ""


DeclaredPlan = Annotated[str | None, Depends(_plan)]

"""The pages under `/problems/`: each refusal, as its own docstring explains it, for a person or as JSON."""

from html import escape
from inspect import cleandoc

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from service.errors import NotFound, Refusal, every_refusal
from service.intake import StrictRoute
from service.pages import page, wants_html
from service.problems import problems, status_of

router = APIRouter(route_class=StrictRoute, tags=["problems"])


class NoSuchProblem(NotFound):
    """There is no problem type of this name.

    Look it up in the list at `/problems/`; types are in kebab-case.
    """


class ProblemType(BaseModel):
    """A problem type: its code, the status it comes with, its title, and what to do about it."""

    type: str = Field(examples=["/problems/slot-taken"])
    code: str = Field(examples=["slot-taken"])
    status: int = Field(examples=[409])
    title: str = Field(examples=["The stretch of quay has been taken for that time."])
    advice: str = Field(
        examples=["`alternatives` are slots that were free a moment ago; each can be sent back as a leg as it stands."]
    )


def explained(refusal: type[Refusal]) -> ProblemType:
    """Give the page of a refusal, from its docstring."""
    title, _, advice = cleandoc(refusal.__doc__ or "").partition("\n")
    code = refusal.code()
    address = f"/problems/{code}"
    return ProblemType(type=address, code=code, status=status_of(refusal), title=title, advice=advice.strip())


def types() -> list[ProblemType]:
    """Give every problem type of the service, by its code."""
    return sorted((explained(each) for each in every_refusal()), key=lambda each: each.code)


@router.get("/problems", include_in_schema=False)
@router.get("/problems/", response_model=list[ProblemType])
async def problem_types(request: Request) -> Response:
    """List every type of problem that this service answers with."""
    found = types()
    if wants_html(request):
        return page("Problems", "<p>Every refusal of this service, by its code.</p>" + "".join(map(_row, found)))
    return JSONResponse([each.model_dump() for each in found])


@router.get("/problems/{code}", response_model=ProblemType, responses=problems(NoSuchProblem))
async def problem_type(code: str, request: Request) -> Response:
    """Say what a type of problem means and what to do about it."""
    found = next((each for each in types() if each.code == code), None)
    if found is None:
        raise NoSuchProblem
    if wants_html(request):
        return page(found.title, _whole(found))
    return JSONResponse(found.model_dump())


def _row(each: ProblemType) -> str:
    code = escape(each.code)
    heading = f'<h2><a href="/problems/{code}">{code}</a> <small>{each.status}</small></h2>'
    return f"<section>{heading}<p>{escape(each.title)}</p></section>"


def _whole(each: ProblemType) -> str:
    paragraphs = "".join(f"<p>{_text(part)}</p>" for part in each.advice.split("\n\n"))
    named = f"<p><code>{escape(each.code)}</code> · status {each.status}</p>"
    return f'{named}{paragraphs}<p><a href="/problems/">All problems</a></p>'


def _text(part: str) -> str:
    """Give a paragraph with what is in backquotes as code."""
    pieces = escape(part).split("`")
    return "".join(f"<code>{piece}</code>" if number % 2 else piece for number, piece in enumerate(pieces))

"""Pages for people: what Slotway is and where to go, and its API to read. No script, font or picture from elsewhere."""

from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from service import __doc__ as says
from service import __version__
from service.intake import StrictRoute

router = APIRouter(route_class=StrictRoute, include_in_schema=False)


def _asset(name: str) -> str:
    return files("service").joinpath("assets", name).read_text("utf-8")


STYLE, SCRIPT, ICON, FRONT = _asset("page.css"), _asset("docs.js"), _asset("icon.svg"), _asset("front.html")


def _pinned(text: str) -> str:
    """Give the source expression by which a content security policy lets exactly this text in."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_POLICY = (
    f"default-src 'none'; style-src {_pinned(STYLE)}; script-src {_pinned(SCRIPT)}; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Slotway</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<style>{style}</style>
</head>
<body>
<header><a href="/">Slotway</a> <nav><a href="/docs">API</a> <a href="/problems/">Problems</a></nav></header>
<main><h1>{title}</h1>
{body}</main>
{script}</body>
</html>
"""


def page(title: str, body: str, script: str = "") -> Response:
    """Give a page of the house: `title` is text, `body` is HTML whose variable parts are escaped already."""
    code = f"<script>{script}</script>\n" if script else ""
    html = _PAGE.format(title=escape(title), style=STYLE, body=body, script=code)
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY, "Vary": "Accept"})


def wants_html(request: Request) -> bool:
    """Say whether a person's browser asks: programs say `*/*` or JSON, browsers name HTML."""
    return "text/html" in request.headers.get("accept", "")


@router.get("/")
async def front(request: Request) -> Response:
    """Say what this is and where to go."""
    if wants_html(request):
        here = escape(str(request.base_url).rstrip("/"))
        return page("Berths and floor space, booked all or none", FRONT.replace("{here}", here))
    links = {
        "docs": "/docs",
        "openapi": "/openapi.json",
        "ports": "/v1/ports",
        "problems": "/problems/",
        "ready": "/readyz",
    }
    return JSONResponse({"name": "Slotway", "version": __version__, "about": says, "links": links})


@router.get("/docs")
async def docs() -> Response:
    """Show the OpenAPI document to a person, without anything from the internet."""
    return page("The API", '<div id="api"><p>Reading <a href="/openapi.json">/openapi.json</a> …</p></div>', SCRIPT)


@router.get("/favicon.svg")
@router.get("/favicon.ico")
async def icon() -> Response:
    """Give the icon: browsers ask for it at the second address whatever a page says."""
    return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

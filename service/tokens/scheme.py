"""How the OpenAPI document says that whatever takes an API key takes an access token too."""

from typing import Any

from fastapi import FastAPI

from service.auth import SCOPES

NAME = "oauth2"


def describe(app: FastAPI) -> None:
    """Put the second security scheme into the document, and beside the first one on each operation."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        document = generated()
        schemes = document["components"].setdefault("securitySchemes", {})
        if NAME not in schemes:
            schemes[NAME] = _scheme()
            for path in document["paths"].values():
                for operation in path.values():
                    if "security" in operation:
                        operation["security"] += [
                            {NAME: scopes} for each in operation["security"] for scopes in each.values()
                        ]
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _scheme() -> dict[str, Any]:
    scopes = sorted(set().union(*SCOPES.values()))
    named = {scope: " ".join(reversed(scope.split(":"))) for scope in scopes}  # `bookings:read` is to read bookings
    flow = {"tokenUrl": "/oauth/token", "scopes": named}
    return {
        "type": "oauth2",
        "description": "An access token, made with an API key: its id is the client's, the key itself its secret.",
        "flows": {"clientCredentials": flow},
    }

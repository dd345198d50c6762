"""What is answered about tokens: names and shapes are those of the standards."""

from typing import Any

from pydantic import BaseModel, Field

# FastAPI's own forms need a further library, and take parameters that come twice.
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "title": "TokenRequest",
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "examples": ["client_credentials"]},
                        "scope": {
                            "type": "string",
                            "description": "scopes of the key, with spaces between them; left out: all",
                            "examples": ["slots:read bookings:read"],
                        },
                        "client_id": {
                            "type": "string",
                            "description": "id of an API key, unless it is sent with HTTP Basic",
                            "examples": ["key_01kb3v7x9ef6wvq0m8y3k2n5ra"],
                        },
                        "client_secret": {"type": "string", "description": "the API key itself, `psk_...`"},
                    },
                }
            }
        },
    }
}


class Token(BaseModel):
    """An access token (RFC 6749, 5.1). Send it as `Authorization: Bearer ...`."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105  a name of RFC 6750
    expires_in: int = Field(description="seconds")
    scope: str = Field(description="what it may be used for", examples=["bookings:read slots:read"])


class PublicKey(BaseModel):
    """The public half of a key that tokens are signed with (RFC 7517, RFC 7518 6.2)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    alg: str
    use: str


class PublicKeys(BaseModel):
    """A JWK set: the keys by which tokens of this installation are verified; none if it makes no tokens."""

    keys: list[PublicKey]


class AuthorizationServer(BaseModel):
    """Authorization server metadata (RFC 8414, 2)."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    scopes_supported: list[str]
    service_documentation: str

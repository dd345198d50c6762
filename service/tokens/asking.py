"""What is asked at `/oauth/token`: a form (RFC 6749, 4.4.2), and who says that he asks (RFC 6749, 2.3.1)."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_plus

from service.tokens.rules import ClientUnknown, GrantTypeUnsupported, TokenRequestMalformed

GRANT = "client_credentials"
MOST_BYTES = 8192
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for a token: the client as it names itself, and the scopes it wants; None: all that there are."""

    client_id: str
    secret: str = field(repr=False)
    scopes: frozenset[str] | None


def asked(body: bytes, *, content_type: str, authorization: str | None) -> TokenRequest:
    """Give what is asked. TokenRequestMalformed, GrantTypeUnsupported, ClientUnknown.

    Parameters without a value are as good as left out, and unknown ones are ignored (RFC 6749, 3.2).
    """
    if content_type.partition(";")[0].strip().lower() != _FORM:
        raise TokenRequestMalformed(f"The body is not declared as {_FORM}.")
    form = _form(body)
    if (grant := form.get("grant_type")) is None:
        raise TokenRequestMalformed("The parameter grant_type is missing.")
    if grant != GRANT:
        raise GrantTypeUnsupported
    client_id, secret = _client(form, authorization)
    scope = form.get("scope")
    return TokenRequest(client_id, secret, None if scope is None else frozenset(scope.split()))


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise TokenRequestMalformed("The body is not a form of at most 20 parameters in UTF-8.") from None
    if len({name for name, _ in fields}) < len(fields):
        raise TokenRequestMalformed("A parameter is given twice.")
    return {name: value for name, value in fields if value}


def _client(form: Mapping[str, str], authorization: str | None) -> tuple[str, str]:
    """Give the client's id and secret, from the one place where they are."""
    if authorization is None:
        return _whole(form.get("client_id"), form.get("client_secret"))
    client_id, secret = _basic(authorization)
    if "client_secret" in form or form.get("client_id", client_id) != client_id:
        raise TokenRequestMalformed("The client names itself twice, in the header and in the body.")
    return client_id, secret


def _basic(authorization: str) -> tuple[str, str]:
    """Give what HTTP Basic says; both parts are form-encoded before they are joined (RFC 6749, 2.3.1)."""
    scheme, _, said = authorization.partition(" ")
    try:
        pair = b64decode(said.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        pair = ""
    client_id, _, secret = pair.partition(":")
    return _whole(unquote_plus(client_id), unquote_plus(secret))


def _whole(client_id: str | None, secret: str | None) -> tuple[str, str]:
    if not client_id or not secret:
        raise ClientUnknown("The client does not say who it is: client_id and client_secret are needed.")
    return client_id, secret

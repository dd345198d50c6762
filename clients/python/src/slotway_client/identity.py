"""Who asks: a key as it is, or the short-lived tokens that it gets."""

import time
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress

import httpx

VERSION = "0.1.0"
AGENT = {"User-Agent": f"slotway-client/{VERSION}"}
_MARGIN_S = 30.0  # a token is renewed so much before it expires: requests take time

Flow = Generator[httpx.Request, httpx.Response, None]


class Key(httpx.Auth):
    """An API key, sent as it is."""

    def __init__(self, key: str) -> None:
        self._header = f"Bearer {key}"

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Put the key into a request."""
        request.headers["Authorization"] = self._header
        yield request


class ClientCredentials(httpx.Auth):
    """Access tokens in place of the key itself (OAuth 2.0 client credentials), renewed before they expire.

    token_url: where they are had, `https://.../oauth/token`. key_id, key: an API key, `key_...` and `psk_...`.
    """

    def __init__(self, token_url: str, key_id: str, key: str) -> None:
        self._url = token_url
        self._form = {"grant_type": "client_credentials", "client_id": key_id, "client_secret": key}
        self._token, self._good_until = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Put a token into a request; if it is not taken, a new one. Where none is to be had, that is the answer."""
        for refused in (False, True):
            if refused or time.monotonic() >= self._good_until:
                given = yield httpx.Request("POST", self._url, data=self._form)
                if not given.is_success:
                    return
                said = given.json()
                self._token, self._good_until = said["access_token"], time.monotonic() + said["expires_in"] - _MARGIN_S
            request.headers["Authorization"] = f"Bearer {self._token}"
            if (yield request).status_code != httpx.codes.UNAUTHORIZED:
                return

    # httpx would read every answer if it were told to read one, and a stream has no end.
    def sync_auth_flow(self, request: httpx.Request) -> Flow:
        """Read the answers that bring tokens, and no others."""
        flow = self.auth_flow(request)
        asked = next(flow)
        with suppress(StopIteration):
            while True:
                answer = yield asked
                if asked is not request:
                    answer.read()
                asked = flow.send(answer)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Read the answers that bring tokens, and no others."""
        flow = self.auth_flow(request)
        asked = next(flow)
        with suppress(StopIteration):
            while True:
                answer = yield asked
                if asked is not request:
                    await answer.aread()
                asked = flow.send(answer)


def identity(key: str | httpx.Auth) -> httpx.Auth:
    """Give how to identify oneself with a key, or as it was chosen."""
    return Key(key) if isinstance(key, str) else key

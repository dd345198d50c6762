"""Who asks."""

from collections.abc import Generator

import httpx

VERSION = "0.1.0"
AGENT = {"User-Agent": f"slotway-client/{VERSION}"}


class Key(httpx.Auth):
    """An API key, sent as it is."""

    def __init__(self, key: str) -> None:
        self._header = f"Bearer {key}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put the key into a request."""
        request.headers["Authorization"] = self._header
        yield request


def identity(key: str | httpx.Auth) -> httpx.Auth:
    """Give how to identify oneself with a key, or as it was chosen."""
    return Key(key) if isinstance(key, str) else key

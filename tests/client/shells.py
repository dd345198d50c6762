"""Both clients under one face, so that each test is written once: calls are awaited if need be, items collected."""

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from slotway_client import AsyncSlotway, Retries, Slotway

QUICK = Retries(first_wait_s=0.05)


class Shell:
    """One of the two clients. What it is asked blocks only the test: the service runs beside it."""

    def __init__(self, client: Slotway | AsyncSlotway) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        asked = getattr(self.client, name)

        async def ask(*args: Any, **kwargs: Any) -> Any:
            given = asked(*args, **kwargs)
            return await given if inspect.isawaitable(given) else given

        return ask

    async def items(self, name: str, *args: Any, most: int | None = None, **kwargs: Any) -> list[Any]:
        """Give the items that an iterator of the client yields, no more than `most`."""
        found: list[Any] = []
        iterator = getattr(self.client, name)(*args, **kwargs)
        while most is None or len(found) < most:
            try:
                found.append(await anext(iterator) if hasattr(iterator, "__anext__") else next(iterator))
            except (StopIteration, StopAsyncIteration):
                break
        if hasattr(iterator, "aclose"):
            await iterator.aclose()
        else:
            iterator.close()
        return found


class Shells:
    """Clients of one kind at an address."""

    def __init__(self, kind: str, stack: AsyncExitStack, address: str, keys: dict[str, str]) -> None:
        self.kind, self.address, self._stack, self._keys = kind, address, stack, keys

    async def __call__(self, who: str = "forwarder", *, at: str | None = None, retries: Retries = QUICK) -> Shell:
        url, key = at or self.address, self._keys.get(who, who)
        if self.kind == "sync":
            return Shell(self._stack.enter_context(Slotway(url, key, retries=retries, trust_env=False)))
        asynchronous = AsyncSlotway(url, key, retries=retries, trust_env=False)
        return Shell(await self._stack.enter_async_context(asynchronous))


@asynccontextmanager
async def shells_of(kind: str, address: str, keys: dict[str, str]) -> AsyncIterator[Shells]:
    async with AsyncExitStack() as stack:
        yield Shells(kind, stack, address, keys)

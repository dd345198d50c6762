"""One asyncpg pool, and the three ways to use it: read, write, and a single statement that is its own transaction.

The type a function takes is what it may do: `Read` can only look, `Tx` is inside a transaction that commits when the
call returns. A constraint that refuses becomes the refusal registered for its name; a database that is away becomes
`DatabaseAway`, never a 500.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import asyncpg
from sqlalchemy import MetaData, Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from service.errors import Conflict, Refusal, Unavailable

P = ParamSpec("P")
R = TypeVar("R")

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_by_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

STALE_RULES = "PS001"  # raised by the guard in capacity/guard.sql: a place's rules have moved since they were read
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # a database that takes no connections just now
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_ATTEMPTS = 4
_TURN_S = 10  # a crowd waits for its turn; a database that is away is noticed when connecting


class DatabaseAway(Unavailable):
    """The database can't be reached just now, or does not answer in time.

    Nothing is known to be lost. Send the same request again after the time in `Retry-After`; a request with an
    Idempotency-Key takes effect once, however often it is sent.
    """


class PlaceBusy(Conflict):
    """Too many others are changing the same place at this moment.

    The change waited two seconds for its turn and was not made. Send the same request again after `Retry-After`.
    """


class Read(Protocol):
    """A connection that may only look."""

    async def fetch(self, query: str, *args: object) -> list[Any]: ...  # noqa: D102
    async def fetchrow(self, query: str, *args: object) -> Any: ...  # noqa: D102
    async def fetchval(self, query: str, *args: object) -> Any: ...  # noqa: D102


class Tx(Read, Protocol):
    """A connection inside a transaction; it commits when the operation that was given it returns."""

    async def execute(self, query: str, *args: object) -> str: ...  # noqa: D102


class Statement(Read, Protocol):
    """A connection for one statement that is a transaction of its own."""


class Db:
    """The database, as the rest of the service sees it."""

    def __init__(self, pool: "asyncpg.Pool[Any]", size: int, refusals: Mapping[str, Callable[[], Refusal]]) -> None:
        self._pool = pool
        self._refusals = refusals
        # Writers that queue for one busy place must leave connections to those who only look, readiness among them.
        self._writing = asyncio.Semaphore(max(1, size - 2))

    async def read(self, query: Callable[Concatenate[Read, P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a query function on a connection of the pool."""
        try:
            return await self._run(query, args, kwargs, nullcontext)
        except (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError) as late:
            raise DatabaseAway(retry_after=2) from late

    async def write(
        self, operation: Callable[Concatenate[Tx, P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run an operation in one transaction that has committed when this returns.

        A serialization failure or a deadlock is tried again, up to four times in all.
        """
        return await self._take_turn(operation, args, kwargs, _committed)

    async def rehearse(
        self, operation: Callable[Concatenate[Tx, P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run an operation as `write` does, and undo it."""
        return await self._take_turn(operation, args, kwargs, _undone)

    async def call(
        self, statement: Callable[Concatenate[Statement, P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run one statement that writes and is its own transaction: one round trip."""
        return await self._take_turn(statement, args, kwargs, nullcontext)

    async def _take_turn(
        self, function: Callable[..., Awaitable[R]], args: Any, kwargs: Any, around: Callable[[Any], Any]
    ) -> R:
        """Run what writes. Whoever has waited too long, for one lock or for several, is told what was busy."""
        try:
            async with self._writing:
                return await self._run(function, args, kwargs, around)
        except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as waited:
            raise self._named(waited.context or "", PlaceBusy(retry_after=1)) from None

    async def _run(
        self, function: Callable[..., Awaitable[R]], args: Any, kwargs: Any, around: Callable[[Any], Any]
    ) -> R:
        for attempt in range(_ATTEMPTS):
            try:
                async with self._pool.acquire(timeout=_TURN_S) as connection:
                    return await _within(around, connection, function, args, kwargs)
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
                if attempt == _ATTEMPTS - 1:
                    raise PlaceBusy(retry_after=1) from None
            except asyncpg.LockNotAvailableError:
                raise
            except asyncpg.IntegrityConstraintViolationError as violated:
                raise self._named(violated.constraint_name or "", violated) from None
            except _AWAY as away:
                raise DatabaseAway(retry_after=2) from away
        raise AssertionError

    def _named(self, name: str, otherwise: Exception) -> Exception:
        """Give the refusal registered for a constraint, or for a function in which a lock was waited for in vain."""
        return next((refusal() for known, refusal in self._refusals.items() if known in name), otherwise)

    async def close(self) -> None:
        """Finish what is running and let the connections go; what has not ended after five seconds is cut off."""
        try:
            await asyncio.wait_for(self._pool.close(), timeout=5)
        except TimeoutError:
            self._pool.terminate()


async def _within(
    around: Callable[[Any], Any], connection: Any, function: Callable[..., Awaitable[R]], args: Any, kwargs: Any
) -> R:
    """Run a function inside of a transaction or of nothing, which has ended when this returns.

    A connection that gave no answer in time is dropped: to roll back, or to give it back, would wait as long again.
    """
    try:
        async with around(connection):
            try:
                return await function(connection, *args, **kwargs)
            except TimeoutError:
                connection.terminate()
                raise
    except TimeoutError:
        connection.terminate()
        raise


def _committed(connection: Any) -> Any:
    return connection.transaction()


@asynccontextmanager
async def _undone(connection: Any) -> AsyncIterator[None]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


async def _keep_session(_: object) -> None:
    """Skip asyncpg's reset on release, a round trip each time: no operation here leaves session state behind."""


async def connect(url: str, *, size: int, refusals: Mapping[str, Callable[[], Refusal]]) -> Db:
    """Give the database behind a URL. Connects when first used, so that the service starts while it is away."""
    pool = await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        max_inactive_connection_lifetime=60,
        reset=_keep_session,
        timeout=1.5,
        command_timeout=5,
        server_settings={
            "application_name": "slotway",
            "timezone": "UTC",
            "jit": "off",
            # A plan made while a table is empty reads it whole, and is kept while the table grows.
            "enable_seqscan": "off",
            "default_transaction_isolation": "read committed",
            # The first in a queue for a row waits twice, for its turn and for the row: more than two lock timeouts.
            "lock_timeout": "2s",
            "statement_timeout": "4500ms",
            "idle_in_transaction_session_timeout": "30s",
        },
    )
    return Db(cast("asyncpg.Pool[Any]", pool), size, refusals)


_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]


def compiled(query: Select[Any]) -> tuple[str, list[object]]:
    """Give a Core select as SQL text with numbered parameters, and their values in order."""
    statement = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return str(statement), [statement.params[name] for name in statement.positiontup or ()]

"""Every SQL statement in the code is prepared against the migrated database: a renamed column is found before a user finds it."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest

import service
from service import clock
from service.auth import KINDS
from service.bookings import queries as bookings
from service.bookings.rules import State
from service.customs.queries import bookings as customs
from service.events import queries as events
from service.timetables import queries as timetables
from service.webhooks.queries import deliveries
from service.webhooks.queries.deliveries import Filters

ROOT = Path(service.__file__).parent
ASKING = {"fetch", "fetchrow", "fetchval", "execute", "executemany", "cursor", "prepare"}


class Site(NamedTuple):
    """Where a statement is given to a connection: its module, its function, and the expression that gives the text."""

    module: str
    function: str
    text: ast.expr


def sites() -> Iterator[Site]:
    for path in sorted(ROOT.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in ASKING:
                        yield Site(module, function.name, call.args[0])


def text_of(site: Site) -> str | None:
    """Give a statement that is put together from constants of its module; None if it depends on arguments."""
    names = vars(importlib.import_module(site.module))
    try:
        text = eval(compile(ast.Expression(site.text), site.module, "eval"), names)
    except NameError:
        return None
    assert isinstance(text, str)
    return text


def put_together_later() -> set[tuple[str, str]]:
    return {(site.module, site.function) for site in sites() if text_of(site) is None}


class Recorder:
    """A connection that only notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[object, ...]]] = []

    async def fetch(self, text: str, *values: object) -> list[Any]:
        self.asked.append((text, values))
        return []

    async def fetchrow(self, text: str, *values: object) -> None:
        self.asked.append((text, values))

    async def fetchval(self, text: str, *values: object) -> None:
        self.asked.append((text, values))


def principals():
    facts: dict[str, Any] = {
        "organisation_id": "org_1",
        "name": "x",
        "rate_per_s": None,
        "scopes": frozenset(),
        "key_id": "key_1",
    }
    for role, kind in KINDS.items():
        yield kind(role=role, facilities=frozenset({"PKGWD-GMT"}), **facts)


async def ask_for_lists(recorder: Recorder, by: Any) -> None:
    now = clock.now()
    for order in bookings.ORDERS.values():
        for after in (None, (7,) if order.column is None else (now, 7)):
            await bookings.listed(recorder, by, bookings.Filters(), order, after=after, limit=5)
    full = bookings.Filters(
        (State.HELD, State.EXPIRED), "PKGWD", "PKGWD-GMT", "PKGWD-MPT", "star", "REF", "GD-1", (now, None), now
    )
    for filters in (full, bookings.Filters(window=(now, now)), bookings.Filters(vessel="9074729")):
        await bookings.listed(recorder, by, filters, bookings.ORDERS["newest"], after=(7,), limit=5)


async def ask_for_timetables(recorder: Recorder, by: Any) -> None:
    for kind, code in (("quay", "PKGWD-MPT"), ("warehouse", "PKGWD-FZS-W1")):
        for reader in (by, replace(by, scopes=frozenset({"bookings:read"}))):
            asked = timetables.Asked(kind, code, clock.now(), clock.now(), reader)
            await timetables.glance(recorder, asked)
            await timetables.ledger(recorder, asked)


async def ask_for_customs(recorder: Recorder, _: Any) -> None:
    for reference in ((), ("GD-1", "GD", None)):
        for since in (None, clock.now()):
            sought = replace(customs.Sought(*reference), changed_since=since)
            await customs.sought(recorder, sought, after=7, limit=5)


async def ask_for_references(recorder: Recorder, by: Any) -> None:
    await customs.references_of(recorder, by, "bkg_1")


async def ask_for_deliveries(recorder: Recorder, _by: Any) -> None:
    now = clock.now()
    for filters in (Filters(), Filters("waiting"), Filters("delivered", "evt_1", "booking.held", now, now)):
        await deliveries.logged(recorder, "whe_1", filters, after=0, limit=5)


DRIVEN = {
    ("service.bookings.queries.lists", "listed"): ask_for_lists,
    ("service.bookings.queries.lists", "one"): lambda recorder, by: bookings.one(recorder, by, "bkg_1"),
    ("service.bookings.queries.history", "history"): lambda recorder, by: bookings.history(
        recorder, by, "bkg_1", after=0, limit=5
    ),
    ("service.customs.queries.bookings", "sought"): ask_for_customs,
    ("service.customs.queries.bookings", "references_of"): ask_for_references,
    ("service.timetables.queries", "glance"): ask_for_timetables,
    ("service.timetables.queries", "ledger"): ask_for_timetables,
    ("service.webhooks.queries.deliveries", "logged"): ask_for_deliveries,
    ("service.events.queries", "visible"): lambda recorder, by: events.visible(recorder, by, after=0, limit=5),
}


@pytest.fixture
async def connection(url):
    opened = await asyncpg.connect(url)
    yield opened
    await opened.close()


async def test_every_statement_can_be_prepared_against_the_migrated_database(connection):
    texts = [(site, text) for site in sites() if (text := text_of(site)) is not None]
    wrong = {}
    for site, text in texts:
        try:
            await connection.prepare(text)
        except asyncpg.PostgresError as error:
            wrong[site.module, site.function] = str(error)
    assert wrong == {}
    assert len(texts) > 50


async def test_every_statement_that_depends_on_arguments_is_asked_for_each_kind_of_principal_and_runs(connection):
    assert put_together_later() == DRIVEN.keys()
    for drive in DRIVEN.values():
        for by in principals():
            recorder = Recorder()
            await drive(recorder, by)
            assert recorder.asked
            for text, values in recorder.asked:
                await connection.fetch(text, *values)

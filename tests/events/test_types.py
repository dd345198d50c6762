"""The table of event types is what the service writes: none is missing, none is dead, and every one has a line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import service
from service.bookings.rules import State
from service.customs.rules import CustomsState
from service.events.types import TYPES
from tests.telling import strange_events

ROOT = Path(service.__file__).parent
TABLE = ROOT / "events" / "types.py"
WORD = r"[a-z]+(?:-[a-z]+)*"
# Of all dotted texts in the source those are types that begin as one does, or are put together and end as one does. A type
# of an altogether new kind is found by the fixture `url`, which holds what a test made the service write against the table.
BEGINNING = "|".join(sorted({name.partition(".")[0] for name in TYPES}))
ENDING = "|".join(sorted({name.partition(".")[2] for name in TYPES}))
LITERAL = re.compile(rf"(?:{BEGINNING})\.(?!(?:sql|py)$){WORD}")
COMPOSITION = re.compile(rf"'{WORD}\.' \|\|.*|(?:{BEGINNING})\.\{{[\w.]+\}}|\{{[\w.()]+\}}\.(?:{ENDING}|\{{verb\}})")
KINDS, FACILITIES = ("quay", "berth", "warehouse"), ("terminal", "free-zone")
# Types that are put together where they are written, as that is written there, and what may come of it.
COMPOSED: dict[str, set[str]] = {
    # A state that comes with a word of its own is never written so: `no_show` and what happens to a leg.
    "booking.{state}": {f"booking.{each}" for each in State} & set(TYPES),
    "'booking.' || made.state": {"booking.held", "booking.pending", "booking.confirmed"},
    "'customs.' || replace(lower(c.state), '_', '-')": {
        f"customs.{each.lower().replace('_', '-')}" for each in CustomsState
    },
    "{event_word(kind)}.created": {f"{each}.created" for each in FACILITIES},
    "{event_word(kind)}.changed": {f"{each}.changed" for each in FACILITIES},
    "{event_word(kind)}.retired": {f"{each}.retired" for each in FACILITIES},
    "{kind.name}.created": {f"{each}.created" for each in KINDS},
    "{kind.name}.{verb}": {f"{each}.{verb}" for each in KINDS for verb in ("changed", "retired")},
    "{of.name}.retired": {f"{each}.retired" for each in KINDS},
}


def written_in_python() -> Iterator[str]:
    """Yield every text of the form of a type, and every text put together around a dot, as it is written."""
    for path in sorted(ROOT.rglob("*.py")):
        if path != TABLE:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
                if isinstance(node, ast.JoinedStr):
                    yield ast.unparse(node)[2:-1]


def written_in_sql() -> Iterator[str]:
    for path in sorted(ROOT.rglob("*.sql")):
        text = re.sub(r"--.*", "", path.read_text())
        yield from re.findall(rf"'({WORD}\.{WORD})'", text)
        yield from re.findall(rf"'{WORD}\.' \|\| (?:\w+\((?:[^()]|\([^()]*\))*\)|[\w.]+)", text)


def test_the_table_has_every_type_that_the_source_writes_and_no_other():
    written = {*written_in_python(), *written_in_sql()}
    literal = {each for each in written if LITERAL.fullmatch(each)}
    put_together = {each for each in written if COMPOSITION.fullmatch(each)}
    assert put_together == COMPOSED.keys()
    assert literal | set().union(*COMPOSED.values()) == TYPES.keys()


def test_every_type_has_a_sentence_of_its_own_and_is_named_by_its_kind():
    assert len({each.meaning for each in TYPES.values()}) == len(TYPES)
    for name, each in TYPES.items():
        assert name == each.name
        assert each.kind in (name.partition(".")[0], name.replace(".", "-"))
        assert each.meaning.endswith(".")
        assert "\n" not in each.meaning


async def test_what_the_service_writes_is_held_against_what_is_promised_when_a_test_has_ended(crowd):
    assert await strange_events(crowd.url) == []
    for wrong, told in (
        ("UPDATE events SET type = 'key.vanished' WHERE id = (SELECT min(id) FROM events)", "key.vanished"),
        ("UPDATE events SET type = 'port.opened' WHERE type = 'key.vanished'", "port.opened data/current"),
    ):
        await crowd.sql(wrong)
        assert any(each.startswith(told) for each in await strange_events(crowd.url))
    await crowd.sql("DELETE FROM events WHERE type = 'port.opened'")
    assert await strange_events(crowd.url) == []

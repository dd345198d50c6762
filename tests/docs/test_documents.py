"""The documents are complete and agree with the code: links, words, codes, settings, metrics, jobs, queries."""

import importlib
import inspect
import pkgutil
import re
import types

import asyncpg
import pytest
from prometheus_client import REGISTRY

import service
from service import auth, availability, problem_pages, telemetry
from service.errors import Refusal
from service.problems import InternalError
from service.settings import Settings
from service.worker import JOBS
from tests.crowd import INVARIANTS
from tests.docs.walking import ROOT

FOLDERS = (ROOT / "docs", ROOT / "clients", ROOT / "examples")
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in folder.rglob("*.md"))],
    key=lambda page: page.relative_to(ROOT).as_posix(),
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
USERS = [
    "docs/forwarders.md", "docs/operators.md", "docs/operators-capacity.md", "docs/customs.md", "docs/webhooks.md", "docs/tokens.md",
]  # fmt: skip
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()

for _module in pkgutil.walk_packages(service.__path__, "service."):
    if _module.name != "service.__main__":
        importlib.import_module(_module.name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page):
    links = [link for link in LINK.findall(FENCE.sub("", page.read_text())) if "://" not in link]
    assert [link for link in links if not leads_somewhere(page, link)] == []


def leads_somewhere(page, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    return not anchor or anchor in {slug(heading) for heading in HEADING.findall(FENCE.sub("", target.read_text()))}


def slug(heading: str) -> str:
    """The anchor that a heading gets where Markdown is shown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def test_every_decision_is_in_the_list_under_its_own_title():
    folder = ROOT / "docs" / "decisions"
    listed = dict(re.findall(r"^\| \[\d+\]\((\S+)\) \| (.*?) \|$", (folder / "README.md").read_text(), re.MULTILINE))
    titles = {page.name: re.sub(r"^# \d+[.:] ", "", page.read_text().splitlines()[0]) for page in folder.glob("0*.md")}
    assert listed == titles


def test_a_link_that_leads_nowhere_is_told_apart():
    readme = ROOT / "README.md"
    assert leads_somewhere(readme, "docs/glossary.md#bookings")
    assert not leads_somewhere(readme, "docs/glossary.md#no-such-heading")
    assert not leads_somewhere(readme, "docs/no-such-page.md")


def test_every_public_class_of_the_domain_is_in_the_glossary():
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    words = domain_classes()
    assert {"Quay", "Place", "State", "Forwarder"} <= words
    assert sorted(word for word in words if f"`{word}`" not in glossary) == []


def domain_classes() -> set[str]:
    """The engine's public classes, and those of the principals and of each concept's rules that are no refusals."""
    concepts = [each.name for each in pkgutil.iter_modules(service.__path__) if each.ispkg]
    names = [f"service.{each}.rules" for each in concepts if each != "availability"]
    rules = [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]
    engine = {name for name in availability.__all__ if inspect.isclass(getattr(availability, name))}
    return engine.union(*(defined_in(module) for module in [auth, *rules]))


def defined_in(module: types.ModuleType) -> set[str]:
    return {
        name
        for name, each in vars(module).items()
        if inspect.isclass(each)
        and each.__module__ == module.__name__
        and not name.startswith("_")
        and not issubclass(each, Refusal)
    }


def test_every_refusal_has_a_page_that_says_what_to_do():
    assert [each.code for each in problem_pages.types() if not (each.title.endswith(".") and each.advice)] == []


@pytest.mark.parametrize("page", USERS)
def test_the_refusals_on_a_users_page_exist_and_have_the_status_it_says(page):
    rows = re.findall(r"^\| ([\d, ]+) \| (.*?) \|", (ROOT / page).read_text(), re.MULTILINE)
    told = {code: statuses for statuses, codes in rows for code in re.findall(r"`([a-z-]+)`", codes)}
    known = {each.code: str(each.status) for each in problem_pages.types()}
    assert len(told) >= 5
    assert {code: statuses for code, statuses in told.items() if known.get(code, "none") not in statuses} == {}


def test_the_operations_page_knows_the_problems_that_alarms_are_made_of():
    codes = set(re.findall(r"(?:\d{3}|429) `([a-z-]+)`", OPERATIONS))
    assert InternalError.code() in codes
    assert codes <= {each.code for each in problem_pages.types()}


def test_the_operations_page_has_every_setting_with_its_default():
    rows = dict(re.findall(r"^\| `((?:SLOTWAY|DATABASE)_\w+)` \| (.*?) \|", OPERATIONS, re.MULTILINE))
    settings = {
        str(field.validation_alias or f"SLOTWAY_{name.upper()}"): "none"
        if field.is_required()
        else f"`{field.default}`"
        for name, field in Settings.model_fields.items()
    }
    assert rows == settings


async def test_the_operations_page_has_the_timeouts_that_a_connection_of_the_service_has(db):
    told = dict(re.findall(r"`(\w+_timeout)` ([\d.]+) s", OPERATIONS))
    assert {"lock_timeout", "statement_timeout"} <= told.keys()

    async def in_force(read):
        query = "SELECT name, setting FROM pg_settings WHERE name = ANY ($1)"
        return {row["name"]: int(row["setting"]) / 1000 for row in await read.fetch(query, list(told))}

    assert await db.read(in_force) == {name: float(seconds) for name, seconds in told.items()}


def test_the_operations_page_has_every_metric():
    assert telemetry.REQUESTS in set(REGISTRY._names_to_collectors.values())
    metrics = {each.name for each in REGISTRY.collect() if each.name.startswith("slotway_")}
    assert sorted(name for name in metrics if f"`{name}" not in OPERATIONS) == []


def test_the_operations_page_has_every_job_with_its_beat():
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| ([\d.]+) s \|", OPERATIONS, re.MULTILINE))
    assert {name: float(beat) for name, beat in rows.items()} == {job.name: job.every_s for job in JOBS}


def test_the_invariants_of_the_operations_page_are_those_that_the_races_are_held_to():
    told = {flat(query) for query in queries()}
    assert sorted(name for name, query in INVARIANTS.items() if flat(query) not in told) == []


async def test_every_query_of_the_operations_page_runs_on_the_migrated_database(url):
    connection = await asyncpg.connect(url)
    try:
        ran = [await connection.fetch(query) for query in queries()]
    finally:
        await connection.close()
    assert len(ran) > len(INVARIANTS)


def queries() -> list[str]:
    blocks = re.findall(r"^```sql\n(.*?)^```$", OPERATIONS, re.DOTALL | re.MULTILINE)
    statements = re.sub(r"--.*$", "", "\n".join(blocks), flags=re.MULTILINE).split(";")
    return [each.strip() for each in statements if each.strip()]


def flat(query: str) -> str:
    return re.sub(r"\s+", " ", query).strip()

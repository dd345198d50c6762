"""What the pages tell to type is typed, against a real service; what they show is what it answers."""

import json
import shutil

import pytest

from service.tokens import keyfile
from tests.docs.walking import Step, differences, steps, unlike, walked
from tests.serving import served

FIRST = "README.md"
GO_ON = [
    "docs/forwarders.md", "docs/forwarders-following.md", "docs/operators.md", "docs/operators-capacity.md",
    "docs/operators-opening.md", "docs/customs.md", "docs/webhooks.md", "docs/tokens.md",
]  # fmt: skip
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="the pages use curl, which is not installed")


@pytest.fixture
def folder(url, keys, tmp_path):
    """A folder like a checkout in which `run.py` has started the service: `.data/demo.json` and an address that works."""
    signing_keys = tmp_path / ".data" / "signing-keys.json"
    keyfile.make(signing_keys)
    settings = {
        "SLOTWAY_SIGNING_KEYS": str(signing_keys),
        "SLOTWAY_WEBHOOKS_INSECURE": "true",
        "SLOTWAY_CUSTOMS_VOCABULARIES": '{"weboc": "examples/customs/weboc.toml"}',
    }
    with served(url, **settings) as address:
        (tmp_path / ".data" / "demo.json").write_text(json.dumps({"url": address, "keys": keys}))
        yield tmp_path


@needs_curl
def test_the_first_booking_of_the_readme_works_as_printed(folder):
    walk = steps(FIRST)
    assert [step.kind for step in walk] == ["", "json", "json", "json", "json", "json"]
    assert found_wrong(walk, folder) == []


@needs_curl
@pytest.mark.parametrize("page", GO_ON)
def test_each_users_page_goes_on_from_there_and_works_as_printed(folder, page):
    walk = steps(page)
    assert any(step.kind for step in walk)
    assert found_wrong([*steps(FIRST), *walk], folder) == []


def found_wrong(walk: list[Step], folder) -> list[str]:
    return [wrong for step, said in zip(walk, walked(walk, folder), strict=True) for wrong in differences(step, said)]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ('{"state": "held"}', {"state": "confirmed"}),
        ('{"state": "held"}', {"state": "held", "version": 1}),
        ('{"state": "held", ...}', {"version": 1}),
        ("[1, ..., 3]", [1, 2]),
        ('{"start": "2026-12-01T06:00:00Z"}', {"start": "2026-12-01T07:00:00Z"}),
        ('{"id": "bkg_01m8..."}', {"id": "leg_01m8v7x9ef6wvq0m8y3k2n5ra0"}),
        ('{"id": "bkg_01m8..."}', {"id": "bkg_13"}),
        ('{"id": "evt_13"}', {"id": "evt_01kb3v7x9ef6wvq0m8y3k2n5ra"}),
        ('{"message": "A draught of ... m"}', {"message": "A beam of 30 m"}),
    ],
)
def test_an_answer_that_is_not_as_shown_is_told_apart(shown, said):
    assert differences(Step("page", "", "json", shown), json.dumps(said)) != []


def test_of_an_id_only_the_form_has_to_be_as_shown():
    shown = Step("page", "", "json", '{"id": "evt_01m8..."}')
    assert differences(shown, '{"id": "evt_01kb3v7x9ef6wvq0m8y3k2n5ra"}') == []


def test_an_answer_may_have_more_only_where_the_page_says_so():
    assert list(unlike({"a": 1, "...": "..."}, {"a": 1, "b": 2}, "page")) == []

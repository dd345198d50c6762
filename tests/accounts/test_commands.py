"""The command line: keys for a machine where nobody has one yet, and the demonstration's file."""

import asyncio
import json
import stat
import subprocess
import sys

import pytest

from service.accounts import demo, operations, queries
from service.accounts.keyring import Keyring
from service.database import Db


@pytest.fixture
def run(url):
    def service(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            env={"DATABASE_URL": url, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return service


async def test_a_key_made_on_the_command_line_works_until_it_is_revoked_there(run, db: Db):
    made = await asyncio.to_thread(
        run, "key", "create", "--organisation", "Gwadar Port", "--role", "operator", "--facility", "PKGWD-GMT"
    )
    assert made.returncode == 0, made.stderr
    by = await Keyring(db, environment="test", believe_s=0).holder(made.stdout.strip())
    assert (by.role, by.facilities) == ("operator", {"PKGWD-GMT"})
    listed = await asyncio.to_thread(run, "key", "list")
    assert by.key_id in listed.stdout
    assert made.stdout.strip() not in listed.stdout
    revoked = await asyncio.to_thread(run, "key", "revoke", by.key_id)
    assert "is revoked" in revoked.stdout


async def test_a_refusal_ends_the_command_with_its_sentence(run):
    refused = await asyncio.to_thread(run, "key", "create", "--organisation", "Nobody Yet")
    assert refused.returncode == 1
    assert refused.stderr.startswith("organisation-not-found: ")


async def test_the_demonstration_is_for_test_installations_only(run, tmp_path):
    refused = await asyncio.to_thread(run, "seed", "--demo", str(tmp_path / "demo.json"), SLOTWAY_ENVIRONMENT="live")
    assert refused.returncode == 1
    assert not (tmp_path / "demo.json").exists()


async def test_the_demonstration_leaves_keys_that_work_for_its_owner_alone(run, db: Db, tmp_path):
    file = tmp_path / "demo.json"
    done = await asyncio.to_thread(run, "seed", "--demo", str(file), "--url", "http://127.0.0.1:8000")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = json.loads(file.read_text())
    assert content["url"] == "http://127.0.0.1:8000"
    known = Keyring(db, environment="test", believe_s=0)
    roles = {short: (await known.holder(key)).role for short, key in content["keys"].items()}
    assert roles == {
        "forwarder": "forwarder", "rival": "forwarder", "operator_pkkhi": "operator", "operator_pkgwd": "operator",
        "customs": "customs", "admin": "admin",
    }  # fmt: skip


async def test_keys_that_still_work_are_kept_and_only_the_address_is_new(db: Db, tmp_path):
    file = tmp_path / "demo.json"
    await demo.equip(db, file, url="http://old")
    before = json.loads(file.read_text())["keys"]
    await demo.equip(db, file, url="http://new")
    assert json.loads(file.read_text()) == {"url": "http://new", "keys": before}


async def test_when_the_file_is_lost_the_old_keys_die_and_new_ones_are_made(db: Db, tmp_path):
    file = tmp_path / "demo.json"
    await demo.equip(db, file, url="http://here")
    lost = json.loads(file.read_text())["keys"]
    file.unlink()
    await demo.equip(db, file, url="http://here")
    found = json.loads(file.read_text())["keys"]
    assert not set(lost.values()) & set(found.values())
    assert not await db.read(demo.all_work, lost)
    assert await db.read(demo.all_work, found)


@pytest.mark.parametrize("content", ["", "[]", '{"keys": []}', '{"keys": {"forwarder": "psk_test_x"}}'])
async def test_a_spoilt_file_is_replaced(db: Db, tmp_path, content):
    file = tmp_path / "demo.json"
    file.write_text(content)
    await demo.equip(db, file, url="http://here")
    assert await db.read(demo.all_work, json.loads(file.read_text())["keys"])


async def test_one_dead_key_makes_all_anew(db: Db, tmp_path):
    file = tmp_path / "demo.json"
    await demo.equip(db, file, url="http://here")
    keys = json.loads(file.read_text())["keys"]
    owner = await db.read(queries.organisation_named, demo.NAMES["rival"][0])
    ((key_id, _),) = await db.read(queries.live_keys_of, owner.id)
    await db.write(operations.revoke_key, key_id, within=None)
    await demo.equip(db, file, url="http://here")
    assert json.loads(file.read_text())["keys"].keys() == keys.keys()
    assert await db.read(demo.all_work, json.loads(file.read_text())["keys"])


async def test_keys_that_an_earlier_release_made_with_fewer_scopes_are_made_anew(db: Db, tmp_path):
    file = tmp_path / "demo.json"
    await demo.equip(db, file, url="http://here")
    old = json.loads(file.read_text())["keys"]
    assert await db.read(demo.all_work, old)
    await db.write(forget_a_scope)
    assert not await db.read(demo.all_work, old)
    await demo.equip(db, file, url="http://here")
    assert await db.read(demo.all_work, json.loads(file.read_text())["keys"])


async def forget_a_scope(tx) -> None:
    await tx.execute("UPDATE api_keys SET scopes = array_remove(scopes, 'webhooks:read')")


async def test_two_first_starts_at_once_leave_one_set_of_organisations(db: Db, tmp_path):
    await asyncio.gather(*(demo.equip(db, tmp_path / name, url="http://here") for name in ("a", "b")))
    for name, _, _ in demo.NAMES.values():
        owner = await db.read(queries.organisation_named, name)
        assert len(await db.read(queries.live_keys_of, owner.id)) == 1

"""The signing keys in their file: made, rotated and read, whatever happens to the file meanwhile."""

import asyncio
import json
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from service.app import create_app
from service.tokens import keyfile, signing
from service.tokens.rules import LIFE_S
from service.tokens.signing import SigningKeys
from tests.conftest import settings_for
from tests.tokens.asking import PORTS, bearing, token_of
from tests.tokens.forging import decoded

NOW = 1_800_000_000.0
LONG_ENOUGH = LIFE_S + keyfile.MARGIN_S


def names(file) -> list[str]:
    return [str(key.kid) for key in keyfile.read(file)]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys" / "signing.json"


@pytest.fixture(autouse=True)
def _at_every_question(monkeypatch):
    """The file is looked at whenever somebody asks, not once a second: no test has to wait."""
    monkeypatch.setattr(signing, "LOOK_EVERY_S", 0)


def test_the_first_file_has_one_key_and_is_for_its_owner_alone(file):
    assert keyfile.make(file)
    assert len(names(file)) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    before = file.read_bytes()
    assert not keyfile.make(file)
    assert file.read_bytes() == before


def test_a_rotation_puts_a_new_key_first_and_keeps_the_former_one_for_as_long_as_its_tokens_live(file):
    keyfile.make(file)
    (first,) = names(file)
    second, *rest = keyfile.rotate(file, at=NOW)
    assert rest == [first]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert names(file) == [second, first]
    third, *rest = keyfile.rotate(file, at=NOW + LONG_ENOUGH - 1)
    assert rest == [second, first]
    fourth, *rest = keyfile.rotate(file, at=NOW + LONG_ENOUGH)
    assert rest == [third, second], "the first one's last token has died"
    assert len({first, second, third, fourth}) == 4


def test_a_rotation_makes_the_file_if_there_is_none(file):
    assert keyfile.rotate(file, at=NOW) == names(file)


def test_of_many_rotations_at_once_none_loses_the_key_of_another(file):
    keyfile.make(file)
    first = names(file)
    with ThreadPoolExecutor(8) as pool:
        made = {each[0] for each in pool.map(lambda _: keyfile.rotate(file, at=NOW), range(8))}
    assert set(names(file)) == made | set(first)
    assert [*file.parent.iterdir()] == [file], "no draft is left behind"


BROKEN = {
    "empty": "",
    "no JSON": '{"keys": [',
    "no set": "[]",
    "no keys": '{"keys": []}',
    "no key": '{"keys": [1]}',
    "no name": '{"keys": [{"kty": "EC"}]}',
    "a symmetric key": '{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}',
    "no curve point": '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA", "kid": "a"}]}',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_not_read_not_rotated_and_not_told(file, text, capsys):
    keyfile.make(file)
    keys = SigningKeys(file)
    before = keys.all()
    file.write_text(text)
    assert keys.all() == before
    with pytest.raises(keyfile.KeysUnreadable):
        keyfile.rotate(file, at=NOW)
    assert file.read_text() == text
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "signing keys not read" in line]
    assert "c2VjcmV0" not in line
    assert keys.all() == before, "and it is told once"


def test_a_public_key_can_not_sign_and_two_keys_of_one_name_are_none(file):
    keyfile.make(file)
    (key,) = keyfile.read(file)
    for keys in ([keyfile.public(key)], [key.as_dict(private=True)] * 2):
        file.write_text(json.dumps({"keys": keys}))
        with pytest.raises(keyfile.KeysUnreadable):
            keyfile.read(file)


def test_a_file_that_goes_away_leaves_the_keys_and_one_that_comes_back_is_read(file):
    keyfile.make(file)
    keys = SigningKeys(file)
    first = names(file)
    assert [key.kid for key in keys.all()] == first
    file.unlink()
    assert [key.kid for key in keys.all()] == first
    keyfile.make(file)
    assert [key.kid for key in keys.all()] == names(file) != first


def test_a_file_that_comes_late_is_noticed(file):
    keys = SigningKeys(file)
    assert keys.all() == ()
    keyfile.make(file)
    assert len(keys.all()) == 1


def test_a_key_that_is_missing_is_looked_for_at_once(file, monkeypatch):
    monkeypatch.setattr(signing, "LOOK_EVERY_S", 3600)
    keyfile.make(file)
    keys = SigningKeys(file)
    assert len(keys.all()) == 1
    new = keyfile.rotate(file, at=NOW)[0]
    assert len(keys.all()) == 1, "it is not time to look again"
    assert keys.of(new) is not None
    assert keys.of("nobody's") is None


async def test_after_a_rotation_new_tokens_are_signed_anew_and_the_former_ones_go_on(client, keys, signing_keys):
    before = await token_of(client, keys["forwarder"])
    new = keyfile.rotate(signing_keys, at=time.time())[0]
    after = await token_of(client, keys["forwarder"])
    assert decoded(after.split(".")[0])["kid"] == new != decoded(before.split(".")[0])["kid"]
    for token in (before, after):
        assert (await client.get(PORTS, headers=bearing(token))).status_code == 200
    shown = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert [each["kid"] for each in shown] == names(signing_keys)
    assert "retires_at" not in str(shown)


async def test_a_token_dies_when_the_key_that_signed_it_is_taken_out_even_if_it_is_remembered(
    client, keys, signing_keys
):
    token = await token_of(client, keys["forwarder"])
    assert (await client.get(PORTS, headers=bearing(token))).status_code == 200
    signing_keys.unlink()
    keyfile.make(signing_keys)
    answer = await client.get(PORTS, headers=bearing(token))
    assert (answer.status_code, answer.json()["code"]) == (401, "token-invalid")


async def test_two_processes_with_one_file_believe_each_other_s_tokens_throughout_rotations(
    client, url, keys, signing_keys, monkeypatch
):
    monkeypatch.setattr(signing, "LOOK_EVERY_S", 1)
    other = create_app(settings_for(url, signing_keys=signing_keys))
    transport = httpx.ASGITransport(other)
    async with (
        other.router.lifespan_context(other),
        httpx.AsyncClient(transport=transport, base_url="http://other.test") as elsewhere,
    ):
        for _ in range(4):
            keyfile.rotate(signing_keys, at=time.time())
            for maker, reader in ((client, elsewhere), (elsewhere, client)):
                token = await token_of(maker, keys["forwarder"])
                assert (await reader.get(PORTS, headers=bearing(token))).status_code == 200
            await asyncio.sleep(0.4)


@pytest.fixture
def run():
    def service(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "service", "signing-keys", *arguments],
            env={"DATABASE_URL": "postgresql:///nowhere", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return service


def test_the_commands_make_and_rotate_the_file_and_show_no_key(run, file):
    setting = {"SLOTWAY_SIGNING_KEYS": str(file)}
    said = [run(each, **setting) for each in ("make", "make", "rotate")]
    assert [each.returncode for each in said] == [0, 0, 0], said
    new, former = names(file)
    assert "is there already" in said[1].stdout
    assert (f"{new} signs" in said[2].stdout, f"{former} verifies" in said[2].stdout) == (True, True)
    for key in json.loads(file.read_text())["keys"]:
        assert key["d"] not in str(said)


def test_the_commands_say_what_is_in_the_way(run, file, tmp_path):
    assert "SLOTWAY_SIGNING_KEYS names no file" in run("rotate").stderr
    file.parent.mkdir()
    file.write_text("{}")
    refused = run("rotate", SLOTWAY_SIGNING_KEYS=str(file))
    assert (refused.returncode, file.read_text()) == (1, "{}")
    assert "is left as it is" in refused.stderr
    (tmp_path / "wall").write_text("")
    assert "can't be written" in run("make", SLOTWAY_SIGNING_KEYS=str(tmp_path / "wall" / "keys.json")).stderr

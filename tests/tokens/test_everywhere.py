"""Whatever takes a key takes a token: every operation of the document, asked with one, and with one that lacks the scope."""

from service.auth import SCOPES
from tests.contract.operations import operations
from tests.contract.test_roles import EXPECTED, ROLE_OF, ask, lacking, refused
from tests.tokens.asking import bearing, made_key, token_of


async def test_every_operation_takes_a_token_of_a_key_that_it_takes_and_says_the_same(app, client, keys):
    tokens = {role: await token_of(client, keys[who]) for who, role in ROLE_OF.items()}
    by_role = {role: keys[who] for who, role in ROLE_OF.items()}
    asked = 0
    for operation in operations(app, under="/v1"):
        for role in EXPECTED[str(operation)][1]:
            with_token = await ask(client, operation, tokens[role])
            assert with_token.status_code not in (401, 403, 500), (str(operation), role, with_token.text)
            if operation.method == "GET":
                with_key = await ask(client, operation, by_role[role])
                assert with_token.status_code == with_key.status_code, (str(operation), role)
            asked += 1
    assert asked > 100


async def test_every_operation_names_the_scope_that_a_token_lacks(app, client, keys):
    every = list(operations(app, under="/v1"))
    for who, role in ROLE_OF.items():
        for missing, several in lacking(every, role).items():
            narrow = await token_of(client, keys[who], scope=" ".join(SCOPES[role] - {missing}))
            for operation in several:
                said = refused(await ask(client, operation, narrow), 403)
                assert (said["code"], said["scope"]) == ("scope-missing", missing), (str(operation), role)


async def test_every_operation_refuses_a_token_whose_key_was_revoked(app, client, keys):
    made = await made_key(client, keys["admin"])
    token = await token_of(client, made["key"])
    await client.post(f"/v1/keys/{made['id']}/revoke", headers=bearing(keys["admin"]))
    for operation in operations(app, under="/v1"):
        assert refused(await ask(client, operation, token), 401)["code"] == "key-revoked", str(operation)

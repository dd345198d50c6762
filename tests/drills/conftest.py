"""One installation for all drills of a file; each drill leaves its PostgreSQL running."""

from collections.abc import AsyncIterator

import pytest

from tests.drills.installation import Installation


@pytest.fixture(scope="module")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("drill"))
    yield made
    await made.close()

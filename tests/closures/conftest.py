import pytest

from tests.closures.closing import Port


@pytest.fixture
def port(client, keys) -> Port:
    return Port(client, keys)

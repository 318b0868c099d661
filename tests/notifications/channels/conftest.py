"""A phone network for all tests of a file; each begins without faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notifications.channels.network import Network, phone_network


@pytest.fixture(scope="module")
def running_network(tmp_path_factory) -> Iterator[Network]:
    with phone_network(tmp_path_factory.mktemp("texts")) as network:
        yield network


@pytest.fixture
def network(running_network: Network) -> Network:
    running_network.plan(slow_seconds=2.0)
    return running_network
